import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { silent } from '@duet/base';
import type { DatasetPart } from '@duet/db';
import { partRows } from '../parts/part.ts';
import { type CompactionOrigin, compactionOf, partsOf } from '../parts/parts-of.ts';
import { literal, Workspace } from '../read/workspace/workspace.ts';
import type { SnapshotSummary } from '../snapshots/snapshot-files.ts';
import type { SnapshotContext } from '../snapshots/take-snapshot.ts';
import type { DatasetChange } from './change-dataset.ts';
import { datasetFolder, fileDigest, partFile, partsFolder, snapshotFolder, sync } from './folder.ts';
import { inTransaction } from './transaction.ts';

export interface TidyLimits {
  /** Parts are compacted where there are more than this; the newest stay as they are. */
  mostParts: number;
  newestParts: number;
  /** The newest snapshots stay whoever names them. */
  newestSnapshots: number;
  /** What a compaction replaces stays for so long: a backup may be reading it. */
  graceMs: number;
}

const usual: TidyLimits = { mostParts: 30, newestParts: 7, newestSnapshots: 3, graceMs: 86_400_000 };

/**
 * Keeps a dataset's folder small: many old parts become one, and what nothing names any more goes: parts that were
 * compacted, and snapshots beyond the newest three that no model, ranker, training or refresh saw.
 */
export async function tidyUp(
  ctx: SnapshotContext,
  change: DatasetChange,
  { now = new Date(), limits = usual }: { now?: Date; limits?: TidyLimits } = {},
): Promise<void> {
  await compact(ctx, change, limits, now);
  await dropReplaced(ctx, change, limits, now);
  await pruneSnapshots(ctx, change, limits);
}

async function compact(
  ctx: SnapshotContext,
  { dataset, newest, folder }: DatasetChange,
  { mostParts, newestParts }: TidyLimits,
  now: Date,
): Promise<void> {
  const { db, dataDir, progress = silent, signal, memory } = ctx;
  const datasetId = dataset.id;
  const parts = await partsOf(db, datasetId);
  const { clock } = newest.summary as unknown as SnapshotSummary;
  // Positions within a file mean nothing beside another file's.
  if (parts.length <= mostParts || clock !== 'time') return;
  const old = parts.slice(0, -newestParts);
  const files = old.map(({ id }) => partFile(dataDir, datasetId, id));
  const id = randomUUID();
  const made = path.join(folder, 'compaction.parquet');
  const scratch = path.join(folder, 'compaction-scratch');
  await mkdir(scratch);
  const home = datasetFolder(dataDir, datasetId);
  using workspace = await Workspace.open(scratch, { files: home, ...(memory && { memory }), signal });
  const rows = await workspace.run(
    `COPY (SELECT * EXCLUDE (filename, file_row_number)
       FROM ${partRows(files, 'filename = true, file_row_number = true')}
       ORDER BY time, list_position([${files.map(literal)}], filename), file_row_number)
     TO ${literal(made)} (FORMAT parquet, COMPRESSION zstd)`,
    { progress, step: 'compact parts' },
  );
  await sync(made);
  const origin: CompactionOrigin = { replaces: old.map((part) => part.id), at: now.toISOString() };
  const time = (of: (part: DatasetPart) => Date | null, pick: (...times: number[]) => number): Date | null => {
    const times = old.flatMap((part) => of(part)?.getTime() ?? []);
    return times.length === 0 ? null : new Date(pick(...times));
  };
  const [bytes, sha256] = [BigInt((await stat(made)).size), await fileDigest(made)];
  await inTransaction(db, async (client) => {
    await rename(made, partFile(dataDir, datasetId, id));
    await sync(partsFolder(dataDir, datasetId));
    await client.query(
      `INSERT INTO "DatasetPart" (id, "datasetId", source, origin, interactions, bytes, sha256, "firstAt", "lastAt", "createdAt")
       SELECT $1, $2, 'compaction', $3, $4, $5, $6, $7, $8, max("createdAt") FROM "DatasetPart" WHERE id = ANY($9)`,
      [
        ...[id, datasetId, origin, rows, bytes, sha256],
        ...[time((part) => part.firstAt, Math.min), time((part) => part.lastAt, Math.max), origin.replaces],
      ],
    );
    // The newest snapshot is made of the same rows.
    const partIds = [id, ...parts.slice(-newestParts).map((part) => part.id)];
    await client.query('UPDATE "Snapshot" SET "partIds" = $2 WHERE id = $1', [newest.id, partIds]);
  });
}

async function dropReplaced(
  { db, dataDir }: SnapshotContext,
  { dataset }: DatasetChange,
  { graceMs }: TidyLimits,
  now: Date,
): Promise<void> {
  const datasetId = dataset.id;
  const compactions = await db.prisma.datasetPart.findMany({ where: { datasetId, source: 'compaction' } });
  const gone = compactions.flatMap((part) => {
    const { replaces, at } = compactionOf(part)!;
    return now.getTime() - Date.parse(at) > graceMs ? replaces : [];
  });
  if (gone.length === 0) return;
  await db.prisma.datasetPart.deleteMany({ where: { datasetId, id: { in: gone } } });
  for (const id of gone) await rm(partFile(dataDir, datasetId, id), { force: true });
}

async function pruneSnapshots(
  { db, dataDir }: SnapshotContext,
  { dataset }: DatasetChange,
  { newestSnapshots }: TidyLimits,
): Promise<void> {
  const datasetId = dataset.id;
  const old = await db.prisma.snapshot.findMany({
    where: { datasetId },
    orderBy: { number: 'desc' },
    skip: newestSnapshots,
    select: { id: true },
  });
  const underWay = ['queued', 'running'] as const;
  for (const { id } of old) {
    // In one statement, so that a training that begins between keeps it.
    const { count } = await db.prisma.snapshot.deleteMany({
      where: {
        ...{ id, models: { none: {} }, rankers: { none: {} } },
        runs: { none: { status: { in: [...underWay] } } },
        refreshes: { none: { status: { in: [...underWay] } } },
      },
    });
    if (count > 0) await rm(snapshotFolder(dataDir, { id, datasetId }), { recursive: true, force: true });
  }
}
