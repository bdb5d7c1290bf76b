import { readdir } from 'node:fs/promises';
import { DuetError, type ProgressUpdate } from '@duet/base';
import { type Author, type Database, enqueue, type ImportRun, writeAudit } from '@duet/db';
import { z } from 'zod';
import { appended } from '../appended.ts';
import { type SyncedCatalogue, syncCatalogue } from '../catalogue/sync.ts';
import { type ImportPreview, importDataset, previewImport } from '../import.ts';
import type { ImportResult } from '../import-answer.ts';
import type { FileTable, InspectedFile } from '../read/inspect.ts';
import { previewFeedItems } from '../read/preview.ts';
import { aside, type ImportResources, inspectFiles, type ReadingContext, readingFeed } from '../reading.ts';
import { type ImportRequest, type ImportSettings, parseImportRequest } from '../request.ts';
import type { FaultSummary } from '../summary.ts';
import { arrangeUploads, removeUploads, type UploadedFile, uploadedFiles, withoutFolders } from './uploads.ts';

/** Settings of an import that say nothing of where files are. */
const settable = [
  ...(['name', 'as', 'left', 'right', 'symmetric', 'context', 'format', 'delimiter', 'encoding', 'decimal'] as const),
  ...(['timeFormats', 'timeZone', 'sheet', 'header', 'columnNames', 'itemColumnNames', 'userColumnNames'] as const),
  ...(['columns', 'itemColumns', 'userColumns', 'where', 'minRating', 'eventWeights', 'cancelEvents'] as const),
  ...(['cancellations', 'duplicates', 'catalogue', 'showOutOfStock', 'kCore', 'strict', 'currency'] as const),
  ...(['description', 'attribution'] as const),
] satisfies (keyof ImportRequest)[];

const table = z.enum(['interactions', 'items', 'users', 'beside', 'none']);

/** What somebody who uploads files asks for: an import's settings, and what each file holds, by its id. */
export const importOrder = z.strictObject({
  settings: z.strictObject(Object.fromEntries(settable.map((key) => [key, z.json().optional()]))).default({}),
  tables: z.record(z.string(), table).default({}),
});
export type ImportOrder = {
  settings: Partial<Pick<ImportRequest, (typeof settable)[number]>>;
  tables: Record<string, FileTable | 'none'>;
};

interface Context {
  db: Database;
  dataDir: string;
  imports?: ImportResources;
  signal?: AbortSignal;
}

/** The import that an order is, of a run's files. @throws DuetError `bad-input` naming the field */
async function requestOf({ db, dataDir }: Context, runId: string, order: unknown): Promise<ImportRequest> {
  const parsed = importOrder.safeParse(order);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new DuetError('bad-input', `${issue!.message}.`, { where: { field: issue!.path.join('.') } });
  }
  const { settings, tables } = parsed.data as ImportOrder;
  if (settings.as?.endsWith('.json')) throw new DuetError('bad-input', 'A form is named here, not a file with one.');
  const run = await db.prisma.importRun.findUnique({ where: { id: runId }, include: { dataset: true } });
  if (run === null) throw new DuetError('not-found', `There is no import run ${runId}.`);
  const { name, ...others } = settings;
  const { interactions, ...locations } = await arrangeUploads(dataDir, runId, tables);
  if (run.dataset === null && interactions === undefined) {
    throw new DuetError('bad-input', 'None of the files holds orders or events.', {
      fix: 'Say of a file that it holds them.',
    });
  }
  if (run.dataset === null) return parseImportRequest({ ...others, name, interactions, ...locations });
  return appended(
    { ...others, into: run.dataset.id, interactions: interactions ?? products, ...locations },
    run.dataset,
  );
}

/** In the place of the interactions of files that have products alone. */
const products = '-';
const isFeed = ({ into, interactions }: ImportRequest): boolean => into !== undefined && interactions === products;

/** Does what concerns uploaded files; what it answers, and what is wrong, calls them by their own names. */
async function calledByName<T>(dataDir: string, work: () => Promise<T>): Promise<T> {
  try {
    return withoutFolders(dataDir, await work());
  } catch (error) {
    if (!(error instanceof DuetError)) throw error;
    const { what, where, fix } = withoutFolders(dataDir, { what: error.what, where: error.where, fix: error.fix });
    throw new DuetError(error.code, what, { where, ...(fix !== undefined && { fix }), cause: error });
  }
}

