import type { Database } from '@duet/db';
import { attribute } from './attribution.ts';
import { creditTeams } from './interleaved-credit.ts';
import { keepRows, moveSums, type WholeNumber } from './move-sums.ts';
import { begin, changedUsers, nextStep } from './new-events.ts';
import { type RollupBasis, rollupBasis } from './rollup-basis.ts';

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
    // Whole numbers of 64 bits are three times as fast, and enough below some 30 million of a currency's main unit a
    // user.
    const step = await oneStep(database, basis, { now, stepEvents, wide: 'bigint' }).catch((error) => {
      if (error.code === '22003') return oneStep(database, basis, { now, stepEvents, wide: 'numeric' });
      throw error;
    });
    total.events += step.events;
    total.users += step.users;
    if (step.done) return total;
  }
}

async function oneStep(
  { pool }: Database,
  basis: RollupBasis,
  { now, stepEvents, wide }: { now: Date; stepEvents: number; wide: WholeNumber },
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
      if (!basis.interleaved) await moveSums(client, basis, users, wide);
      await keepRows(client, basis.experimentId, users);
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
