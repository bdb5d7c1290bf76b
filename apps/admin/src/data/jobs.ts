import { database } from './services.ts';

export interface WaitingJob {
  id: string;
  kind: string;
  running: boolean;
  data: { modelId?: string; split?: string; runId?: string };
}

/** Jobs that wait for the worker or that it is doing, as the queue's own table has them. */
export async function waitingJobs(): Promise<WaitingJob[]> {
  const { pool } = await database();
  const { rows: there } = await pool.query(`SELECT to_regclass('pgboss.job') IS NOT NULL AS yes`);
  // The queue makes its tables when it is first used.
  if (!there[0].yes) return [];
  const { rows } = await pool.query<WaitingJob>(
    `SELECT id, name AS kind, state = 'active' AS running, data
     FROM pgboss.job WHERE state IN ('created', 'retry', 'active') ORDER BY created_on LIMIT 100`,
  );
  return rows;
}
