import { DuetError } from '@duet/base';
import type { Connection, Database } from '@duet/db';
import { type Measure, measurePairs, measures } from '../metrics/measures.ts';
import { type ExperimentSettings, parseSettings, uncountedUsers } from '../plan/experiment-settings.ts';
import { type Attribution, attribute, daysOf } from './attribution.ts';
import { creditTeams } from './interleaved-credit.ts';

/** What a user's sums depend on besides events. Where it changes, everything is summed afresh. */
export interface RollupBasis extends Attribution {
  phase: number;
  /** A user's GMV counts up to this in `gmvCappedMinor`; null for all of it. */
  gmvCapMinor: number | null;
}

/**
 * When an experiment's figures stand for good: the windows of the last exposure are over, and so is the time that late
 * events have. Undefined while it runs.
 */
export function closesAt(stoppedAt: Date | null, attribution: ExperimentSettings['attribution']): Date | undefined {
  if (stoppedAt === null) return undefined;
  const { clickWindowHours, orderWindowDays, lateHours } = attribution;
  return new Date(stoppedAt.getTime() + (Math.max(clickWindowHours, orderWindowDays * 24) + lateHours) * 3_600_000);
}

/**
 * @returns undefined for an experiment that has not started, or whose sums are final: its events may be gone
 * @throws DuetError `not-found`
 */
export async function rollupBasis({ prisma }: Database, experimentId: string): Promise<RollupBasis | undefined> {
  const found = await prisma.experiment.findUnique({
    where: { id: experimentId },
    include: {
      dataset: { select: { currency: true } },
      rollup: { select: { through: true } },
      arms: { where: { weight: 0 }, orderBy: { id: 'asc' } },
    },
  });
  if (!found) throw new DuetError('not-found', `There is no experiment ${experimentId}.`);
  const { datasetId, dataset, design, simulated, phase, phaseStartedAt } = found;
  if (phaseStartedAt === null) return undefined;
  const settings = parseSettings(found.settings);
  const closes = closesAt(found.stoppedAt, settings.attribution);
  if (closes && found.rollup && found.rollup.through >= closes) return undefined;
  return {
    ...{ experimentId, datasetId, currency: dataset.currency, simulated, phase, phaseStartedAt },
    // Users in an arm that never had a share are a fault of the assignment, which the split's check has to see.
    retiredArms: phase > 1 ? found.arms.map(({ id }) => id) : [],
    interleaved: design === 'interleaving',
    ...settings.attribution,
    gmvCapMinor: settings.gmvCapMinor,
    excludedUsers: [...uncountedUsers(settings)].sort(),
  };
}

/**
 * Adds what was logged since the last time to the experiment's sums.
 *
 * Events are found by the transaction that stored them: those that the last step's snapshot did not see, so none is
 * passed over, whatever order they commit in. Each step takes some of them, attributes the events of the users they
 * belong to afresh (a late impression can change what every later click of its user counts for), and moves the sums by
 * the difference, all in one transaction: a crash leaves nothing half done, a repeat adds nothing, and two at once take
 * turns. The cost is that of the new events and their users' own.
 *
 * @param options.now events up to a day ahead of it are looked at
 * @param options.stepEvents events that one transaction takes, and more where one transaction stored more
 * @returns how many new events were looked at, and of how many users that count
 * @throws DuetError `not-found`
 */
export async function rollUp(
  database: Database,
  experimentId: string,
  { now = new Date(), stepEvents = 200_000 }: { now?: Date; stepEvents?: number } = {},
): Promise<{ events: number; users: number }> {
  const total = { events: 0, users: 0 };
  const basis = await rollupBasis(database, experimentId);
  if (basis === undefined) return total;
  for (;;) {
    // Whole numbers of 64 bits are three times as fast, and enough below some 30 million of a currency's main unit a user.
    const step = await oneStep(database, basis, { now, stepEvents, wide: 'bigint' }).catch((error) => {
      if (error.code === '22003') return oneStep(database, basis, { now, stepEvents, wide: 'numeric' });
      throw error;
    });
    total.events += step.events;
    total.users += step.users;
    if (step.done) return total;
  }
}

type Wide = 'bigint' | 'numeric';

