import { eventSeries, recentEvents } from '@duet/experiments';
import type { LiveEvents } from '#event-types.ts';
import { database } from './services.ts';

const shown = 8;

/** The last hour's events by minute of arrival, and the newest with their items and arms by name. */
export async function liveEvents(): Promise<LiveEvents> {
  const db = await database();
  const [series, recent] = await Promise.all([eventSeries(db), recentEvents(db, { limit: shown })]);
  const ids = (values: (string | null)[]) => [...new Set(values.filter((value) => value !== null))];
  const [arms, items] = await Promise.all([
    db.prisma.arm.findMany({
      where: { id: { in: ids(recent.map(({ armId }) => armId)) } },
      select: { id: true, name: true },
    }),
    // The dataset of a storefront's events is the one that is served; ids that two datasets share show the newer's title.
    db.prisma.item.findMany({
      where: { externalId: { in: ids(recent.map(({ itemId }) => itemId)) } },
      orderBy: { id: 'asc' },
      select: { externalId: true, title: true },
    }),
  ]);
  const titles = new Map(items.map(({ externalId, title }) => [externalId, title]));
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
