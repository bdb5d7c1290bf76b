import { type Connection, isoDay } from '@duet/db';
import { dailyMeasures, type Measure, pastMeasures, preDays, sourceOf } from '../metrics/measures.ts';
import { attributedUser, attributedUserDay, candidateEvent, makeTable } from './passing-tables.ts';

/** What of an experiment decides which events count, and for what. */
export interface Attribution {
  experimentId: string;
  datasetId: string;
  /** ISO 4217: orders in another currency count nowhere. */
  currency: string;
  /**
   * Simulated events count in the simulated experiment that they carry alone, since every simulation's shoppers have
   * the same ids; there they are never late.
   */
  simulated: boolean;
  /** Lists of both arms' items: every user is exposed to both, and an event's arm is its item's. */
  interleaved: boolean;
  /** Exposures count from here on. */
  phaseStartedAt: Date;
  /**
   * Arms that only earlier phases had: what a page that was open shows of them after the phase began is no exposure.
   */
  retiredArms: readonly string[];
  /** A click or cart counts within this long after an exposure of its item to the user. */
  clickWindowHours: number;
  /** An order line counts within this long after an exposure. */
  orderWindowDays: number;
  /** Exposure of what: of any item to the user, which is what the experiment did to them, or of the ordered item. */
  orderAttribution: 'user' | 'item';
  /** The windows run from the last exposure up to the event, or from the first. */
  touch: 'last' | 'first';
  /** An event that arrived later than this after it occurred is stored and reported, and counts nowhere. */
  lateHours: number;
  /** Whoever sends more events than this on one UTC day is a machine. */
  maxEventsPerDay: number;
  excludedUsers: readonly string[];
}

const dayMs = 86_400_000;

/** The UTC days whose events can count or be covariates. No clock runs ahead of ours by more than a day. */
export const daysOf = (
  { phaseStartedAt }: Pick<Attribution, 'phaseStartedAt'>,
  now: Date,
): [from: string, to: string] => {
  return [isoDay(phaseStartedAt.getTime() - preDays * dayMs), isoDay(now.getTime() + dayMs)];
};

/**
 * Attributes all events of some users afresh, into {@link candidateEvent}, {@link attributedUser} and
 * {@link attributedUserDay}, which live as long as the transaction.
 *
 * An exposure is an impression that carries the experiment and an arm of its phase. A user's arm is that of their
 * exposures, and with two arms they count in none, unless lists are interleaved. A refund counts where its order does.
 * An event that a jumping clock had stored under two days counts once. The outcome depends on which events there are,
 * never on the order in which they came.
 */
export async function attribute(client: Connection, of: Attribution, users: readonly string[], now: Date) {
  await findCandidates(client, of, users, now);
  await findExposed(client, of);
  await creditDays(client, of);
}

async function findCandidates(client: Connection, of: Attribution, users: readonly string[], now: Date) {
  const { experimentId, currency, simulated, phaseStartedAt, lateHours, retiredArms } = of;
  await client.query(
    makeTable(
      candidateEvent,
      `SELECT DISTINCT ON (e."userId", e."eventId") e."userId", e."eventId", e."day", e."type", e."occurredAt", e."itemId",
         e."armId", e."device", coalesce(e."orderId", e."eventId"::text) AS "orderId", e."quantity", e."valueMinor",
         e."type" = 'impression' AND e."experimentId" IS NOT DISTINCT FROM $2::uuid
           AND e."occurredAt" >= $5::timestamptz AND e."armId" <> ALL ($9::uuid[]) AS "exposure",
         NOT e."simulated" AND e."receivedAt" > e."occurredAt" + $8::float8 * interval '1 hour' AS "late"
       FROM unnest($1::text[]) AS u("userId") JOIN "Event" e ON e."userId" = u."userId"
       WHERE e."simulated" = $4::boolean AND (NOT $4::boolean OR e."experimentId" = $2::uuid)
         AND e."day" BETWEEN $6::date AND $7::date
         AND (e."type" NOT IN ('order', 'refund') OR e."currency" = $3::text)
       ORDER BY e."userId", e."eventId", e."occurredAt"`,
    ),
    [users, experimentId, currency, simulated, phaseStartedAt, ...daysOf(of, now), lateHours, retiredArms],
  );
}

