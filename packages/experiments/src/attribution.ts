import type { Database } from '@duet/db';
import { type UserColumn, userColumns } from './metrics.ts';

export interface Attribution {
  /** A click counts within this long after an exposure of its item to the user. */
  clickWindowHours: number;
  /** An order line counts within this long after the last exposure. */
  orderWindowDays: number;
  /** Exposure of what: of any item to the user, which is what the experiment did to them, or of the ordered item. */
  orderAttribution: 'user' | 'item';
}

type Sums = Record<UserColumn | 'users', bigint>;

/** Sums over one arm's users: of each column, and of the product of each two columns, keyed "clicks impressions". */
export interface ArmSums {
  sums: Sums;
  product(a: UserColumn, b: UserColumn): bigint;
}

interface ArmDay {
  /** Place of the arm in the experiment. */
  arm: number;
  /** 'YYYY-MM-DD', UTC: the day of the impression, of the click, of the order's first line. */
  day: string;
  sums: Omit<Sums, 'buyers'>;
}

export interface AttributedSums {
  /** By place of the arm; an arm without users is missing. */
  arms: Map<number, ArmSums>;
  days: ArmDay[];
  /** Users who were exposed to more than one arm, and are in none of the sums. */
  usersInTwoArms: number;
}

const pairs = userColumns.flatMap((a, i) => userColumns.slice(i).map((b) => [a, b] as const));
const quoted = (column: string) => `"${column}"`;

/**
 * One pass over the events: a user's arm is that of their exposures (impressions that carry the experiment and an arm),
 * and a user's clicks and orders count from the first exposure on, within the windows. `seen` holds, beside every
 * event, when the user was last exposed up to then, so that the cost is that of sorting, however often a user comes.
 */
const attributionText = `
WITH "armPlace" AS (
  SELECT "id", row_number() OVER (ORDER BY "position", "id") - 1 AS "arm" FROM "Arm" WHERE "experimentId" = $1
), "exposed" AS MATERIALIZED (
  SELECT e."userId", row_number() OVER () AS "user", min(a."arm") AS "arm", min(a."arm") < max(a."arm") AS "mixed",
    min(e."occurredAt") AS "first", max(e."occurredAt") AS "last"
  FROM "Event" e JOIN "armPlace" a ON a."id" = e."armId"
  WHERE e."experimentId" = $1 AND e."type" = 'impression' AND e."day" BETWEEN $7 AND $8
  GROUP BY e."userId"
), "seen" AS MATERIALIZED (
  SELECT u."arm", u."user", e."day", e."type", e."occurredAt", e."valueMinor",
    coalesce(e."orderId", e."eventId"::text) AS "orderId",
    max(e."occurredAt") FILTER (WHERE e."type" = 'impression')
      OVER (PARTITION BY u."user" ORDER BY e."occurredAt") AS "userSeen",
    max(e."occurredAt") FILTER (WHERE e."type" = 'impression')
      OVER (PARTITION BY u."user", e."itemId" ORDER BY e."occurredAt") AS "itemSeen"
  FROM "Event" e JOIN "exposed" u ON u."userId" = e."userId"
  WHERE NOT u."mixed"
    AND e."day" BETWEEN $7 AND $8
    AND e."occurredAt" BETWEEN u."first" AND u."last" + $5::float8 * interval '1 hour'
    AND (e."type" = 'impression' AND e."experimentId" = $1
      OR e."type" = 'click'
      OR e."type" = 'order' AND e."currency" = $2)
), "purchase" AS (
  SELECT "arm", "user", min("day") AS "day", sum("valueMinor") AS "gmvMinor"
  FROM "seen"
  WHERE "type" = 'order'
    AND "occurredAt" <= (CASE WHEN $6 THEN "itemSeen" ELSE "userSeen" END) + $4::float8 * interval '1 hour'
  GROUP BY "arm", "user", "orderId"
), "userDay" AS MATERIALIZED (
  SELECT "arm", "user", "day", sum("impressions") AS "impressions", sum("clicks") AS "clicks",
    sum("orders") AS "orders", sum("gmvMinor") AS "gmvMinor"
  FROM (
    SELECT "arm", "user", "day", count(*) FILTER (WHERE "type" = 'impression') AS "impressions",
      count(*) FILTER (WHERE "type" = 'click' AND "occurredAt" <= "itemSeen" + $3::float8 * interval '1 hour') AS "clicks",
      0 AS "orders", 0 AS "gmvMinor"
    FROM "seen" WHERE "type" <> 'order' GROUP BY "arm", "user", "day"
    UNION ALL
    SELECT "arm", "user", "day", 0, 0, count(*), sum("gmvMinor") FROM "purchase" GROUP BY "arm", "user", "day"
  ) AS "part"
  GROUP BY "arm", "user", "day"
), "perUser" AS (
  SELECT "arm", sum("impressions") AS "impressions", sum("clicks") AS "clicks", sum("orders") AS "orders",
    sum("gmvMinor") AS "gmvMinor", (sum("orders") > 0)::int::numeric AS "buyers"
  FROM "userDay" GROUP BY "arm", "user"
)
SELECT
  (SELECT count(*)::int FROM "exposed" WHERE "mixed") AS "usersInTwoArms",
  (SELECT json_agg(s) FROM (
    SELECT "arm", count(*)::text AS "users",
      ${userColumns.map((column) => `sum(${quoted(column)})::text AS ${quoted(column)}`).join(', ')},
      ${pairs.map(([a, b]) => `sum(${quoted(a)} * ${quoted(b)})::text AS "${a} ${b}"`).join(', ')}
    FROM "perUser" GROUP BY "arm") AS s) AS "arms",
  (SELECT json_agg(s) FROM (
    SELECT "arm", "day", (count(*) FILTER (WHERE "impressions" > 0))::text AS "users",
      sum("impressions")::text AS "impressions", sum("clicks")::text AS "clicks", sum("orders")::text AS "orders",
      sum("gmvMinor")::text AS "gmvMinor"
    FROM "userDay" GROUP BY "arm", "day" ORDER BY "day", "arm") AS s) AS "days"`;

