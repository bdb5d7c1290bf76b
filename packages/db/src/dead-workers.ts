import { randomUUID } from 'node:crypto';
import type { PgBoss } from 'pg-boss';
import type { Database } from './database.ts';
import { holdLock } from './hold.ts';

/** How often a worker looks for jobs of dead ones. */
const everyMs = 1_000;

/** What tells a worker that lives from one that does not, in this process and on every other host. */
export interface WorkerLease extends AsyncDisposable {
  /** Writes down that this worker has the job. */
  claim(job: { id: string; name: string }): Promise<void>;
}

const lockOf = (worker: string) => `duet worker ${worker}`;
const attemptOf = ({ id, retryCount }: { id: string; retryCount: number }) => `${id} ${retryCount}`;

/**
 * Holds a lock of this worker for as long as its process lives, and gives the jobs of workers whose lock nobody holds
 * back to the queue, to be begun at once. A job is given back when its worker's lock was free at two looks: one that
 * lost its connection, as when the server is started again, takes its lock anew in between.
 *
 * A job tells its worker in `output`, where the queue writes what came of it once it is over.
 */
export async function openWorkerLease(
  database: Database,
  boss: PgBoss,
  onError: (error: Error) => void,
): Promise<WorkerLease> {
  const { pool } = database;
  const worker = randomUUID();
  const held = await holdLock(database, lockOf(worker));
  let free = new Set<string>();
  let looking: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    const { rows } = await pool.query<{ id: string; name: string; retryCount: number }>(
      `SELECT id, name, retry_count AS "retryCount" FROM pgboss.job
       WHERE state = 'active' AND output->>'worker' <> $1
         AND pg_try_advisory_xact_lock(hashtextextended('${lockOf('')}' || (output->>'worker'), 0))`,
      [worker],
    );
    const before = free;
    free = new Set(rows.map(attemptOf));
    for (const { name, ...attempt } of rows) {
      if (!before.has(attemptOf(attempt))) continue;
      await boss.fail(name, attempt, { code: 'unavailable', message: 'The worker that had it ended without a word.' });
      await pool.query(`UPDATE pgboss.job SET start_after = now() WHERE name = $1 AND id = $2 AND state = 'retry'`, [
        name,
        attempt.id,
      ]);
    }
  };
  const tick = (): void => {
    looking ??= look()
      .catch(onError)
      .finally(() => {
        looking = undefined;
      });
  };
  tick();
  const timer = setInterval(tick, everyMs);
  return {
    async claim({ id, name }) {
      await pool.query(
        `UPDATE pgboss.job SET output = jsonb_build_object('worker', $3::text)
         WHERE name = $1 AND id = $2 AND state = 'active'`,
        [name, id, worker],
      );
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await looking;
      await held?.[Symbol.asyncDispose]();
    },
  };
}
