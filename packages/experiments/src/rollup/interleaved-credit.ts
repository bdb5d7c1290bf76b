import type { Connection, Database } from '@duet/db';
import type { Credit } from '@duet/statistics';
import type { Attribution } from './attribution.ts';
import { attributedUser, candidateEvent, creditedUserDay, makeTable, quoted } from './passing-tables.ts';

/**
 * Credits the clicks of the users whom `attribute` has just attributed to the teams of an interleaving, and moves the
 * days' sums from what these users had added to what they add now, in the rollup's transaction.
 *
 * An impression's team is the arm that it carries. A click's is that of the user's last impression of the item (or
 * first, as the experiment's `touch` has it) up to then, where that is within the click window, whatever arm the click
 * itself names. A user adds to a day's row what that day changed, so that the rows up to a day add up to the sums over
 * users at its end. To be called when the users' rows of "RollupUser" are the new ones.
 */
export async function creditTeams(
  client: Connection,
  { experimentId, phase, clickWindowHours, touch }: Attribution & { phase: number },
  users: readonly string[],
): Promise<void> {
  await creditDays(client, { clickWindowHours, touch });
  await moveCredit(client, { experimentId, phase }, users);
  await client.query(`DELETE FROM "InterleavedUserDay" WHERE "experimentId" = $1 AND "userId" = ANY($2)`, [
    experimentId,
    users,
  ]);
  await client.query(
    `INSERT INTO "InterleavedUserDay" ("experimentId", ${columns})
     SELECT $1::uuid, ${columns} FROM ${creditedUserDay.name}`,
    [experimentId],
  );
}

const columns = quoted(creditedUserDay.columns);

async function creditDays(
  client: Connection,
  { clickWindowHours, touch }: Pick<Attribution, 'clickWindowHours' | 'touch'>,
) {
  // Impressions number the exposures of an item to a user; each click has the number of the last one before it.
  const sighting = touch === 'last' ? '"userId", "itemId", "shown"' : '"userId", "itemId"';
  const team = (name: string) => `"control" = ${name === 'control'}`;
  const count = (type: string, of: string) => `count(*) FILTER (WHERE "type" = '${type}' AND ${team(of)})`;
  await client.query(
    makeTable(
      creditedUserDay,
      `WITH "numbered" AS (
       SELECT n.*, count(*) FILTER (WHERE n."exposure") OVER (
         PARTITION BY n."userId", n."itemId" ORDER BY n."occurredAt") AS "shown"
       FROM ${candidateEvent.name} n JOIN ${attributedUser.name} u USING ("userId")
       WHERE u."status" = 'counted' AND NOT n."late" AND n."occurredAt" >= u."firstAt"
         AND (n."exposure" OR n."type" = 'click')
     ), "shownEvent" AS (
       SELECT *, first_value("armId") OVER "sighting" AS "team", first_value("occurredAt") OVER "sighting" AS "shownAt"
       FROM "numbered" WHERE "shown" > 0
       WINDOW "sighting" AS (PARTITION BY ${sighting} ORDER BY "exposure" DESC, "occurredAt", "eventId")
     ), "credited" AS (
       SELECT s."userId", s."day", s."type", a."control"
       FROM "shownEvent" s JOIN "Arm" a ON a."id" = CASE WHEN s."type" = 'impression' THEN s."armId" ELSE s."team" END
       WHERE s."type" = 'impression' OR s."occurredAt" <= s."shownAt" + $1::float8 * interval '1 hour'
     )
     SELECT "userId", "day",
       ${count('impression', 'control')} AS "controlImpressions", ${count('impression', 'treatment')} AS "treatmentImpressions",
       ${count('click', 'control')} AS "controlClicks", ${count('click', 'treatment')} AS "treatmentClicks"
     FROM "credited" GROUP BY "userId", "day"`,
    ),
    [clickWindowHours],
  );
}