async function findExposed(client: Connection, { maxEventsPerDay, excludedUsers, interleaved }: Attribution) {
  const before = (measure: Measure) => (sourceOf(measure) as { before: string }).before;
  const event = candidateEvent.name;
  await client.query(
    makeTable(
      attributedUser,
      `WITH "exposed" AS (
         SELECT "userId", min("occurredAt") FILTER (WHERE NOT "late") AS "firstAt", bool_and("late") AS "late",
           NOT $3::boolean AND count(DISTINCT "armId") FILTER (WHERE NOT "late") > 1 AS "twoArms",
           (array_agg("armId" ORDER BY "late", "occurredAt", "eventId"))[1] AS "armId",
           (array_agg("day" ORDER BY "late", "occurredAt", "eventId"))[1] AS "firstDay",
           (array_agg("device" ORDER BY "late", "occurredAt", "eventId"))[1] AS "device"
         FROM ${event} WHERE "exposure" GROUP BY "userId"
       ), "machine" AS (
         SELECT "userId" FROM ${event} GROUP BY "userId", "day" HAVING count(*) > $1::int OR bool_or("device" = 'bot')
       ), "late" AS (
         SELECT "userId", count(*) AS "lateEvents" FROM ${event}
         WHERE "late" AND ("exposure" OR "type" <> 'impression') GROUP BY "userId"
       ), "pastEvent" AS (
         SELECT n.* FROM ${event} n JOIN "exposed" e USING ("userId")
         WHERE NOT n."late" AND n."occurredAt" < e."firstAt"
           AND n."occurredAt" >= e."firstAt" - ${preDays} * interval '24 hours'
       ), "past" AS (
         SELECT "userId", min("day") AS "pastSince", ${pastMeasures.map((m) => `${before(m)} AS "${m}"`).join(', ')}
         FROM "pastEvent" GROUP BY "userId"
       )
       SELECT "userId",
         CASE WHEN "userId" = ANY($2::text[]) OR "userId" IN (SELECT "userId" FROM "machine") THEN 'excluded'
           WHEN "exposed"."late" THEN 'late' WHEN "twoArms" THEN 'twoArms' ELSE 'counted' END::"RollupStatus" AS "status",
         "armId", "firstAt", "firstDay", "device",
         CASE WHEN "pastSince" < "firstDay" THEN 'returning' ELSE 'new' END AS "visitor",
         coalesce("lateEvents", 0) AS "lateEvents", ${pastMeasures.map((m) => `coalesce("${m}", 0) AS "${m}"`).join(', ')}
       FROM "exposed" LEFT JOIN "late" USING ("userId") LEFT JOIN "past" USING ("userId")`,
    ),
    [maxEventsPerDay, excludedUsers, interleaved],
  );
}

/**
 * `exposedEvent` holds, beside every event, when the user was exposed last (or first) up to then, to anything and to
 * the event's item, so that the cost is that of sorting.
 */
async function creditDays(client: Connection, of: Attribution) {
  const touch = of.touch === 'last' ? 'max' : 'min';
  const exposedAt = of.orderAttribution === 'item' ? '"itemExposedAt"' : '"userExposedAt"';
  const daily = (measure: Measure) => {
    const source = sourceOf(measure) as { daily: string; inCategory?: string };
    if (source.inCategory === undefined) return `${source.daily} AS "${measure}"`;
    return `CASE WHEN grouping("category") = 1 THEN ${source.daily} ELSE ${source.inCategory} END AS "${measure}"`;
  };
  await client.query(
    makeTable(
      attributedUserDay,
      `WITH "exposedEvent" AS (
         SELECT n.*,
           ${touch}(n."occurredAt") FILTER (WHERE n."exposure") OVER (PARTITION BY n."userId" ORDER BY n."occurredAt")
             AS "userExposedAt",
           ${touch}(n."occurredAt") FILTER (WHERE n."exposure")
             OVER (PARTITION BY n."userId", n."itemId" ORDER BY n."occurredAt") AS "itemExposedAt"
         FROM ${candidateEvent.name} n JOIN ${attributedUser.name} u USING ("userId")
         WHERE u."status" = 'counted' AND NOT n."late" AND n."occurredAt" >= u."firstAt"
           AND (n."exposure" OR n."type" <> 'impression')
       ), "orderLine" AS (
         SELECT * FROM "exposedEvent"
         WHERE "type" = 'order' AND "occurredAt" <= ${exposedAt} + $2::float8 * interval '24 hours'
       ), "credited" AS (
         SELECT * FROM "exposedEvent" WHERE "type" = 'impression'
           OR "type" IN ('click', 'cart') AND "occurredAt" <= "itemExposedAt" + $1::float8 * interval '1 hour'
         UNION ALL SELECT * FROM "orderLine"
         UNION ALL SELECT r.* FROM "exposedEvent" r WHERE r."type" = 'refund' AND EXISTS (
           SELECT FROM "orderLine" l WHERE l."userId" = r."userId" AND l."orderId" = r."orderId"
             AND (r."itemId" IS NULL OR l."itemId" IS NULL OR l."itemId" = r."itemId"))
       ), "creditedEvent" AS (
         SELECT e.*, c."name" AS "category",
           e."type" = 'order' AND row_number() OVER (
             PARTITION BY e."userId", e."type", e."orderId" ORDER BY e."occurredAt", e."eventId") = 1 AS "opensOrder",
           e."type" = 'order' AND row_number() OVER (
             PARTITION BY e."userId", e."type", e."orderId", c."name" ORDER BY e."occurredAt", e."eventId") = 1
             AS "opensOrderInCategory"
         FROM "credited" e LEFT JOIN "Item" i ON i."datasetId" = $3::uuid AND i."externalId" = e."itemId"
         LEFT JOIN "Category" c ON c."id" = i."categoryId"
       )
       SELECT "userId", CASE WHEN grouping("category") = 1 THEN '' ELSE "category" END AS "category", "day",
         ${dailyMeasures.map(daily).join(', ')}
       FROM "creditedEvent" GROUP BY GROUPING SETS (("userId", "day"), ("userId", "category", "day"))
       HAVING grouping("category") = 1 OR "category" IS NOT NULL`,
    ),
    [of.clickWindowHours, of.orderWindowDays, of.datasetId],
  );
}
