import { randomUUID } from 'node:crypto';
import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { type Progress, silent } from '@duet/base';
import type { Snapshot } from '@duet/db';
import { Workspace } from '../read/workspace/workspace.ts';
import type { ImportSettings } from '../request.ts';
import { countCategories } from '../write/catalogue.ts';
import { changeDataset, type DatasetChange } from '../write/change-dataset.ts';
import { datasetFolder, partFile, snapshotFolder, snapshotsFolder, sync } from '../write/folder.ts';
import { type DatasetContext, inTransaction } from '../write/transaction.ts';
import { loadNow } from './now.ts';
import { finishSnapshot, rowsOfParts, type SnapshotSummary, writeSnapshotFiles } from './snapshot-files.ts';
import { insertSnapshot } from './snapshot-row.ts';

export interface SnapshotContext extends DatasetContext {
  /** Bytes that DuckDB may hold. */
  memory?: number | undefined;
  progress?: Progress | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * The snapshot of a dataset as it is now: the newest one, where neither parts nor catalogue nor users have changed
 * since; else a new one.
 *
 * @throws DuetError `not-found`; `conflict` while another process changes the dataset
 */
export const takeSnapshot = (ctx: SnapshotContext, datasetId: string): Promise<Snapshot> =>
  changeDataset(ctx, datasetId, (change) => snapshotOf(ctx, change));

/** The same within a change of the dataset. */
export async function snapshotOf(
  ctx: SnapshotContext,
  { dataset, parts, newest, folder }: DatasetChange,
): Promise<Snapshot> {
  const { db, dataDir, progress = silent, signal, memory } = ctx;
  const { id: datasetId, name, currency } = dataset;
  const partIds = parts.map(({ id }) => id);
  const { rows } = await db.pool.query<{ version: string; users: boolean }>(
    `SELECT coalesce((SELECT max("changedIn") FROM "Item" WHERE "datasetId" = $1), 0)::text AS version,
       EXISTS (SELECT FROM "DatasetUser" WHERE "datasetId" = $1 AND "updatedAt" >= $2)
         OR EXISTS (SELECT FROM "UserAlias" WHERE "datasetId" = $1 AND at >= $2) AS users`,
    [datasetId, newest.createdAt],
  );
  const [{ version: catalogueVersion, users: usersChanged } = { version: '0', users: true }] = rows;
  const sameParts = partIds.join() === newest.partIds.join();
  if (sameParts && catalogueVersion === String(newest.catalogueVersion) && !usersChanged) return newest;

  const id = randomUUID();
  const made = path.join(folder, 'snapshot');
  const scratch = path.join(folder, 'snapshot-scratch');
  await mkdir(scratch);
  const home = datasetFolder(dataDir, datasetId);
  using workspace = await Workspace.open(scratch, { files: home, ...(memory && { memory }), signal });
  await loadNow(workspace, db.pool, datasetId);
  const { kCore } = { kCore: { user: 1, item: 1 }, ...(dataset.settings as Partial<Pick<ImportSettings, 'kCore'>>) };
  const { clock, sides, split, context } = newest.summary as unknown as SnapshotSummary;
  const files = partIds.map((part) => partFile(dataDir, datasetId, part));
  const before = snapshotFolder(dataDir, newest);
  const shape = { clock, sides, split, context, kCore };
  const interactions = await rowsOfParts(workspace, files, shape);
  const written = await writeSnapshotFiles(workspace, made, { rows: interactions, shape, before }, progress);
  if (written.fingerprint === newest.fingerprint) {
    const data = { partIds, catalogueVersion: BigInt(catalogueVersion), summary: written.summary as object };
    return db.prisma.snapshot.update({ where: { id: newest.id }, data });
  }
  await finishSnapshot(made, { id, datasetId, name, currency }, written);
  signal?.throwIfAborted();
  await inTransaction(db, async (client) => {
    await mkdir(snapshotsFolder(dataDir, datasetId), { recursive: true });
    await rename(made, snapshotFolder(dataDir, { id, datasetId }));
    await sync(snapshotsFolder(dataDir, datasetId));
    await insertSnapshot(client, { id, datasetId, partIds, catalogueVersion }, written);
    await countCategories(client, workspace, datasetId);
  });
  return db.prisma.snapshot.findUniqueOrThrow({ where: { id } });
}
