import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import type { Connection, Database } from './database.ts';
import { databaseFault } from './faults.ts';

/** PostgreSQL's code for a lock that was not to be had in time. */
const lockNotAvailable = '55P03';

/**
 * Takes the lock of this name for as long as the answer is not disposed, or answers undefined where another process
 * has it and does not let it go within `waitMs`.
 *
 * It is an advisory lock of a transaction that stays open on a connection of its own: it goes with the process however
 * that ends, within 35 seconds also where its whole host is gone, and it holds that connection also behind a pooler in
 * transaction mode, where a session's lock stays on a connection that others are given. The transaction has neither a
 * snapshot nor a number, so no vacuum waits for it. Where the connection is lost (the server was started again), the lock is taken anew as soon as it is free.
 *
 * @param key text, hashed to the lock's number, or the number itself
 */
export async function holdLock(
  { pool }: Pick<Database, 'pool'>,
  key: string | number,
  { waitMs = 0 }: { waitMs?: number } = {},
): Promise<AsyncDisposable | undefined> {
  let disposed = false;
  let held: Connection | undefined;
  const lost = (client: Connection): void => {
    if (held === client) held = undefined;
    client.release(true);
    if (!disposed) void again();
  };
  const again = async (): Promise<void> => {
    for (; !disposed && held === undefined; await pause(500)) {
      const taken = await take(pool, key, 0, lost).catch(() => undefined);
      if (taken === undefined) continue;
      held = taken;
      if (disposed) await letGo(taken);
    }
  };
  held = await take(pool, key, waitMs, lost);
  if (held === undefined) return undefined;
  return {
    async [Symbol.asyncDispose]() {
      disposed = true;
      if (held !== undefined) await letGo(held);
    },
  };
}

async function take(
  pool: pg.Pool,
  key: string | number,
  waitMs: number,
  lost: (client: Connection) => void,
): Promise<Connection | undefined> {
  const client = await pool.connect();
  // A connection that ends without a word while it is held would end the process.
  const onError = () => lost(client);
  client.once('error', onError);
  try {
    // `lock_timeout` 0 would be to wait for ever. A host that is gone without a word is found out by the keepalives.
    await client.query(
      `BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL lock_timeout = ${Math.max(1, waitMs)};
       SET LOCAL tcp_keepalives_idle = 20; SET LOCAL tcp_keepalives_interval = 5; SET LOCAL tcp_keepalives_count = 3`,
    );
    const number = typeof key === 'number' ? key : `hashtextextended(${client.escapeLiteral(key)}, 0)`;
    // Without parameters: the portal of a query with them would keep its snapshot for as long as the transaction lasts.
    await client.query(`SELECT pg_advisory_xact_lock(${number})`);
    return client;
  } catch (error) {
    client.removeListener('error', onError);
    client.release(true);
    if ((error as { code?: string }).code === lockNotAvailable) return undefined;
    throw databaseFault(error) ?? error;
  }
}

async function letGo(client: Connection): Promise<void> {
  client.removeAllListeners('error');
  client.on('error', () => {});
  // Let go by word, because a server learns of an ended session only when it comes to it.
  await client.query('COMMIT').catch(() => {});
  client.release(true);
}