export interface InspectedUpload extends UploadedFile, Omit<InspectedFile, 'file'> {}

/** What each uploaded file of a run holds; files that are not whole yet are told without. */
export async function inspectUploads(
  { dataDir, imports }: Pick<Context, 'dataDir' | 'imports'>,
  runId: string,
  settings: ImportOrder['settings'] = {},
): Promise<InspectedUpload[]> {
  const files = await uploadedFiles(dataDir, runId);
  const whole = files.filter(({ size, received }) => size === received);
  if (whole.length === 0) return files.map((file) => ({ ...file, columns: [] }));
  return calledByName(dataDir, async () => {
    const tables = Object.fromEntries(whole.map(({ id }) => [id, 'interactions' as const]));
    const interactions = (await arrangeUploads(dataDir, runId, tables)).interactions!;
    const places = whole.map(({ name }) => (whole.length === 1 ? interactions : `${interactions}/${name}`));
    const { delimiter, encoding, format, as, header, columnNames } = settings;
    const written = { delimiter, encoding, format, as, header, columnNames };
    const inspected = await inspectFiles({ ...imports }, places, written as Partial<ImportRequest>);
    return files.map((file) => {
      const { file: _, ...about } = inspected[whole.indexOf(file)] ?? { file: '', columns: [] };
      return { ...file, ...about };
    });
  });
}

/** Rows that a preview reads of each file. */
const sampleRows = 100_000;

/** What an order's import would store, by the first rows. */
export interface UploadPreview extends Omit<ImportPreview, 'summary'> {
  /** Rows of interactions that were read. */
  read: number;
  faults: { rejected: FaultSummary; emptied: FaultSummary };
}

/** What an order's import would store, by the first rows of each file. @throws DuetError as {@link importDataset} */
export const previewUploads = (ctx: Context, runId: string, order: ImportOrder): Promise<UploadPreview> =>
  calledByName(ctx.dataDir, async () => {
    const named = { ...order, settings: { ...order.settings, name: order.settings.name || 'preview' } };
    const request = await requestOf(ctx, runId, named);
    const sampled = { ...ctx.imports, sampleRows };
    if (isFeed(request)) return previewFeed(sampled, parseImportRequest(request));
    const { summary, ...preview } = await previewImport(sampled, request);
    const { interactions, rejected, emptied } = summary;
    return { ...preview, read: interactions.read, faults: { rejected, emptied } };
  });

/** The same of products alone. */
const previewFeed = (ctx: ReadingContext, settings: ImportSettings): Promise<UploadPreview> =>
  aside((folder) =>
    readingFeed(ctx, folder, settings, settings.currency ?? 'GBP', async (workspace, read) => {
      const { rejected, emptied, mapping, currency, items } = read;
      const preview = { interactions: [], items: await previewFeedItems(workspace), users: [] };
      const counts = { rows: 0, users: 0, items, rejected: rejected.total, emptied: emptied.total };
      const withoutEvents = { clock: { kind: 'file' as const }, events: [], warnings: [], read: 0 };
      return { ...counts, ...withoutEvents, preview, mapping, currency, faults: { rejected, emptied } };
    }),
  );

/**
 * Queues the import of a run's files.
 *
 * @throws DuetError `bad-input` where the order is none, `conflict` where its name is taken or it is under way already
 */
export async function startImport(ctx: Context, runId: string, order: ImportOrder, author: Author = {}) {
  const { db, dataDir } = ctx;
  const request = await calledByName(dataDir, () => requestOf(ctx, runId, order));
  const files = await uploadedFiles(dataDir, runId);
  const missing = files.find(({ id, size, received }) => (order.tables[id] ?? 'none') !== 'none' && size !== received);
  if (missing !== undefined) throw new DuetError('bad-input', `The file ${missing.name} is not here as a whole yet.`);
  const { name, into } = request;
  if (name !== undefined && (await db.prisma.dataset.count({ where: { name } })) > 0) {
    throw new DuetError('conflict', `There is a dataset "${name}" already.`, { fix: 'Choose another name.' });
  }
  await db.prisma.$transaction(async (tx) => {
    const { count } = await tx.importRun.updateMany({
      where: { id: runId, status: { in: ['draft', 'failed'] } },
      data: { status: 'queued', request: order as object, progress: {}, error: null },
    });
    if (count === 0) throw new DuetError('conflict', 'This import is under way already.');
    const after = { name, into, files: files.map((file) => file.name) };
    await writeAudit(tx, author, { action: 'import', objectKind: 'import', objectId: runId, before: null, after });
  });
  try {
    await enqueue(db, { kind: 'import', runId });
  } catch (error) {
    await db.prisma.importRun.update({ where: { id: runId }, data: { status: 'draft' } });
    throw error;
  }
}

