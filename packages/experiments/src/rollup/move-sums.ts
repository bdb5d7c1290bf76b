import type { Connection } from '@duet/db';
import { dailyMeasures, layout, type Measure, measures, pastMeasures, sourceOf } from '../metrics/measures.ts';
import { attributedUser, attributedUserDay, quoted } from './passing-tables.ts';
import type { RollupBasis } from './rollup-basis.ts';

/** PostgreSQL's type of a sum: 64 bits are three times as fast, and numeric has no end. */
export type WholeNumber = 'bigint' | 'numeric';

/** Each measure of a user at the end of a day (`after`) or of the day before, from running sums of what is stored. */
function measureAt(measure: Measure, after: boolean, wide: WholeNumber): string {
  const source = sourceOf(measure);
  const soFar = (daily: string) => (after ? `"${daily}After"` : `("${daily}After" - "${daily}")`);
  // A user has their past from the moment that they enter; within a category it is there always, so that it only meets
  // other measures in products (readRollup takes its own sums from all the arm's users).
  const past = after ? `"${measure}"` : `CASE WHEN "enters" THEN 0 ELSE "${measure}" END`;
  const value = 'daily' in source ? soFar(measure) : 'before' in source ? past : source.derived(soFar, `$3::${wide}`);
  return `(${value})::${wide}`;
}

/**
 * Moves the arms' sums from the users' old days to their new ones. A user adds to a day's row what that day changed:
 * with x their measures at its end and x₀ at the end of the day before, x − x₀ to the sums and x xᵀ − x₀ x₀ᵀ to the
 * products, so that the rows up to a day add up to the sums over users at its end.
 */
export async function moveSums(
  client: Connection,
  { experimentId, phase, gmvCapMinor }: RollupBasis,
  users: readonly string[],
  wide: WholeNumber,
) {
  const at = (measure: Measure, after: boolean) => `"${measure}${after ? '' : ' before'}"`;
  const sums = [
    ...layout.known.map((a) => `"sign" * (${at(a, true)} - ${at(a, false)})`),
    ...layout.pairs.map(([a, b]) => `"sign" * (${at(a, true)} * ${at(b, true)} - ${at(a, false)} * ${at(b, false)})`),
  ];
  const step = measures.flatMap((m) => [true, false].map((after) => `${measureAt(m, after, wide)} AS ${at(m, after)}`));
  const running = dailyMeasures.map((name) => `(sum("${name}") OVER "past")::${wide} AS "${name}After"`);
  await client.query(
    `WITH "userDay" AS (${oldAndNewDays(wide)}), "running" AS (
       SELECT *, ${running.join(', ')}
       FROM "userDay" WINDOW "past" AS (PARTITION BY "sign", "userId", "category" ORDER BY "day")
     ), "step" AS MATERIALIZED (
       SELECT "sign", "armId", "device", "visitor", "category", "day", "enters", ${step.join(', ')}
       FROM "running"
     ), "fine" AS MATERIALIZED (
       SELECT "armId", "device", "visitor", "category", "day", sum("sign") FILTER (WHERE "enters") AS "users",
         ${sums.map((sum, i) => `sum(${sum}) AS "m${i}"`).join(', ')}
       FROM "step" GROUP BY "armId", "device", "visitor", "category", "day"
     ), "delta" AS (
       SELECT "armId", s."dimension", s."segment", "day", coalesce(sum("users"), 0)::bigint AS "users",
         ARRAY[${sums.map((_, i) => `sum("m${i}")`).join(', ')}] AS "moments"
       FROM "fine" CROSS JOIN LATERAL (VALUES ('', ''), ('category', "category"), ('visitor', "visitor"),
         ('device', "device")) AS s("dimension", "segment")
       WHERE ("category" = '') = (s."dimension" <> 'category')
       GROUP BY "armId", s."dimension", s."segment", "day"
     )
     INSERT INTO "RollupDay" AS r ("experimentId", "phase", "armId", "dimension", "segment", "day", "users", "moments")
     SELECT $1::uuid, $2::int, "armId", "dimension", "segment", "day", "users", "moments" FROM "delta"
     WHERE "users" <> 0 OR 0 <> ANY("moments")
     ON CONFLICT ("experimentId", "phase", "dimension", "segment", "armId", "day") DO UPDATE SET
       "users" = r."users" + excluded."users",
       "moments" = (SELECT array_agg(a + b ORDER BY i)
         FROM unnest(r."moments", excluded."moments") WITH ORDINALITY AS t(a, b, i))`,
    [experimentId, phase, gmvCapMinor ?? '9223372036854775807', users],
  );
}