/** The days that attribution has to read: from the first exposure to the end of the last one's windows. */
const daysText = `
SELECT min("day")::text AS "from", (max("day") + ceil($2::float8 / 24)::int)::text AS "to"
FROM "Event" WHERE "experimentId" = $1 AND "type" = 'impression'`;

interface AttributedRow {
  usersInTwoArms: number;
  arms: ({ arm: number } & Record<UserColumn | 'users', string> & Record<string, string | number>)[] | null;
  days: ({ arm: number; day: string } & Record<keyof ArmDay['sums'], string>)[] | null;
}

/** Attributes clicks and orders to the experiment's exposures and sums them per arm and per day, inside PostgreSQL. */
export async function attribute(
  { pool }: Database,
  experiment: { id: string; currency: string },
  { clickWindowHours, orderWindowDays, orderAttribution }: Attribution,
): Promise<AttributedSums> {
  const orderWindowHours = orderWindowDays * 24;
  const longest = Math.max(clickWindowHours, orderWindowHours);
  const client = await pool.connect();
  let row: AttributedRow | undefined;
  let failed = true;
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    // Everything is read once: a plan that loops over an index, which young partitions without statistics tempt the
    // planner to, would take minutes.
    await client.query("SET LOCAL enable_nestloop = off; SET LOCAL jit = off; SET LOCAL work_mem = '64MB'");
    const days = await client.query<{ from: string | null; to: string | null }>(daysText, [experiment.id, longest]);
    const { from, to } = days.rows[0]!;
    if (from !== null) {
      const values = [clickWindowHours, orderWindowHours, longest, orderAttribution === 'item', from, to];
      const { rows } = await client.query<AttributedRow>(attributionText, [
        experiment.id,
        experiment.currency,
        ...values,
      ]);
      row = rows[0]!;
    }
    await client.query('COMMIT');
    failed = false;
  } finally {
    client.release(failed);
  }
  if (!row) return { arms: new Map(), days: [], usersInTwoArms: 0 };
  const { usersInTwoArms, arms, days } = row;
  const big = <Key extends string>(row: Record<Key, string>, keys: readonly Key[]) =>
    Object.fromEntries(keys.map((key) => [key, BigInt(row[key])])) as Record<Key, bigint>;
  return {
    usersInTwoArms,
    arms: new Map(
      (arms ?? []).map((row) => [
        row.arm,
        {
          sums: big(row, ['users', ...userColumns]),
          product: (a, b) => BigInt(row[`${a} ${b}`] ?? row[`${b} ${a}`]!),
        },
      ]),
    ),
    days: (days ?? []).map((row) => ({
      arm: row.arm,
      day: row.day,
      sums: big(row, ['users', 'impressions', 'clicks', 'orders', 'gmvMinor']),
    })),
  };
}
