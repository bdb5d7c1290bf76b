import type { Connection, Database } from '@duet/db';

export interface DatasetContext {
  db: Database;
  dataDir: string;
}

/** Runs `work` in one transaction. */
export async function inTransaction<T>({ pool }: Database, work: (client: Connection) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let failed = true;
  try {
    await client.query('BEGIN');
    const answer = await work(client);
    await client.query('COMMIT');
    failed = false;
    return answer;
  } finally {
    // A connection that failed inside the transaction is closed, which undoes it.
    client.release(failed);
  }
}
