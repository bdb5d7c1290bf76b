import type { Database, Event, EventType } from '@duet/db';

/** An event as the admin shows it. */
export type RecentEvent = Pick<
  Event,
  | 'eventId'
  | 'type'
  | 'occurredAt'
  | 'receivedAt'
  | 'userId'
  | 'itemId'
  | 'experimentId'
  | 'armId'
  | 'placement'
  | 'position'
  | 'currency'
> & { valueMinor: number | null };

/**
 * The events that arrived last, newest first. As everything here, without what a simulator sent, unless an experiment
 * is named: then those that carry it, whoever sent them.
 */
export async function recentEvents(
  { pool }: Database,
  { limit = 50, experimentId }: { limit?: number; experimentId?: string } = {},
): Promise<RecentEvent[]> {
  const { rows } = await pool.query<RecentEvent>(
    `SELECT "eventId", "type", "occurredAt", "receivedAt", "userId", "itemId", "experimentId", "armId", "placement",
       "position", "currency", "valueMinor"::float8 AS "valueMinor"
     FROM "Event" WHERE CASE WHEN $2::uuid IS NULL THEN NOT "simulated" ELSE "experimentId" = $2::uuid END
     ORDER BY "receivedAt" DESC, "eventId" LIMIT $1`,
    [limit, experimentId],
  );
  return rows;
}

export type EventCounts = Record<EventType, { minute: number; hour: number; day: number }>;

/** How many events of each type arrived within the last minute, hour and day. */
export async function eventCounts({ pool }: Database, { now = new Date() }: { now?: Date } = {}): Promise<EventCounts> {
  const { rows } = await pool.query<{ type: EventType; minute: number; hour: number; day: number }>(
    `SELECT t."type", count(e."eventId") FILTER (WHERE e."receivedAt" > $1::timestamptz - interval '1 minute')::int AS "minute",
       count(e."eventId") FILTER (WHERE e."receivedAt" > $1::timestamptz - interval '1 hour')::int AS "hour",
       count(e."eventId")::int AS "day"
     FROM unnest(enum_range(NULL::"EventType")) AS t("type")
     LEFT JOIN "Event" e ON e."type" = t."type" AND NOT e."simulated"
       AND e."receivedAt" > $1::timestamptz - interval '1 day' AND e."receivedAt" <= $1::timestamptz
     GROUP BY t."type"`,
    [now],
  );
  return Object.fromEntries(rows.map(({ type, ...counts }) => [type, counts])) as EventCounts;
}

/** How many events of each type arrived in each step of time up to now, oldest first, empty steps included. */
export async function eventSeries(
  { pool }: Database,
  { now = new Date(), steps = 60, stepSeconds = 60 }: { now?: Date; steps?: number; stepSeconds?: number } = {},
): Promise<{ from: Date; counts: Record<EventType, number> }[]> {
  const { rows } = await pool.query<{ step: number; type: EventType; count: number }>(
    `SELECT "step", "type", count(*)::int AS "count" FROM (
       SELECT "type", floor(extract(epoch FROM $1::timestamptz - "receivedAt") / $2::float8)::int AS "step" FROM "Event"
       WHERE NOT "simulated" AND "receivedAt" > $1::timestamptz - $3 * $2::float8 * interval '1 second' AND "receivedAt" <= $1::timestamptz
     ) AS "stepped" GROUP BY "step", "type"`,
    [now, stepSeconds, steps],
  );
  const none = { impression: 0, click: 0, cart: 0, order: 0, refund: 0, dislike: 0, own: 0 };
  const series = Array.from({ length: steps }, (_, i) => ({
    from: new Date(now.getTime() - (steps - i) * stepSeconds * 1000),
    counts: { ...none },
  }));
  for (const { step, type, count } of rows) series[steps - 1 - step]!.counts[type] = count;
  return series;
}
