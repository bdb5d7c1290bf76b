import { eventSeries, recentEvents } from '@duet/experiments';
import { titlesOf } from '#data/datasets/datasets.ts';
import { database } from '#data/services.ts';
import type { LiveEvents } from '#event-types.ts';

const shown = 8;

/** The last hour's events by minute of arrival, and the newest with their arms and a dataset's items by name. */
export async function liveEvents(datasetId: string): Promise<LiveEvents> {
  const db = await database();
  const [series, recent] = await Promise.all([eventSeries(db), recentEvents(db, { limit: shown })]);
  const ids = (values: (string | null)[]) => [...new Set(values.filter((value) => value !== null))];
  const [arms, titles] = await Promise.all([
    db.prisma.arm.findMany({
      where: { id: { in: ids(recent.map(({ armId }) => armId)) } },
      select: { id: true, name: true },
    }),
    titlesOf(datasetId, ids(recent.map(({ itemId }) => itemId))),
  ]);
  return {
    minutes: series.map(({ from, counts }) => ({ from: from.toISOString(), ...counts })),
    recent: recent.map(
      ({ eventId, type, receivedAt, userId, itemId, armId, placement, position, valueMinor, currency }) => ({
        eventId,
        type,
        at: receivedAt.toISOString(),
        userId,
        item: (itemId && titles.get(itemId)) || itemId || '',
        arm: arms.find(({ id }) => id === armId)?.name ?? '',
        placement,
        position,
        valueMinor,
        currency,
      }),
    ),
  };
}
