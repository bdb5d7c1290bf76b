import { existsSync } from 'node:fs';
import path from 'node:path';
import { DuetError } from '@duet/base';
import type { Snapshot } from '@duet/db';
import { changeDataset } from '../write/change-dataset.ts';
import { datasetFolder } from '../write/folder.ts';
import type { DatasetContext } from '../write/transaction.ts';

const isId = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

/**
 * A dataset's newest snapshot, which is made of the files of an older Duet where there is none.
 *
 * @param snapshotId another of its snapshots
 * @throws DuetError `not-found`
 */
export async function findSnapshot(ctx: DatasetContext, datasetId: string, snapshotId?: string): Promise<Snapshot> {
  const { prisma } = ctx.db;
  if (snapshotId !== undefined) {
    const found = isId(snapshotId) ? await prisma.snapshot.findUnique({ where: { id: snapshotId } }) : null;
    if (found?.datasetId === datasetId) return found;
    throw new DuetError('not-found', `The dataset ${datasetId} has no snapshot ${snapshotId}.`);
  }
  if (!isId(datasetId)) throw new DuetError('not-found', `There is no imported dataset ${datasetId}.`);
  const newest = await prisma.snapshot.findFirst({ where: { datasetId }, orderBy: { number: 'desc' } });
  return newest ?? changeDataset(ctx, datasetId, async (change) => change.newest);
}

/** Makes parts and snapshots of all datasets that an older Duet has left, where their files are there. */
export async function adoptOldFolders(ctx: DatasetContext): Promise<void> {
  const old = await ctx.db.prisma.dataset.findMany({
    where: { status: 'done', snapshots: { none: {} } },
    select: { id: true },
  });
  for (const { id } of old) {
    if (existsSync(path.join(datasetFolder(ctx.dataDir, id), 'meta.json'))) await findSnapshot(ctx, id);
  }
}
