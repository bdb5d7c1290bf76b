import { database } from '#data/services.ts';

// The queue makes its tables when it is first used, and they are asked for what the rows of our own do not tell.
async function queue() {
  const { pool } = await database();
  const { rows } = await pool.query<{ there: boolean }>(`SELECT to_regclass('pgboss.job') IS NOT NULL AS there`);
  return rows[0]!.there ? pool : undefined;
}

export interface WaitingJob {
  id: string;
  kind: string;
  running: boolean;
}

/** Jobs that wait for the worker or that it is doing, oldest first. */
export async function waitingJobs(): Promise<WaitingJob[]> {
  const pool = await queue();
  if (pool === undefined) return [];
  const { rows } = await pool.query<WaitingJob>(
    `SELECT id, name AS kind, state = 'active' AS running
     FROM pgboss.job WHERE state IN ('created', 'retry', 'active') ORDER BY created_on LIMIT 100`,
  );
  return rows;
}

export interface ModelJob {
  modelId: string;
  state: 'waiting' | 'running' | 'failed';
  /** Why it failed, as the worker put it. */
  problem: string | null;
}

/** The newest job of one kind for each model within a day, where it is not done: it waits, runs or has failed. */
export async function unfinishedJobs(kind: 'index' | 'evaluate'): Promise<Map<string, ModelJob>> {
  const pool = await queue();
  if (pool === undefined) return new Map();
  const { rows } = await pool.query<ModelJob & { done: boolean }>(
    `SELECT DISTINCT ON (data->>'modelId') data->>'modelId' AS "modelId", state IN ('completed', 'cancelled') AS done,
       CASE state WHEN 'failed' THEN 'failed' WHEN 'active' THEN 'running' ELSE 'waiting' END AS state,
       output->>'message' AS problem
     FROM pgboss.job WHERE name = $1 AND created_on > now() - interval '1 day'
     ORDER BY data->>'modelId', created_on DESC`,
    [kind],
  );
  return new Map(rows.filter(({ done }) => !done).map((job) => [job.modelId, job]));
}
