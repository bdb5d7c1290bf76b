import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { DuetError } from '@duet/base';
import { type Dataset, type DatasetPart, holdLock, requireOneInstallation, type Snapshot } from '@duet/db';
import { partsOf } from '../parts/parts-of.ts';
import { adoptOldFolder } from '../snapshots/old-folder.ts';
import { datasetFolder, partsFolder, snapshotsFolder } from './folder.ts';
import type { DatasetContext } from './transaction.ts';

/** A dataset that this process alone changes now. */
export interface DatasetChange {
  dataset: Dataset;
  /** In the order in which they came. */
  parts: DatasetPart[];
  newest: Snapshot;
  /** A folder beside its files that goes with the change: what is made is made here, and renamed into its place. */
  folder: string;
}

/** How long a change waits for the one before. */
const patienceMs = 60_000;

/** A change's folder; a killed one's goes with the next change. */
const unfinished = '.unfinished';

const lockOf = (datasetId: string): string => `duet dataset ${datasetId}`;

/**
 * Holds a dataset, so that nobody else changes it.
 *
 * @throws DuetError `conflict` where another process changes it for longer than a minute, or where the database is not
 *   the one of the data folder
 */
export async function holdDataset(
  ctx: DatasetContext,
  datasetId: string,
  waitMs: number = patienceMs,
): Promise<AsyncDisposable> {
  await requireOneInstallation(ctx.db, ctx.dataDir);
  const held = await holdLock(ctx.db, lockOf(datasetId), { waitMs });
  if (held !== undefined) return held;
  throw new DuetError('conflict', 'The dataset is being changed by another process right now.', {
    fix: 'Wait for it, and try again.',
  });
}

/**
 * Changes a dataset's parts or snapshots, while nobody else does.
 *
 * @throws DuetError `not-found`; `conflict` where another process changes it for longer than a minute, or where the
 *   database is not the one of the data folder
 */
export async function changeDataset<T>(
  ctx: DatasetContext,
  datasetId: string,
  work: (change: DatasetChange) => Promise<T>,
  { waitMs }: { waitMs?: number } = {},
): Promise<T> {
  const { prisma } = ctx.db;
  await using _held = await holdDataset(ctx, datasetId, waitMs);
  const dataset = await prisma.dataset.findUnique({ where: { id: datasetId } });
  if (dataset === null) throw new DuetError('not-found', `There is no dataset ${datasetId}.`);
  const last = () => prisma.snapshot.findFirst({ where: { datasetId }, orderBy: { number: 'desc' } });
  let newest = await last();
  if (newest === null) {
    await adoptOldFolder(ctx, dataset);
    newest = await last();
  }
  const parts = await partsOf(ctx.db, datasetId);
  await clearLeftovers(ctx, datasetId);
  const folder = path.join(datasetFolder(ctx.dataDir, datasetId), `${randomUUID()}${unfinished}`);
  await mkdir(folder, { recursive: true });
  try {
    return await work({ dataset, parts, newest: newest!, folder });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Removes what killed changes have left of datasets that nobody changes now: files of customers.
 *
 * @returns how many datasets had such
 */
export async function clearAbandonedChanges(ctx: DatasetContext): Promise<number> {
  const home = path.dirname(datasetFolder(ctx.dataDir, 'x'));
  let cleared = 0;
  for (const datasetId of await readdir(home).catch(() => [])) {
    const names = await readdir(datasetFolder(ctx.dataDir, datasetId)).catch(() => []);
    if (!names.some((name) => name.endsWith(unfinished))) continue;
    await using held = await holdLock(ctx.db, lockOf(datasetId));
    if (held === undefined) continue;
    await clearLeftovers(ctx, datasetId);
    cleared++;
  }
  return cleared;
}

/** Removes what killed changes have left of a dataset that this process holds: files that no row names. */
async function clearLeftovers({ db, dataDir }: DatasetContext, datasetId: string): Promise<void> {
  const named = async (table: 'DatasetPart' | 'Snapshot') => {
    const { rows } = await db.pool.query<{ id: string }>(`SELECT id FROM "${table}" WHERE "datasetId" = $1`, [
      datasetId,
    ]);
    return new Set(rows.map(({ id }) => id));
  };
  const home = datasetFolder(dataDir, datasetId);
  const [parts, snapshots] = await Promise.all([named('DatasetPart'), named('Snapshot')]);
  const clear = async (folder: string, isLeft: (name: string) => boolean): Promise<void> => {
    for (const name of await readdir(folder).catch(() => [])) {
      if (isLeft(name)) await rm(path.join(folder, name), { recursive: true, force: true });
    }
  };
  await clear(home, (name) => name.endsWith(unfinished));
  await clear(partsFolder(dataDir, datasetId), (name) => !parts.has(name.replace(/\.parquet$/, '')));
  await clear(snapshotsFolder(dataDir, datasetId), (name) => !snapshots.has(name));
}
