import type { Connection } from '@duet/db';
import { measures } from '../metrics/measures.ts';
import { daysOf } from './attribution.ts';
import type { RollupBasis } from './rollup-basis.ts';

/**
 * Waits for its turn, starts afresh where the basis is another or the database a restored one, and returns the snapshot
 * up to which it is summed.
 */
export async function begin(client: Connection, basis: RollupBasis, now: Date) {
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
    await client.query(`UPDATE "UserAlias" SET "mergedIn" = DEFAULT WHERE "mergedIn" >= ${unborn}`);
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

/** Rows of transactions that the snapshot $n did not see: events, `e`, where no other column is said. */
const unseen = (n: number, column = 'e."ingestedIn"') =>
  `${column} >= pg_snapshot_xmin($${n}::pg_snapshot) AND NOT pg_visible_in_snapshot(${column}, $${n}::pg_snapshot)`;

/**
 * The transaction before which this step takes events, the snapshot up to which everything is summed after it, and
 * whether that is all there is. A snapshot is written `<first open>:<first unborn>:<open, ascending>`.
 */
export async function nextStep(
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

/** Who became one since: users of the experiment on either side of a log-in, whose events are all the user's now. */
async function joinedUsers(client: Connection, basis: RollupBasis, seen: string, end: string): Promise<string[]> {
  const { rows } = await client.query<{ userId: string }>(
    `SELECT DISTINCT u."userId" FROM "UserAlias" a CROSS JOIN LATERAL (VALUES (a."anonymousId"), (a."userId")) u("userId")
     WHERE a."datasetId" = $4::uuid AND ${unseen(2, 'a."mergedIn"')} AND a."mergedIn" < $3::xid8
       AND EXISTS (SELECT FROM "RollupUser" r WHERE r."experimentId" = $1::uuid
         AND r."userId" IN (a."anonymousId", a."userId"))`,
    [basis.experimentId, seen, end, basis.datasetId],
  );
  return rows.map(({ userId }) => userId);
}

/** Who has new events that can count: exposed by one of them, or before. Machines stay what they are. */
export async function changedUsers(client: Connection, basis: RollupBasis, now: Date, seen: string, end: string) {
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
  const joined = await joinedUsers(client, basis, seen, end);
  const users = [...new Set([...rows.map(({ userId }) => userId), ...joined])];
  return { users, events: rows.reduce((sum, { events }) => sum + events, 0) };
}
