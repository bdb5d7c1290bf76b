import type { EventInput } from '../events/event-schema.ts';
import { layout, type Measure, measures } from '../metrics/measures.ts';
import type { RollupBasis } from '../rollup/rollup-basis.ts';

/** An event as it is stored: with the moment at which it arrived. */
export type StoredEvent = EventInput & { receivedAt: string };

interface OnePass {
  usersInTwoArms: number;
  excludedUsers: number;
  lateEvents: number;
  /** Day → arm → users, sums and products, of all or of one segment. */
  days: Record<string, Record<string, { users: number; sums: Record<string, number>; products: number[] }>>;
}

const hourMs = 3_600_000;
const time = (event: StoredEvent) => Date.parse(event.occurredAt);
const dayOf = (event: StoredEvent) => new Date(time(event)).toISOString().slice(0, 10);
const sum = (events: readonly StoredEvent[], of: (event: StoredEvent) => number) =>
  events.reduce((total, event) => total + of(event), 0);
const value = (event: StoredEvent) => event.valueMinor ?? 0;

/**
 * What an experiment's sums must be, counted the slow way: every definition of the metrics as a sentence over a user's
 * whole list of events, once per user and day. The reference that rollups are held to.
 */
export function onePass(
  basis: RollupBasis,
  events: readonly StoredEvent[],
  categoryOf: (itemId: string | undefined) => string | undefined,
  segment?: { dimension: string; value: string },
): OnePass {
  const answer: OnePass = { usersInTwoArms: 0, excludedUsers: 0, lateEvents: 0, days: {} };
  const counted: { armId: string; firstDay: string; at: (day: string) => Record<Measure, number> }[] = [];
  for (const [userId, all] of Map.groupBy(events, (event) => event.userId)) {
    const userEvents = all.filter((e) => !['order', 'refund'].includes(e.type) || e.currency === basis.currency);
    const late = (e: StoredEvent) => Date.parse(e.receivedAt) - time(e) > basis.lateHours * hourMs;
    const isExposure = (e: StoredEvent) =>
      e.type === 'impression' &&
      e.experimentId === basis.experimentId &&
      time(e) >= basis.phaseStartedAt.getTime() &&
      !basis.retiredArms.includes(e.armId!);
    if (!userEvents.some(isExposure)) continue;
    const perDay = [...Map.groupBy(userEvents, dayOf).values()].map((sameDay) => sameDay.length);
    const machine = userEvents.some((e) => e.device === 'bot') || Math.max(...perDay) > basis.maxEventsPerDay;
    if (machine || basis.excludedUsers.includes(userId)) {
      answer.excludedUsers++;
      continue;
    }
    answer.lateEvents += userEvents.filter((e) => late(e) && (isExposure(e) || e.type !== 'impression')).length;
    const timely = userEvents
      .filter((e) => !late(e))
      .sort((a, b) => time(a) - time(b) || (a.eventId < b.eventId ? -1 : 1));
    const exposures = timely.filter(isExposure);
    if (exposures.length === 0) continue;
    if (new Set(exposures.map((e) => e.armId)).size > 1) {
      answer.usersInTwoArms++;
      continue;
    }
    const first = exposures[0]!;
    const before = timely.filter((e) => time(e) < time(first) && time(e) >= time(first) - 28 * 24 * hourMs);
    const visitor = before.some((e) => dayOf(e) < dayOf(first)) ? 'returning' : 'new';

    /** Whether an event is within a window after the exposure that it is credited to. */
    const within = (e: StoredEvent, windowHours: number, sameItem: boolean) => {
      const earlier = exposures.filter((x) => time(x) <= time(e) && (!sameItem || x.itemId === e.itemId));
      const touched = basis.touch === 'last' ? earlier.at(-1) : earlier[0];
      return touched !== undefined && time(e) - time(touched) <= windowHours * hourMs;
    };
    const orderIdOf = (e: StoredEvent) => e.orderId ?? e.eventId.toLowerCase();
    const lines = timely.filter(
      (e) => e.type === 'order' && within(e, basis.orderWindowDays * 24, basis.orderAttribution === 'item'),
    );
    const credited = timely.filter((e) => {
      if (e.type === 'impression') return isExposure(e);
      if (e.type === 'click' || e.type === 'cart') return within(e, basis.clickWindowHours, true);
      if (e.type === 'order') return lines.includes(e);
      const items = (line: StoredEvent) => !e.itemId || !line.itemId || e.itemId === line.itemId;
      return time(e) >= time(first) && lines.some((line) => orderIdOf(line) === orderIdOf(e) && items(line));
    });
    const segments: Record<string, string> = { device: first.device ?? '', visitor };
    const inSegment = !segment || segment.dimension === 'category' || segments[segment.dimension] === segment.value;
    if (!inSegment) continue;
    counted.push({
      armId: first.armId!,
      firstDay: dayOf(first),
      at: (day) => {
        const ofDay = credited.filter(
          (e) => dayOf(e) <= day && (segment?.dimension !== 'category' || categoryOf(e.itemId) === segment.value),
        );
        const of = (type: string, from = ofDay) => from.filter((e) => e.type === type);
        const orders = new Set(of('order').map(orderIdOf)).size;
        const gmvMinor = sum(of('order'), value);
        const refundMinor = sum(of('refund'), value);
        return {
          impressions: of('impression').length,
          clicks: of('click').length,
          carts: of('cart').length,
          orders,
          units: sum(of('order'), (e) => e.quantity ?? 1),
          buyers: orders > 0 ? 1 : 0,
          gmvMinor,
          gmvCappedMinor: Math.min(gmvMinor, basis.gmvCapMinor ?? Number.POSITIVE_INFINITY),
          refundMinor,
          netMinor: gmvMinor - refundMinor,
          preImpressions: of('impression', before).length,
          preClicks: of('click', before).length,
          preOrders: new Set(of('order', before).map(orderIdOf)).size,
          preGmvMinor: sum(of('order', before), value),
        };
      },
    });
  }
  const allDays = new Set(events.map(dayOf));
  for (const day of [...allDays].sort()) {
    const there = counted.filter(({ firstDay }) => firstDay <= day);
    const arms = [...Map.groupBy(there, ({ armId }) => armId)].map(([armId, users]) => {
      const values = users.map(({ at }) => at(day));
      const total = (of: (x: Record<Measure, number>) => number) => values.reduce((s, x) => s + of(x), 0);
      const sums = Object.fromEntries(measures.map((m) => [m, total((x) => x[m])]));
      return [armId, { users: users.length, sums, products: layout.pairs.map(([a, b]) => total((x) => x[a] * x[b])) }];
    });
    answer.days[day] = Object.fromEntries(arms);
  }
  return answer;
}
