import type { Connection } from '@duet/db';

/** What of an experiment decides which events count, and for what. */
export interface Attribution {
  experimentId: string;
  datasetId: string;
  /** ISO 4217: orders in another currency count nowhere. */
  currency: string;
  /**
   * Simulated events count in the simulated experiment that they carry alone, since every simulation's shoppers have the
   * same ids; there they are never late.
   */
  simulated: boolean;
  /** Lists of both arms' items: every user is exposed to both, and an event's arm is its item's. */
  interleaved: boolean;
  /** Exposures count from here on. */
  phaseStartedAt: Date;
  /** Arms that only earlier phases had: what a page that was open shows of them after the phase began is no exposure. */
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

/** Covariates are of this long before a user's first exposure. */
export const preDays = 28;
const dayMs = 86_400_000;

/** The UTC days whose events can count or be covariates. No clock runs ahead of ours by more than a day. */
export const daysOf = (
  { phaseStartedAt }: Pick<Attribution, 'phaseStartedAt'>,
  now: Date,
): [from: string, to: string] => {
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  return [day(phaseStartedAt.getTime() - preDays * dayMs), day(now.getTime() + dayMs)];
};

/**
 * Attributes all events of some users afresh, into two temporary tables that live as long as the transaction: "newUser"
 * holds those who were exposed, and "newUserDay" what they did, a day and category at a time.
 *
 * An exposure is an impression that carries the experiment and an arm of its phase. A user's arm is that of their exposures, and with two arms
 * they count in none, unless lists are interleaved. `seen` holds, beside every event, when the user was exposed last (or first) up to then, so that
 * the cost is that of sorting. A refund counts where its order does. An event that a jumping clock had stored under two
 * days counts once. The outcome depends on which events there are, never on the order in which they came.
 */
export async function attribute(client: Connection, of: Attribution, users: readonly string[], now: Date) {
  const [from, to] = daysOf(of, now);
  const { experimentId, currency, simulated, phaseStartedAt, lateHours } = of;
  await client.query(
    `CREATE TEMP TABLE "near" ON COMMIT DROP AS
     SELECT DISTINCT ON (e."userId", e."eventId") e."userId", e."eventId", e."day", e."type", e."occurredAt", e."itemId",
       e."armId", e."device", coalesce(e."orderId", e."eventId"::text) AS "orderId", e."quantity", e."valueMinor",
       e."type" = 'impression' AND e."experimentId" IS NOT DISTINCT FROM $2::uuid AND e."occurredAt" >= $5::timestamptz
         AND e."armId" <> ALL ($9::uuid[]) AS "exposure",
       NOT e."simulated" AND e."receivedAt" > e."occurredAt" + $8::float8 * interval '1 hour' AS "late"
     FROM unnest($1::text[]) AS u("userId") JOIN "Event" e ON e."userId" = u."userId"
     WHERE e."simulated" = $4::boolean AND (NOT $4::boolean OR e."experimentId" = $2::uuid) AND e."day" BETWEEN $6::date AND $7::date
       AND (e."type" NOT IN ('order', 'refund') OR e."currency" = $3::text)
     ORDER BY e."userId", e."eventId", e."occurredAt"`,
    [users, experimentId, currency, simulated, phaseStartedAt, from, to, lateHours, of.retiredArms],
  );
  await client.query(
    `CREATE TEMP TABLE "newUser" ON COMMIT DROP AS
     WITH "exposed" AS (
       SELECT "userId", min("occurredAt") FILTER (WHERE NOT "late") AS "firstAt", bool_and("late") AS "late",
         NOT $3::boolean AND count(DISTINCT "armId") FILTER (WHERE NOT "late") > 1 AS "twoArms",
         (array_agg("armId" ORDER BY "late", "occurredAt", "eventId"))[1] AS "armId",
         (array_agg("day" ORDER BY "late", "occurredAt", "eventId"))[1] AS "firstDay",
         (array_agg("device" ORDER BY "late", "occurredAt", "eventId"))[1] AS "device"
       FROM "near" WHERE "exposure" GROUP BY "userId"
     ), "machine" AS (
       SELECT "userId" FROM "near" GROUP BY "userId", "day" HAVING count(*) > $1::int OR bool_or("device" = 'bot')
     ), "behaved" AS (
       SELECT e."userId", count(*) FILTER (WHERE n."late" AND (n."exposure" OR n."type" <> 'impression')) AS "lateEvents",
         coalesce(bool_or(n."day" < e."firstDay") FILTER (WHERE n."before"), false) AS "returning",
         count(*) FILTER (WHERE n."before" AND n."type" = 'impression') AS "preImpressions",
         count(*) FILTER (WHERE n."before" AND n."type" = 'click') AS "preClicks",
         count(DISTINCT n."orderId") FILTER (WHERE n."before" AND n."type" = 'order') AS "preOrders",
         coalesce(sum(n."valueMinor") FILTER (WHERE n."before" AND n."type" = 'order'), 0) AS "preGmvMinor"
       FROM "exposed" e JOIN (
         SELECT n.*, NOT n."late" AND n."occurredAt" < e."firstAt"
           AND n."occurredAt" >= e."firstAt" - ${preDays} * interval '24 hours' AS "before"
         FROM "near" n JOIN "exposed" e USING ("userId")
       ) n USING ("userId") GROUP BY e."userId"
     )
     SELECT "userId", CASE WHEN "userId" = ANY($2::text[]) OR "userId" IN (SELECT "userId" FROM "machine") THEN 'excluded'
         WHEN "late" THEN 'late' WHEN "twoArms" THEN 'twoArms' ELSE 'counted' END::"RollupStatus" AS "status",
       "armId", "firstAt", "firstDay", "device", CASE WHEN "returning" THEN 'returning' ELSE 'new' END AS "visitor",
       "lateEvents", "preImpressions", "preClicks", "preOrders", "preGmvMinor"
     FROM "exposed" JOIN "behaved" USING ("userId")`,
    [of.maxEventsPerDay, of.excludedUsers, of.interleaved],
  );
  const touch = of.touch === 'last' ? 'max' : 'min';
  await client.query(
    `CREATE TEMP TABLE "newUserDay" ON COMMIT DROP AS
     WITH "seen" AS (
       SELECT n.*,
         ${touch}(n."occurredAt") FILTER (WHERE n."exposure") OVER (PARTITION BY n."userId" ORDER BY n."occurredAt")
           AS "userSeen",
         ${touch}(n."occurredAt") FILTER (WHERE n."exposure")
           OVER (PARTITION BY n."userId", n."itemId" ORDER BY n."occurredAt") AS "itemSeen"
       FROM "near" n JOIN "newUser" u USING ("userId")
       WHERE u."status" = 'counted' AND NOT n."late" AND n."occurredAt" >= u."firstAt"
         AND (n."exposure" OR n."type" <> 'impression')
     ), "line" AS (
       SELECT * FROM "seen" WHERE "type" = 'order'
         AND "occurredAt" <= ${of.orderAttribution === 'item' ? '"itemSeen"' : '"userSeen"'} + $2::float8 * interval '24 hours'
     ), "credited" AS (
       SELECT * FROM "seen" WHERE "type" = 'impression'
         OR "type" IN ('click', 'cart') AND "occurredAt" <= "itemSeen" + $1::float8 * interval '1 hour'
       UNION ALL SELECT * FROM "line"
       UNION ALL SELECT r.* FROM "seen" r WHERE r."type" = 'refund' AND EXISTS (
         SELECT FROM "line" l WHERE l."userId" = r."userId" AND l."orderId" = r."orderId"
           AND (r."itemId" IS NULL OR l."itemId" IS NULL OR l."itemId" = r."itemId"))
     ), "placed" AS (
       SELECT e.*, c."name" AS "category",
         e."type" = 'order' AND row_number() OVER (
           PARTITION BY e."userId", e."type", e."orderId" ORDER BY e."occurredAt", e."eventId") = 1 AS "opens",
         e."type" = 'order' AND row_number() OVER (
           PARTITION BY e."userId", e."type", e."orderId", c."name" ORDER BY e."occurredAt", e."eventId") = 1
           AS "opensInCategory"
       FROM "credited" e LEFT JOIN "Item" i ON i."datasetId" = $3::uuid AND i."externalId" = e."itemId"
       LEFT JOIN "Category" c ON c."id" = i."categoryId"
     )
     SELECT "userId", CASE WHEN grouping("category") = 1 THEN '' ELSE "category" END AS "category", "day",
       count(*) FILTER (WHERE "type" = 'impression') AS "impressions",
       count(*) FILTER (WHERE "type" = 'click') AS "clicks",
       count(*) FILTER (WHERE "type" = 'cart') AS "carts",
       CASE WHEN grouping("category") = 1 THEN count(*) FILTER (WHERE "opens")
         ELSE count(*) FILTER (WHERE "opensInCategory") END AS "orders",
       coalesce(sum(coalesce("quantity", 1)) FILTER (WHERE "type" = 'order'), 0)::bigint AS "units",
       coalesce(sum("valueMinor") FILTER (WHERE "type" = 'order'), 0)::bigint AS "gmvMinor",
       coalesce(sum("valueMinor") FILTER (WHERE "type" = 'refund'), 0)::bigint AS "refundMinor"
     FROM "placed" GROUP BY GROUPING SETS (("userId", "day"), ("userId", "category", "day"))
     HAVING grouping("category") = 1 OR "category" IS NOT NULL`,
    [of.clickWindowHours, of.orderWindowDays, of.datasetId],
  );
}
