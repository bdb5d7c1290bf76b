import type { Database } from '@duet/db';

/** What a PostgreSQL snapshot sees (postgresql.org/docs/current/functions-info.html, `pg_snapshot`). */
export interface Snapshot {
  /** As PostgreSQL writes it: xmin:xmax:transactions that ran. */
  text: string;
  /** All transactions before this one had ended. */
  xmin: number;
  /** This one and all later ones had not begun. */
  xmax: number;
  running: ReadonlySet<number>;
}

export function parseSnapshot(text: string): Snapshot {
  const [xmin, xmax, running = ''] = text.split(':');
  const ids = running === '' ? [] : running.split(',').map(Number);
  return { text, xmin: Number(xmin), xmax: Number(xmax), running: new Set(ids) };
}

/** What the database sees at this moment. */
export async function currentSnapshot({ pool }: Database): Promise<Snapshot> {
  const { rows } = await pool.query<{ now: string }>('SELECT pg_current_snapshot()::text AS now');
  return parseSnapshot(rows[0]!.now);
}

/** Whether what a transaction wrote and committed is in the snapshot. */
export const sees = ({ xmin, xmax, running }: Snapshot, transaction: number): boolean =>
  transaction < xmin || (transaction < xmax && !running.has(transaction));
