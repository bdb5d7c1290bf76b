import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Progress, silent } from '@duet/base';
import type { Database } from '@duet/db';
import { defaultLimits, type Limits } from './read/containers/bounds.ts';
import type { RemoteAccess } from './read/containers/remote.ts';
import { type Preview, previewTables } from './read/preview.ts';
import { clockSummary, minorUnits, readFiles } from './read/read.ts';
import { Workspace } from './read/workspace.ts';
import { type ImportRequest, type ImportSettings, parseImportRequest, withPaths } from './request.ts';
import type { ClockSummary, ImportSummary, ReadSummary } from './summary.ts';
import { storeCatalogue } from './write/catalogue.ts';
import { writeColumnar } from './write/columnar.ts';
import { Draft } from './write/draft.ts';
import { fingerprintOf } from './write/folder.ts';

/** What an import tells whoever asked for it. */
interface ImportAnswer extends Pick<ReadSummary, 'mapping' | 'currency' | 'events' | 'warnings'> {
  /** Interactions, users and items of the dataset. */
  rows: number;
  users: number;
  items: number;
  /** Malformed rows of all files; all are in the dataset folder's rejected.jsonl. */
  rejected: number;
  /** Optional values that could not be read, and are empty. */
  emptied: number;
  clock: ClockSummary;
}

export interface ImportResult extends ImportAnswer {
  datasetId: string;
  fingerprint: string;
  summary: ImportSummary;
}

export interface ImportPreview extends ImportAnswer, Preview {
  summary: ReadSummary;
}

/** What an import may use. */
export interface ImportResources {
  /** Bytes that DuckDB may hold; a quarter of the machine's, at most 4 GiB, by default. */
  memory?: number | undefined;
  limits?: Partial<Limits> | undefined;
  /** What may be fetched over the network: nothing by default. */
  remote?: RemoteAccess | undefined;
  /** What the location `-` reads. */
  stdin?: AsyncIterable<Buffer> | undefined;
}

interface ReadingContext extends ImportResources {
  progress?: Progress;
  signal?: AbortSignal;
  now?: Date;
}

interface Context extends ReadingContext {
  db: Database;
  dataDir: string;
}

async function* nothing(): AsyncGenerator<Buffer> {}

/** Reads a request's files in a folder, and hands the tables that they make to `use`. */
async function reading<T>(
  ctx: ReadingContext,
  folder: string,
  settings: ImportSettings,
  use: (workspace: Workspace, read: ReadSummary) => Promise<T>,
): Promise<T> {
  const { progress = silent, signal, memory, now = new Date() } = ctx;
  const scratch = path.join(folder, 'scratch');
  await mkdir(scratch);
  using workspace = await Workspace.open(scratch, {
    files: folder,
    ...(memory && { memory }),
    timeZone: settings.timeZone,
    signal,
  });
  const read = await readFiles(workspace, folder, settings, {
    progress,
    signal,
    now,
    limits: { ...defaultLimits, ...ctx.limits },
    remote: ctx.remote ?? { hosts: [], privateHosts: [] },
    stdin: ctx.stdin ?? nothing(),
  });
  // Awaited here: the workspace is closed when this returns.
  return await use(workspace, read);
}

const answerOf = ({ mapping, currency, events, warnings, rejected, emptied }: ReadSummary) => ({
  rejected: rejected.total,
  emptied: emptied.total,
  mapping,
  currency,
  events,
  warnings,
});

/**
 * Imports a dataset: interactions and vocabularies as columnar files in `<dataDir>/datasets/<id>/`, the catalogue into
 * PostgreSQL. All or nothing: a failed, stopped or killed import leaves no dataset. DuckDB holds a bounded part of the
 * files in memory.
 *
 * @throws DuetError `bad-input` (a column that is missing, a malformed row under `strict`, nothing that can be used),
 *   `not-found` (a file), `corrupt` (a damaged one), `conflict` (the name is taken, or being imported by another process),
 *   `unauthorised` (what may not be fetched), `unavailable` (what cannot be, and where memory or disk end)
 */
export async function importDataset(ctx: Context, request: ImportRequest): Promise<ImportResult> {
  const started = performance.now();
  const { progress = silent, signal } = ctx;
  const settings = withPaths(parseImportRequest(request), (file) => path.resolve(file));
  const { name, description, attribution } = settings;
  await using draft = await Draft.begin(ctx, name, settings.replace);
  return await reading(ctx, draft.folder, settings, async (workspace, read) => {
    const currency = read.currency.code;
    const digits = minorUnits(currency);
    const { span, ...counts } = await writeColumnar(workspace, draft.folder, read, { minorUnits: digits, progress });
    const clock = await clockSummary(workspace, read.clock);
    const fingerprint = await fingerprintOf(draft.folder);
    const summary: ImportSummary = { ...read, seconds: (performance.now() - started) / 1000 };
    const meta = { datasetId: draft.id, name, currency, fingerprint, ...counts, summary };
    await writeFile(path.join(draft.folder, 'meta.json'), `${JSON.stringify(meta, null, 2)}\n`);
    const { rows, users, items } = counts;
    await draft.publish(async (client) => {
      await client.query(
        `INSERT INTO "Dataset" (id, name, description, attribution, currency, settings, status, summary, fingerprint,
           interactions, users, items, rejected, "firstAt", "lastAt", "showOutOfStock")
         VALUES ($1, $2, $3, $4, $5, $6, 'done', $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
        [
          ...[draft.id, name, description, attribution, currency, settings, summary, fingerprint],
          ...[rows, users, items, read.rejected.total, ...span, settings.showOutOfStock],
        ],
      );
      await storeCatalogue(client, workspace, draft.id, { progress, items, signal });
      await rm(workspace.folder, { recursive: true, force: true });
      signal?.throwIfAborted();
    });
    return { datasetId: draft.id, ...counts, ...answerOf(read), clock, fingerprint, summary };
  });
}

/**
 * Reads a request's files as an import does, and shows what would be stored; writes nothing.
 *
 * @throws DuetError as {@link importDataset}
 */
export async function previewImport(ctx: ReadingContext, request: ImportRequest): Promise<ImportPreview> {
  const settings = withPaths(parseImportRequest(request), (file) => path.resolve(file));
  const folder = await mkdtemp(path.join(tmpdir(), 'duet-preview-'));
  try {
    return await reading(ctx, folder, settings, async (workspace, read) => {
      const { counts, ...preview } = await previewTables(workspace, read);
      return {
        ...counts,
        ...answerOf(read),
        clock: await clockSummary(workspace, read.clock),
        ...preview,
        summary: read,
      };
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
