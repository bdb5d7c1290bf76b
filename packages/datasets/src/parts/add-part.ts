import { randomUUID } from 'node:crypto';
import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { silent } from '@duet/base';
import type { Connection, PartSource } from '@duet/db';
import { Workspace } from '../read/workspace/workspace.ts';
import type { SnapshotSummary } from '../snapshots/snapshot-files.ts';
import { type SnapshotContext, snapshotOf } from '../snapshots/take-snapshot.ts';
import { changeDataset, type DatasetChange } from '../write/change-dataset.ts';
import { datasetFolder, partFile, partsFolder, sync } from '../write/folder.ts';
import { tidyUp } from '../write/tidy.ts';
import { inTransaction } from '../write/transaction.ts';
import { incoming, insertPart, writePart } from './part.ts';
import { partsOf } from './parts-of.ts';

/** An interaction as it is to become a row of a part. */
export interface NewRow {
  userId: string;
  itemId: string;
  /** Unix seconds. */
  time: number;
  /** 0 for what no model learns from: impressions. */
  weight: number;
  valueMinor: number | null;
  kind: string;
  orderId: string | null;
  quantity: number | null;
  /** Whether it hides the item from the user's recommendations. */
  hides: boolean;
}

/** Where rows come from. */
export interface RowSource {
  source: PartSource;
  /**
   * Hands rows on within the transaction that the part is written in, so that what it writes down of them is there if,
   * and only if, the part is.
   *
   * @returns what the part's row says of their origin
   */
  gather(client: Connection, add: (rows: readonly NewRow[]) => Promise<void>, change: DatasetChange): Promise<object>;
}

export interface AddedPart {
  /** Undefined where nothing of it is new. */
  partId: string | undefined;
  rows: number;
  added: number;
  /** The snapshot that has them. */
  snapshotId: string;
}

/**
 * Adds rows to a dataset as a part, in one transaction with what their source writes down, and takes the snapshot that
 * has them.
 */
export async function addPart(ctx: SnapshotContext, datasetId: string, from: RowSource): Promise<AddedPart> {
  const { db } = ctx;
  return changeDataset(ctx, datasetId, async (change) => {
    const part = await writeRows(ctx, change, from);
    const parts = await partsOf(db, datasetId);
    const snapshot = await snapshotOf(ctx, { ...change, parts });
    await tidyUp(ctx, { ...change, newest: snapshot });
    return { ...part, snapshotId: snapshot.id };
  });
}

async function writeRows(
  { db, dataDir, progress = silent, signal, memory }: SnapshotContext,
  change: DatasetChange,
  { source, gather }: RowSource,
): Promise<Omit<AddedPart, 'snapshotId'>> {
  const { dataset, parts, folder, newest } = change;
  const datasetId = dataset.id;
  const scratch = path.join(folder, 'part-scratch');
  await mkdir(scratch);
  const files = datasetFolder(dataDir, datasetId);
  using workspace = await Workspace.open(scratch, { files, ...(memory && { memory }), signal });
  await workspace.create(incoming);
  // Awaited here: the workspace is closed when this returns.
  return await inTransaction(db, async (client) => {
    let rows = 0;
    const context = (newest.summary as unknown as SnapshotSummary).context.length;
    const none = `[${Array.from({ length: context }, () => 'NULL').join(', ')}]`;
    const add = async (some: readonly NewRow[]): Promise<void> => {
      signal?.throwIfAborted();
      const text = (value: number | null) => (value === null ? null : String(value));
      await workspace.insert(
        incoming,
        some.map((row, at) => [
          ...[row.userId, row.itemId, String(row.time), String(row.weight), text(row.valueMinor) ?? 'nan', row.kind],
          ...[row.orderId, text(row.quantity), String(row.hides), null, none, String(rows + at)],
        ]),
      );
      rows += some.length;
    };
    const origin = await gather(client, add, change);
    if (rows === 0) return { partId: undefined, rows, added: 0 };
    const made = path.join(folder, 'part.parquet');
    const others = parts.map(({ id }) => partFile(dataDir, datasetId, id));
    const part = await writePart(workspace, made, { others }, progress);
    if (part.interactions === 0) return { partId: undefined, rows, added: 0 };
    signal?.throwIfAborted();
    const id = randomUUID();
    await mkdir(partsFolder(dataDir, datasetId), { recursive: true });
    await rename(made, partFile(dataDir, datasetId, id));
    await sync(partsFolder(dataDir, datasetId));
    await insertPart(client, { ...part, id, datasetId, source, origin, timed: true });
    return { partId: id, rows, added: part.interactions };
  });
}