async function oneStep(
  { pool }: Database,
  basis: RollupBasis,
  { now, stepEvents, wide }: { now: Date; stepEvents: number; wide: Wide },
) {
  const client = await pool.connect();
  let failed = true;
  try {
    await client.query('BEGIN');
    await client.query("SET LOCAL jit = off; SET LOCAL work_mem = '64MB'");
    const { seen, restored } = await begin(client, basis, now);
    const { next, end, done } = await nextStep(client, seen, stepEvents);
    const { users, events } = await changedUsers(client, basis, now, seen, end);
    if (users.length > 0) {
      await attribute(client, basis, users, now);
      if (!basis.interleaved) await move(client, basis, users, wide);
      await store(client, basis.experimentId, users);
      if (basis.interleaved) await creditTeams(client, basis, users);
    }
    await client.query(
      `UPDATE "Rollup" SET "seen" = $2::pg_snapshot, "through" = greatest("through", $3) WHERE "experimentId" = $1`,
      [basis.experimentId, next, now],
    );
    await client.query('COMMIT');
    failed = false;
    // A restored database's events have been given this transaction's number: the next step finds them.
    return { events, users: users.length, done: done && !restored };
  } finally {
    // A connection that failed inside the transaction is closed, which undoes it.
    client.release(failed);
  }
}