async function moveCredit(
  client: Connection,
  { experimentId, phase }: { experimentId: string; phase: number },
  users: readonly string[],
) {
  const old = `"InterleavedUserDay" WHERE "experimentId" = $1::uuid AND "userId" = ANY($3::text[])`;
  // With t and c a user's clicks on treatment's items and on both, at the end of the day and of the day before.
  const change = (of: (t: string, c: string) => string) =>
    `sum("sign" * (${of('"t1"', '"c1"')} - ${of('"t0"', '"c0"')}))`;
  const moments = [
    change((t) => t),
    change((_, c) => c),
    change((t) => `${t} * ${t}`),
    change((_, c) => `${c} * ${c}`),
    change((t, c) => `${t} * ${c}`),
  ];
  await client.query(
    `WITH "userDay" AS (
       SELECT 1 AS "sign", ${columns} FROM ${creditedUserDay.name}
       UNION ALL SELECT -1, ${columns} FROM ${old}
     ), "running" AS (
       SELECT *, row_number() OVER "past" = 1 AS "enters", sum("treatmentClicks") OVER "past" AS "t1",
         sum("treatmentClicks" + "controlClicks") OVER "past" AS "c1"
       FROM "userDay" WINDOW "past" AS (PARTITION BY "sign", "userId" ORDER BY "day")
     ), "step" AS (
       SELECT *, "t1" - "treatmentClicks" AS "t0", "c1" - "treatmentClicks" - "controlClicks" AS "c0" FROM "running"
     ), "delta" AS (
       SELECT "day", coalesce(sum("sign") FILTER (WHERE "enters"), 0) AS "users",
         ${change((t, c) => `(2 * ${t} > ${c})::int`)} AS "wins", ${change((t, c) => `(2 * ${t} < ${c})::int`)} AS "losses",
         sum("sign" * "controlImpressions") AS "controlImpressions",
         sum("sign" * "treatmentImpressions") AS "treatmentImpressions",
         ARRAY[${moments.join(', ')}] AS "moments"
       FROM "step" GROUP BY "day"
     )
     INSERT INTO "InterleavedDay" AS r ("experimentId", "phase", "day", "users", "wins", "losses",
       "controlImpressions", "treatmentImpressions", "moments")
     SELECT $1::uuid, $2::int, "day", "users", "wins", "losses", "controlImpressions", "treatmentImpressions", "moments"
     FROM "delta" WHERE 0 <> ANY(ARRAY["users", "wins", "losses", "controlImpressions", "treatmentImpressions"] || "moments")
     ON CONFLICT ("experimentId", "phase", "day") DO UPDATE SET
       "users" = r."users" + excluded."users", "wins" = r."wins" + excluded."wins", "losses" = r."losses" + excluded."losses",
       "controlImpressions" = r."controlImpressions" + excluded."controlImpressions",
       "treatmentImpressions" = r."treatmentImpressions" + excluded."treatmentImpressions",
       "moments" = (SELECT array_agg(a + b ORDER BY i)
         FROM unnest(r."moments", excluded."moments") WITH ORDINALITY AS t(a, b, i))`,
    [experimentId, phase, users],
  );
}

/** Credit of all users up to the end of a day, with how often either team's items were seen. */
export interface InterleavedDay {
  /** 'YYYY-MM-DD', UTC. */
  day: string;
  credit: Credit;
  impressions: { control: number; treatment: number };
}

interface DayRow {
  day: string;
  users: string;
  wins: string;
  losses: string;
  controlImpressions: string;
  treatmentImpressions: string;
  moments: string[];
}

/** An interleaving's credit as of its last rollup, ascending by day: a row a day, however many users there are. */
export async function readInterleaved(
  { pool }: Database,
  experimentId: string,
  phase: number,
): Promise<InterleavedDay[]> {
  const { rows } = await pool.query<DayRow>(
    `SELECT "day"::text, "users"::text, "wins"::text, "losses"::text, "controlImpressions"::text,
       "treatmentImpressions"::text, "moments"::text[]
     FROM "InterleavedDay" WHERE "experimentId" = $1 AND "phase" = $2 ORDER BY "day"`,
    [experimentId, phase],
  );
  const total = { users: 0n, wins: 0n, losses: 0n, control: 0n, treatment: 0n, moments: [0n, 0n, 0n, 0n, 0n] };
  return rows.map(({ day, moments, ...row }) => {
    total.users += BigInt(row.users);
    total.wins += BigInt(row.wins);
    total.losses += BigInt(row.losses);
    total.control += BigInt(row.controlImpressions);
    total.treatment += BigInt(row.treatmentImpressions);
    total.moments = total.moments.map((sum, i) => sum + BigInt(moments[i]!));
    const [x, y, xx, yy, xy] = total.moments as [bigint, bigint, bigint, bigint, bigint];
    const [users, wins, losses] = [total.users, total.wins, total.losses].map(Number) as [number, number, number];
    return {
      day,
      credit: { wins, losses, ties: users - wins - losses, sums: { n: total.users, x, y, xx, yy, xy } },
      impressions: { control: Number(total.control), treatment: Number(total.treatment) },
    };
  });
}
