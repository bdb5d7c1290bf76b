import { mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { DuetError, type Logger, type ProgressUpdate } from '@duet/base';
import type { BulkRun, Database } from '@duet/db';
import type { Executor } from '@duet/models';
import { openServing } from '../serving.ts';
import { writeBulk } from './bulk-file.ts';
import { bulkFile, bulkOrder } from './bulk-order.ts';

interface Context {
  db: Database;
  dataDir: string;
  executor: Executor;
  logger: Logger;
  signal?: AbortSignal;
}

/** Runs of a dataset whose files are kept. */
const keptRuns = 5;

/**
 * Makes the lists of a run: the worker's job. How far it is stands in its row. One that was cut goes on where it was.
 *
 * @throws DuetError `not-found`
 */
export async function runBulk(ctx: Context, runId: string): Promise<{ lists: number; rows: number }> {
  const { db, dataDir, executor, logger, signal } = ctx;
  const run = await db.prisma.bulkRun.findUnique({ where: { id: runId } });
  if (run === null) throw new DuetError('not-found', `There is no bulk run ${runId}.`);
  const { format, ...order } = bulkOrder.parse(run.request);
  const tell = (data: Partial<Omit<BulkRun, 'request' | 'progress'>> & { progress?: object }) =>
    db.prisma.bulkRun.update({ where: { id: runId }, data });
  await tell({ status: 'running', error: null });
  let reported: ProgressUpdate | undefined;
  let progress: ProgressUpdate | undefined;
  const telling = setInterval(() => {
    if (progress === undefined || progress === reported) return;
    reported = progress;
    tell({ progress: reported }).catch(() => {}); // The next report follows.
  }, 500);
  const out = bulkFile(dataDir, { id: runId, format });
  try {
    await mkdir(path.dirname(out), { recursive: true });
    await using serving = await openServing({ db, dataDir, executor, logger });
    const hear = (update: ProgressUpdate) => {
      progress = update;
    };
    const request = { ...order, datasetId: run.datasetId };
    const { lists, rows } = await writeBulk(serving, request, { out, format, progress: hear, signal });
    const { size } = await stat(out);
    clearInterval(telling);
    await tell({ status: 'done', lists, rows: BigInt(rows), bytes: BigInt(size), finishedAt: new Date() });
    await dropOldRuns(ctx, run.datasetId);
    return { lists, rows };
  } catch (error) {
    // Stopped, it is handed to the next worker, which goes on.
    if (!signal?.aborted) await tell({ status: 'failed', error: (error as Error).message, finishedAt: new Date() });
    throw error;
  } finally {
    clearInterval(telling);
  }
}

async function dropOldRuns({ db, dataDir }: Context, datasetId: string): Promise<void> {
  const old = await db.prisma.bulkRun.findMany({
    where: { datasetId, status: { in: ['done', 'failed'] } },
    orderBy: { createdAt: 'desc' },
    skip: keptRuns,
  });
  for (const { id, request } of old) {
    const file = bulkFile(dataDir, { id, format: bulkOrder.parse(request).format });
    for (const name of [file, `${file}.partial`, `${file}.progress.json`]) await rm(name, { force: true });
  }
  await db.prisma.bulkRun.deleteMany({ where: { id: { in: old.map(({ id }) => id) } } });
}