/** The users' days as they are now, with sign 1, and as they were at the last step, with sign −1. */
function oldAndNewDays(wide: WholeNumber): string {
  const days = (sign: 1 | -1, user: string, day: string, where: string) => `
    SELECT ${sign} AS "sign", d."userId", d."category", d."day",
      ${dailyMeasures.map((name) => `d."${name}"::${wide}`).join(', ')},
      u."armId", u."device", u."visitor", d."category" = '' AND d."day" = u."firstDay" AS "enters",
      ${pastMeasures.map((name) => `u."${name}"::${wide}`).join(', ')}
    FROM ${user} u JOIN ${day} d USING ("userId") WHERE u."status" = 'counted' AND ${where}`;
  const old = 'u."experimentId" = $1::uuid AND d."experimentId" = $1::uuid AND u."userId" = ANY($4::text[])';
  return `${days(1, attributedUser.name, attributedUserDay.name, 'true')}
    UNION ALL ${days(-1, '"RollupUser"', '"RollupUserDay"', old)}`;
}

/** Keeps the users' new rows in place of their old ones. */
export async function keepRows(client: Connection, experimentId: string, users: readonly string[]) {
  const count = (what: string, table: string, where: string) => `(SELECT ${what} FROM ${table} WHERE ${where})`;
  const ofUsers = '"experimentId" = $1 AND "userId" = ANY($2)';
  const change = (what: string, condition: string) =>
    `${count(what, attributedUser.name, condition)} - ${count(what, '"RollupUser"', `${ofUsers} AND ${condition}`)}`;
  await client.query(
    `UPDATE "Rollup" SET "usersInTwoArms" = "usersInTwoArms" + ${change('count(*)', `"status" = 'twoArms'`)},
       "excludedUsers" = "excludedUsers" + ${change('count(*)', `"status" = 'excluded'`)},
       "lateEvents" = "lateEvents" + ${change('coalesce(sum("lateEvents"), 0)', `"status" <> 'excluded'`)}
     WHERE "experimentId" = $1`,
    [experimentId, users],
  );
  await client.query(`DELETE FROM "RollupUserDay" WHERE ${ofUsers}`, [experimentId, users]);
  await client.query(
    `DELETE FROM "RollupUser" WHERE ${ofUsers} AND "userId" NOT IN (SELECT "userId" FROM ${attributedUser.name})`,
    [experimentId, users],
  );
  const valueColumns = attributedUser.columns.filter((column) => column !== 'userId' && column !== 'firstAt');
  await client.query(
    `INSERT INTO "RollupUser" ("experimentId", "userId", ${quoted(valueColumns)})
     SELECT $1::uuid, "userId", ${quoted(valueColumns)} FROM ${attributedUser.name}
     ON CONFLICT ("experimentId", "userId") DO UPDATE SET
       ${valueColumns.map((column) => `"${column}" = excluded."${column}"`).join(', ')}`,
    [experimentId],
  );
  const columns = quoted(attributedUserDay.columns);
  await client.query(
    `INSERT INTO "RollupUserDay" ("experimentId", ${columns}) SELECT $1::uuid, ${columns} FROM ${attributedUserDay.name}`,
    [experimentId],
  );
}