/** Waits for its turn, starts afresh where the basis is another or the database a restored one, and returns the snapshot up to which it is summed. */
async function begin(client: Connection, basis: RollupBasis, now: Date) {
  const { experimentId, phase } = basis;
  const stated = JSON.stringify({ measures, ...basis });
  await client.query(
    `INSERT INTO "Rollup" ("experimentId", "basis", "through") VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
    [experimentId, stated, now],
  );
  await client.query('SELECT FROM "Rollup" WHERE "experimentId" = $1 FOR UPDATE', [experimentId]);
  // In a statement of its own, whose snapshot is from after the wait.
  const unborn = 'pg_snapshot_xmax(pg_current_snapshot())';
  const { rows } = await client.query<{ seen: string; same: boolean; restored: boolean }>(
    `SELECT "seen", "basis" = $2::jsonb AS "same",
       pg_snapshot_xmax("seen") > ${unborn} OR EXISTS (SELECT FROM "Event" WHERE "ingestedIn" >= ${unborn}) AS "restored"
     FROM "Rollup" WHERE "experimentId" = $1`,
    [experimentId, stated],
  );
  const { seen, same, restored } = rows[0]!;
  if (same && !restored) return { seen, restored };
  if (restored) {
    // Copied from a server that had counted further: its numbers of transactions mean nothing here.
    await client.query(`UPDATE "Event" SET "ingestedIn" = DEFAULT WHERE "ingestedIn" >= ${unborn}`);
  }
  await client.query('DELETE FROM "RollupUserDay" WHERE "experimentId" = $1', [experimentId]);
  await client.query('DELETE FROM "RollupUser" WHERE "experimentId" = $1', [experimentId]);
  await client.query('DELETE FROM "RollupDay" WHERE "experimentId" = $1 AND "phase" = $2', [experimentId, phase]);
  await client.query('DELETE FROM "RollupItem" WHERE "experimentId" = $1 AND "phase" = $2', [experimentId, phase]);
  await client.query('DELETE FROM "InterleavedDay" WHERE "experimentId" = $1 AND "phase" = $2', [experimentId, phase]);
  await client.query(
    `UPDATE "Rollup" SET "basis" = $2, "seen" = DEFAULT, "usersInTwoArms" = 0, "excludedUsers" = 0, "lateEvents" = 0
     WHERE "experimentId" = $1`,
    [experimentId, stated],
  );
  return { seen: '1:1:', restored };
}

/** Events, `e`, of transactions that the snapshot $n did not see. */
const unseen = (n: number) =>
  `e."ingestedIn" >= pg_snapshot_xmin($${n}::pg_snapshot) AND NOT pg_visible_in_snapshot(e."ingestedIn", $${n}::pg_snapshot)`;

/**
 * The transaction before which this step takes events, the snapshot up to which everything is summed after it, and
 * whether that is all there is. A snapshot is written `<first open>:<first unborn>:<open, ascending>`.
 */
async function nextStep(
  client: Connection,
  seen: string,
  stepEvents: number,
): Promise<{ next: string; end: string; done: boolean }> {
  const { rows } = await client.query<{ now: string; last: string | null }>(
    `SELECT pg_current_snapshot()::text AS "now", (
       SELECT e."ingestedIn" FROM "Event" e WHERE ${unseen(1)} ORDER BY e."ingestedIn" OFFSET $2 LIMIT 1) AS "last"`,
    [seen, stepEvents],
  );
  const { now, last } = rows[0]!;
  const [firstOpen, unborn, open] = now.split(':') as [string, string, string];
  if (last === null) return { next: now, end: unborn, done: true };
  const least = (a: bigint, b: bigint) => (a < b ? a : b);
  const seenEnd = BigInt(seen.split(':')[1]!);
  const end = BigInt(last) < seenEnd ? seenEnd : BigInt(last) + 1n;
  const stillOpen = open.split(',').filter((id) => id !== '' && BigInt(id) < end);
  return {
    next: `${least(BigInt(firstOpen), end)}:${least(BigInt(unborn), end)}:${stillOpen}`,
    end: `${end}`,
    done: false,
  };
}

/** Who has new events that can count: exposed by one of them, or before. Machines stay what they are. */
async function changedUsers(client: Connection, basis: RollupBasis, now: Date, seen: string, end: string) {
  const { experimentId, phase, phaseStartedAt, simulated } = basis;
  const values = [experimentId, seen, end, ...daysOf(basis, now), simulated, phaseStartedAt];
  const isNew = `${unseen(2)} AND e."ingestedIn" < $3::xid8 AND e."day" BETWEEN $4::date AND $5::date
    AND e."simulated" = $6::boolean`;
  const isExposure = `e."type" = 'impression' AND e."experimentId" = $1::uuid AND e."occurredAt" >= $7::timestamptz`;
  const { rows } = await client.query<{ userId: string; events: number }>(
    `SELECT e."userId", count(*)::int AS "events" FROM "Event" e
     LEFT JOIN "RollupUser" r ON r."experimentId" = $1::uuid AND r."userId" = e."userId"
     WHERE ${isNew} AND (r."userId" IS NOT NULL OR ${isExposure}) AND r."status" IS DISTINCT FROM 'excluded'
     GROUP BY e."userId"`,
    values,
  );
  await client.query(
    `INSERT INTO "RollupItem" ("experimentId", "phase", "armId", "itemId")
     SELECT DISTINCT e."experimentId", $8::int, e."armId", e."itemId" FROM "Event" e WHERE ${isNew} AND ${isExposure}
     ON CONFLICT DO NOTHING`,
    [...values, phase],
  );
  return { users: rows.map(({ userId }) => userId), events: rows.reduce((sum, { events }) => sum + events, 0) };
}

const quoted = (name: string) => `"${name}"`;
const sent = ['impressions', 'clicks', 'carts', 'orders', 'units', 'gmvMinor', 'refundMinor'] as const;
const pre = ['preImpressions', 'preClicks', 'preOrders', 'preGmvMinor'] as const;

/** Each measure of a user at the end of a day (`after`) or of the day before, from running sums of what is stored. */
function measureAt(measure: Measure, after: boolean, wide: Wide): string {
  const running = (name: string) => (after ? `"${name}After"` : `("${name}After" - "${name}")`);
  const value = () => {
    if (measure === 'buyers') return `(${running('orders')} > 0)::int`;
    if (measure === 'gmvCappedMinor') return `least(${running('gmvMinor')}, $3::${wide})`;
    if (measure === 'netMinor') return `${running('gmvMinor')} - ${running('refundMinor')}`;
    if (!pre.some((name) => name === measure)) return running(measure);
    // A user has their past from the moment that they enter; within a category it is there always, so that it only
    // meets other measures in products (readRollup takes its own sums from all the arm's users).
    return after ? quoted(measure) : `CASE WHEN "enters" THEN 0 ELSE ${quoted(measure)} END`;
  };
  return `(${value()})::${wide}`;
}

/**
 * Moves the arms' sums from the users' old days to their new ones. A user adds to a day's row what that day changed:
 * with x their measures at its end and x₀ at the end of the day before, x − x₀ to the sums and x xᵀ − x₀ x₀ᵀ to the
 * products, so that the rows up to a day add up to the sums over users at its end.
 */
async function move(
  client: Connection,
  { experimentId, phase, gmvCapMinor }: RollupBasis,
  users: readonly string[],
  wide: Wide,
) {
  const days = (sign: 1 | -1, user: string, day: string, where: string) => `
    SELECT ${sign} AS "sign", d."userId", d."category", d."day", ${sent.map((name) => `d."${name}"::${wide}`).join(', ')},
      u."armId", u."device", u."visitor", d."category" = '' AND d."day" = u."firstDay" AS "enters",
      ${pre.map((name) => `u."${name}"::${wide}`).join(', ')}
    FROM ${user} u JOIN ${day} d USING ("userId") WHERE u."status" = 'counted' AND ${where}`;
  const dayRows = `
    ${days(1, '"newUser"', '"newUserDay"', 'true')} UNION ALL
    ${days(-1, '"RollupUser"', '"RollupUserDay"', 'u."experimentId" = $1::uuid AND d."experimentId" = $1::uuid AND u."userId" = ANY($4::text[])')}`;
  const at = (measure: Measure, after: boolean) => quoted(`${measure}${after ? '' : ' before'}`);
  const sums = [
    ...measures.map((a) => `"sign" * (${at(a, true)} - ${at(a, false)})`),
    ...measurePairs.map(([a, b]) => `"sign" * (${at(a, true)} * ${at(b, true)} - ${at(a, false)} * ${at(b, false)})`),
  ];
  const places = sums.map((_, i) => `"m${i}"`);
  await client.query(
    `WITH "userDay" AS (${dayRows}), "running" AS (
       SELECT *, ${sent.map((name) => `(sum("${name}") OVER "past")::${wide} AS "${name}After"`).join(', ')}
       FROM "userDay" WINDOW "past" AS (PARTITION BY "sign", "userId", "category" ORDER BY "day")
     ), "step" AS MATERIALIZED (
       SELECT "sign", "armId", "device", "visitor", "category", "day", "enters",
         ${measures.flatMap((m) => [true, false].map((after) => `${measureAt(m, after, wide)} AS ${at(m, after)}`)).join(', ')}
       FROM "running"
     ), "fine" AS MATERIALIZED (
       SELECT "armId", "device", "visitor", "category", "day", sum("sign") FILTER (WHERE "enters") AS "users",
         ${sums.map((sum, i) => `sum(${sum}) AS "m${i}"`).join(', ')}
       FROM "step" GROUP BY "armId", "device", "visitor", "category", "day"
     ), "delta" AS (
       SELECT "armId", s."dimension", s."segment", "day", coalesce(sum("users"), 0)::bigint AS "users",
         ARRAY[${places.map((place) => `sum(${place})`).join(', ')}] AS "moments"
       FROM "fine" CROSS JOIN LATERAL (
         VALUES ('', ''), ('category', "category"), ('visitor', "visitor"), ('device', "device")) AS s("dimension", "segment")
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

/** Keeps the users' new rows in place of their old ones. */
async function store(client: Connection, experimentId: string, users: readonly string[]) {
  const count = (what: string, table: string, where: string) => `(SELECT ${what} FROM ${table} WHERE ${where})`;
  const change = (what: string, condition: string) =>
    `${count(what, '"newUser"', condition)} - ${count(what, '"RollupUser"', `"experimentId" = $1 AND "userId" = ANY($2) AND ${condition}`)}`;
  await client.query(
    `UPDATE "Rollup" SET "usersInTwoArms" = "usersInTwoArms" + ${change('count(*)', `"status" = 'twoArms'`)},
       "excludedUsers" = "excludedUsers" + ${change('count(*)', `"status" = 'excluded'`)},
       "lateEvents" = "lateEvents" + ${change('coalesce(sum("lateEvents"), 0)', `"status" <> 'excluded'`)}
     WHERE "experimentId" = $1`,
    [experimentId, users],
  );
  await client.query('DELETE FROM "RollupUserDay" WHERE "experimentId" = $1 AND "userId" = ANY($2)', [
    experimentId,
    users,
  ]);
  await client.query(
    `DELETE FROM "RollupUser" WHERE "experimentId" = $1 AND "userId" = ANY($2)
       AND "userId" NOT IN (SELECT "userId" FROM "newUser")`,
    [experimentId, users],
  );
  const columns = ['status', 'armId', 'firstDay', 'device', 'visitor', 'lateEvents', ...pre].map(quoted);
  await client.query(
    `INSERT INTO "RollupUser" ("experimentId", "userId", ${columns.join(', ')})
     SELECT $1::uuid, "userId", ${columns.join(', ')} FROM "newUser"
     ON CONFLICT ("experimentId", "userId") DO UPDATE SET ${columns.map((column) => `${column} = excluded.${column}`).join(', ')}`,
    [experimentId],
  );
  const dayColumns = ['userId', 'category', 'day', ...sent].map(quoted).join(', ');
  await client.query(
    `INSERT INTO "RollupUserDay" ("experimentId", ${dayColumns}) SELECT $1::uuid, ${dayColumns} FROM "newUserDay"`,
    [experimentId],
  );
}
