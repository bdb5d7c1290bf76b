import { DuetError } from '@duet/base';
import { z } from 'zod';
import type { Database } from './database.ts';
import { openWorkerLease, type WorkerLease } from './dead-workers.ts';

const jobRequest = z.discriminatedUnion('kind', [
  /** The ImportRun row says which files become what. */
  z.strictObject({ kind: z.literal('import'), runId: z.uuid() }),
  /** The TrainingRun row says what to train. */
  z.strictObject({ kind: z.literal('train'), runId: z.uuid() }),
  z.strictObject({ kind: z.literal('evaluate'), modelId: z.uuid(), split: z.string().min(1) }),
  /** The events of a dataset become a part. */
  z.strictObject({ kind: z.literal('fold'), datasetId: z.uuid() }),
  /** The Erasure row says who is forgotten. */
  z.strictObject({ kind: z.literal('forget'), erasureId: z.uuid() }),
  /** The registered model says how it is trained. */
  z.strictObject({ kind: z.literal('refresh'), registeredModelId: z.uuid() }),
  /** The BulkRun row says whose lists are made. */
  z.strictObject({ kind: z.literal('recommend'), runId: z.uuid() }),
  z.strictObject({ kind: z.literal('index'), modelId: z.uuid(), factory: z.string().min(1).optional() }),
]);

/** One unit of work for the worker. */
export type JobRequest = z.infer<typeof jobRequest>;
type JobKind = JobRequest['kind'];

const kinds = jobRequest.options.map((option) => option.shape.kind.value);

interface JobContext {
  id: string;
  /** Fires when the queue stops or the job's time is over. */
  signal: AbortSignal;
}

/** What to do for each kind of job. What a handler returns is kept with the job for a week. */
export type JobHandlers = {
  [K in JobKind]?: (job: Extract<JobRequest, { kind: K }>, context: JobContext) => Promise<unknown>;
};

export interface JobQueue extends AsyncDisposable {
  /**
   * Queues a job and returns its id.
   *
   * @throws DuetError `bad-input` for a malformed job, `conflict` while the very same job waits or runs
   */
  send(job: JobRequest): Promise<string>;
  /** Runs jobs of the kinds that have a handler, one at a time per kind, until the queue stops. */
  work(handlers: JobHandlers): Promise<void>;
  /** Tells running handlers to stop, gives them ten seconds, and hands what they left undone to the next worker. */
  stop(): Promise<void>;
}

/** What only another request can mend: doing the same again would fail the same way. */
const hopeless = new Set(['bad-input', 'not-found', 'conflict', 'corrupt']);

/**
 * Opens the job queue, which lives in the database's schema `pgboss` (made the first time). A job that throws is tried
 * twice more, after some 10 and 20 seconds, unless its DuetError says that trying again is hopeless; so is one whose
 * worker died, within seconds of another's look, or was not heard of for a minute.
 *
 * @param options.onError hears of errors in the queue's own upkeep
 */
export async function openJobQueue(
  database: Database,
  options: { onError?: (error: Error) => void; supervise?: boolean } = {},
): Promise<JobQueue> {
  // Loaded here: most of what opens the database has no jobs.
  const { PgBoss } = await import('pg-boss');
  const boss = new PgBoss({
    db: { executeSql: (text, values) => database.pool.query(text, values) },
    schema: 'pgboss',
    supervise: options.supervise ?? true,
    schedule: false,
  });
  const onError = options.onError ?? ((error: Error) => process.emitWarning(error));
  boss.on('error', onError);
  await boss.start();
  const there = new Set((await boss.getQueues()).map(({ name }) => name));
  for (const kind of kinds) {
    if (there.has(kind)) continue;
    await boss.createQueue(kind, {
      policy: 'exclusive',
      retryLimit: 2,
      retryDelay: 10,
      retryBackoff: true,
      heartbeatSeconds: 60,
      expireInSeconds: 86_399,
    });
  }
  const stopping = new AbortController();
  let lease: WorkerLease | undefined;

  const stop = async () => {
    stopping.abort(new DuetError('unavailable', 'The worker is stopping.'));
    await boss.stop({ close: false, graceful: true, timeout: 10_000 });
    await lease?.[Symbol.asyncDispose]();
  };

  return {
    async send(job) {
      const data = parseJob(job);
      const id = await boss.send(data.kind, data, { singletonKey: JSON.stringify(data) });
      if (id === null) throw new DuetError('conflict', `This ${data.kind} is already waiting or running.`);
      return id;
    },
    async work(handlers) {
      const workerLease = await openWorkerLease(database, boss, onError);
      lease = workerLease;
      for (const kind of kinds) {
        const handler = handlers[kind] as ((job: JobRequest, context: JobContext) => Promise<unknown>) | undefined;
        if (handler === undefined) continue;
        const watch = { pollingIntervalSeconds: 1, batchSize: 1, perJobResults: true } as const;
        await boss.work(kind, watch, async (jobs) =>
          Promise.all(
            jobs.map(async ({ id, data, signal }) => {
              try {
                await workerLease.claim({ id, name: kind });
                const either = AbortSignal.any([signal, stopping.signal]);
                const output = await handler(parseJob(data), { id, signal: either });
                return { id, status: 'completed' as const, output: output ?? null };
              } catch (error) {
                const code = error instanceof DuetError ? error.code : 'internal';
                const output = { code, message: error instanceof Error ? error.message : String(error) };
                // No dead letter queue is set, so this status means: failed, and not to be tried again.
                return { id, status: hopeless.has(code) ? ('deadletter' as const) : ('failed' as const), output };
              }
            }),
          ),
        );
      }
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function parseJob(job: unknown): JobRequest {
  const parsed = jobRequest.safeParse(job);
  if (parsed.success) return parsed.data;
  throw new DuetError('bad-input', `This is not a job: ${z.prettifyError(parsed.error)}`);
}

/** Queues one job without keeping the queue open; as {@link JobQueue.send}. */
export async function enqueue(database: Database, job: JobRequest): Promise<string> {
  await using queue = await openJobQueue(database, { supervise: false });
  return await queue.send(job);
}

/**
 * Fails every queued TrainingRun that no job will begin: its job failed before it could, or never came to be. Returns
 * how many there were. A run of the last minute may still be on its way into the queue.
 */
export async function failUnqueuedRuns({ pool }: Database): Promise<number> {
  const { rowCount } = await pool.query(`
    UPDATE "TrainingRun" r SET "status" = 'failed', "finishedAt" = now(),
      "error" = coalesce(
        (SELECT j.output->>'message' FROM pgboss.job j
         WHERE j.name = 'train' AND j.data->>'runId' = r."id"::text ORDER BY j.created_on DESC LIMIT 1),
        'It never came into the queue.')
    WHERE r."status" = 'queued' AND r."createdAt" < now() - interval '1 minute' AND NOT EXISTS (
      SELECT FROM pgboss.job j
      WHERE j.name = 'train' AND j.data->>'runId' = r."id"::text AND j.state IN ('created', 'retry', 'active'))`);
  return rowCount ?? 0;
}