/** Carries an import run out: the worker's job. What it does is told in its row, twice a second. */
export async function runImport(ctx: Context, runId: string): Promise<Omit<ImportResult, 'summary'> | SyncedCatalogue> {
  const { db, dataDir, imports, signal } = ctx;
  const run = await db.prisma.importRun.findUnique({ where: { id: runId } });
  if (run === null) throw new DuetError('not-found', `There is no import run ${runId}.`);
  const tell = (data: Partial<Omit<ImportRun, 'request' | 'progress'>> & { progress?: object }) =>
    db.prisma.importRun.update({ where: { id: runId }, data });
  await tell({ status: 'running', error: null });
  let progress: ProgressUpdate | undefined;
  let reported: ProgressUpdate | undefined;
  const hear = (update: ProgressUpdate): void => {
    progress = update;
  };
  const telling = setInterval(() => {
    if (progress === undefined || progress === reported) return;
    reported = progress;
    // A report that does not come through is followed by the next.
    tell({ progress: { ...reported, step: withoutFolders(dataDir, reported.step) } }).catch(() => {});
  }, 500);
  try {
    const result = await calledByName(dataDir, async () => {
      const request = await requestOf(ctx, runId, run.request);
      const context = { db, dataDir, ...imports, ...(signal && { signal }), progress: hear };
      if (!isFeed(request)) {
        const { summary: _, ...imported } = await importDataset(context, request);
        return imported;
      }
      const { into, interactions: __, items, name: ___, catalogue, ...options } = request;
      return syncCatalogue(context, { ...options, dataset: into!, feed: items!, complete: catalogue === 'complete' });
    });
    clearInterval(telling);
    await tell({ status: 'done', datasetId: result.datasetId, finishedAt: new Date() });
    await removeUploads(dataDir, runId);
    return result;
  } catch (error) {
    clearInterval(telling);
    if (signal?.aborted) await tell({ status: 'queued' });
    else {
      const why = error instanceof Error ? error.message : String(error);
      await tell({ status: 'failed', error: why, finishedAt: new Date() });
    }
    throw error;
  }
}

/** Days that uploads wait for somebody to go on with them. */
const keptDays = 7;

/** Fails runs that no job will carry out, and removes drafts and failures of a week ago. Returns how many of each. */
export async function clearImportRuns({ db, dataDir }: Context): Promise<{ lost: number; removed: number }> {
  const { rowCount } = await db.pool.query(`
    UPDATE "ImportRun" r SET status = 'failed', "finishedAt" = now(), error = 'The worker was stopped. Start it again.'
    WHERE r.status IN ('queued', 'running') AND r."updatedAt" < now() - interval '2 minutes' AND NOT EXISTS (
      SELECT FROM pgboss.job j
      WHERE j.name = 'import' AND j.data->>'runId' = r.id::text AND j.state IN ('created', 'retry', 'active'))`);
  const { rows } = await db.pool.query<{ id: string }>(
    `DELETE FROM "ImportRun" WHERE status IN ('draft', 'failed') AND "updatedAt" < now() - $1 * interval '1 day' RETURNING id`,
    [keptDays],
  );
  const known = new Set((await db.prisma.importRun.findMany({ select: { id: true } })).map(({ id }) => id));
  const folder = await readdir(`${dataDir}/uploads`).catch(() => []);
  const gone = new Set(folder.map((name) => name.slice(0, 36)).filter((id) => !known.has(id)));
  for (const id of gone) await removeUploads(dataDir, id);
  return { lost: rowCount ?? 0, removed: rows.length };
}
