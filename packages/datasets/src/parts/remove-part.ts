import { rm } from 'node:fs/promises';
import { DuetError } from '@duet/base';
import { type Author, type DatasetPart, writeAudit } from '@duet/db';
import { type SnapshotContext, snapshotOf } from '../snapshots/take-snapshot.ts';
import { changeDataset } from '../write/change-dataset.ts';
import { partFile } from '../write/folder.ts';
import { compactionOf, partsOf } from './parts-of.ts';

export interface RemovedPart {
  part: DatasetPart;
  /** The snapshot that is without it. */
  snapshotId: string;
}

/**
 * Takes a part out of a dataset, as after a broken export, and takes the snapshot that is without it. Snapshots, and
 * models that saw it, stay as they are. What later parts left out because this one had it is gone with it.
 *
 * @throws DuetError `not-found`; `conflict` for the only part, or while another process changes the dataset
 */
export async function removePart(
  ctx: SnapshotContext,
  datasetId: string,
  partId: string,
  author: Author = {},
): Promise<RemovedPart> {
  const { db, dataDir } = ctx;
  return changeDataset(ctx, datasetId, async (change) => {
    const part = change.parts.find(({ id }) => id === partId);
    if (part === undefined) {
      throw new DuetError('not-found', `"${change.dataset.name}" has no part ${partId}.`, {
        fix: `npx duet parts --dataset ${change.dataset.name} lists them.`,
      });
    }
    if (change.parts.length === 1) {
      throw new DuetError('conflict', `It is the only part of "${change.dataset.name}".`, {
        fix: `Remove the dataset: npx duet datasets remove ${change.dataset.name}.`,
      });
    }
    // Without it, what a compaction replaced would be a part again.
    const gone = [partId, ...(compactionOf(part)?.replaces ?? [])];
    await db.prisma.$transaction(async (tx) => {
      await tx.datasetPart.deleteMany({ where: { id: { in: gone } } });
      const { source, origin, interactions } = part;
      await writeAudit(tx, author, {
        ...{ action: 'remove-part', objectKind: 'dataset', objectId: datasetId, note: partId },
        ...{ before: { source, origin, interactions }, after: null },
      });
    });
    for (const id of gone) await rm(partFile(dataDir, datasetId, id), { force: true });
    const snapshot = await snapshotOf(ctx, { ...change, parts: await partsOf(db, datasetId) });
    return { part, snapshotId: snapshot.id };
  });
}
