import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Progress, silent } from '@duet/base';
import type { Database } from '@duet/db';
import { defaultLimits, type Limits } from './read/containers/bounds.ts';
import type { RemoteAccess } from './read/containers/remote.ts';
import { type ReadFeed, readFeed } from './read/feed.ts';
import { type InspectedFile, inspect } from './read/inspect.ts';
import { type ReadContext, readFiles } from './read/read.ts';
import { Workspace } from './read/workspace/workspace.ts';
import { type ImportRequest, type ImportSettings, parseImportRequest } from './request.ts';
import type { ReadSummary } from './summary.ts';

/** What an import may use. */
export interface ImportResources {
  /** Bytes that DuckDB may hold; a quarter of the machine's, at most 1 GiB, by default. */
  memory?: number | undefined;
  limits?: Partial<Limits> | undefined;
  /** What may be fetched over the network: nothing by default. */
  remote?: RemoteAccess | undefined;
  /** What the location `-` reads. */
  stdin?: AsyncIterable<Buffer> | undefined;
}

export interface ReadingContext extends ImportResources {
  progress?: Progress;
  signal?: AbortSignal;
  now?: Date;
  /** Records that are read of each file of text or workbook; all by default. */
  sampleRows?: number;
}

export interface ImportContext extends ReadingContext {
  db: Database;
  dataDir: string;
}

async function* nothing(): AsyncGenerator<Buffer> {}

/** Opens a workspace in a folder, which reads files of `files` alone, and hands it on with what reading takes. */
async function working<T>(
  ctx: ReadingContext,
  { folder, files }: { folder: string; files: string },
  { timeZone }: Pick<ImportSettings, 'timeZone'>,
  use: (workspace: Workspace, ctx: ReadContext) => Promise<T>,
): Promise<T> {
  const { progress = silent, signal, memory, now = new Date(), sampleRows } = ctx;
  const scratch = path.join(folder, 'scratch');
  await mkdir(scratch);
  using workspace = await Workspace.open(scratch, { files, ...(memory && { memory }), timeZone, signal });
  const limits = { ...defaultLimits, ...ctx.limits };
  const remote = ctx.remote ?? { hosts: [], privateHosts: [] };
  // Awaited here: the workspace is closed when this returns.
  return await use(workspace, { progress, signal, now, sampleRows, limits, remote, stdin: ctx.stdin ?? nothing() });
}

/**
 * Reads a request's files in a folder, and hands the tables that they make to `use`.
 *
 * @param known of a dataset that they are added to: its folder, which may be read, and the currency of what names none
 */
export const reading = <T>(
  ctx: ReadingContext,
  folder: string,
  settings: ImportSettings,
  use: (workspace: Workspace, read: ReadSummary) => Promise<T>,
  { files = folder, currency }: { files?: string; currency?: string } = {},
): Promise<T> =>
  working(ctx, { folder, files }, settings, async (workspace, readContext) =>
    use(workspace, await readFiles(workspace, folder, settings, { ...readContext, currency })),
  );

/** Reads a request's items file alone in a folder, and hands the tables that it makes to `use`. */
export const readingFeed = <T>(
  ctx: ReadingContext,
  folder: string,
  settings: ImportSettings,
  currency: string,
  use: (workspace: Workspace, read: ReadFeed) => Promise<T>,
): Promise<T> =>
  working(ctx, { folder, files: folder }, settings, async (workspace, readContext) =>
    use(workspace, await readFeed(workspace, folder, settings, { ...readContext, currency })),
  );

const asidePrefix = 'duet-preview-';
const dayMs = 86_400_000;

/** Removes what was put aside by processes that were killed: parts of customers' files. */
async function clearAside(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(asidePrefix)) continue;
    const folder = path.join(tmpdir(), name);
    const made = await stat(folder).catch(() => undefined);
    if (made === undefined || made.uid !== process.getuid?.() || Date.now() - made.mtimeMs < dayMs) continue;
    await rm(folder, { recursive: true, force: true });
  }
}

/** Does something in a folder of its own, which goes afterwards. */
export async function aside<T>(work: (folder: string) => Promise<T>): Promise<T> {
  await clearAside();
  const folder = await mkdtemp(path.join(tmpdir(), asidePrefix));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Says of files what they hold, each by its beginning.
 *
 * @param request How the files are written, as in an import's request: delimiter, encoding …
 */
export async function inspectFiles(
  ctx: ReadingContext,
  files: readonly string[],
  request: Partial<ImportRequest>,
): Promise<InspectedFile[]> {
  const settings = parseImportRequest({ ...request, name: 'inspected', interactions: '-' });
  return aside((folder) =>
    working({ ...ctx, sampleRows: 200 }, { folder, files: folder }, settings, (workspace, readContext) =>
      inspect(workspace, files, settings, readContext),
    ),
  );
}
