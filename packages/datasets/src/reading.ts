import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { type Progress, silent } from '@duet/base';
import type { Database } from '@duet/db';
import { defaultLimits, type Limits } from './read/containers/bounds.ts';
import type { RemoteAccess } from './read/containers/remote.ts';
import { readFiles } from './read/read.ts';
import { Workspace } from './read/workspace.ts';
import type { ImportSettings } from './request.ts';
import type { ReadSummary } from './summary.ts';

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

export interface ReadingContext extends ImportResources {
  progress?: Progress;
  signal?: AbortSignal;
  now?: Date;
}

export interface ImportContext extends ReadingContext {
  db: Database;
  dataDir: string;
}

async function* nothing(): AsyncGenerator<Buffer> {}

/**
 * Reads a request's files in a folder, and hands the tables that they make to `use`.
 *
 * @param known of a dataset that they are added to: its folder, which may be read, and the currency of what names none
 */
export async function reading<T>(
  ctx: ReadingContext,
  folder: string,
  settings: ImportSettings,
  use: (workspace: Workspace, read: ReadSummary) => Promise<T>,
  known: { files?: string; currency?: string } = {},
): Promise<T> {
  const { progress = silent, signal, memory, now = new Date() } = ctx;
  const scratch = path.join(folder, 'scratch');
  await mkdir(scratch);
  using workspace = await Workspace.open(scratch, {
    files: known.files ?? folder,
    ...(memory && { memory }),
    timeZone: settings.timeZone,
    signal,
  });
  const read = await readFiles(workspace, folder, settings, {
    progress,
    signal,
    now,
    currency: known.currency,
    limits: { ...defaultLimits, ...ctx.limits },
    remote: ctx.remote ?? { hosts: [], privateHosts: [] },
    stdin: ctx.stdin ?? nothing(),
  });
  // Awaited here: the workspace is closed when this returns.
  return await use(workspace, read);
}
