import { readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { DuetError } from '@duet/base';
import { type Author, type Database, type Prisma, requireOneInstallation, writeAudit } from '@duet/db';
import { z } from 'zod';
import { checkIndexFolder, indexFolder, modelOfIndex } from './index-files.ts';

/** Lets `activate` make one index of a model active, and every other one not, in one transaction. */
export function switchTo<T>(
  db: Database,
  modelId: string,
  activate: (tx: Prisma.TransactionClient) => Promise<T>,
): Promise<T> {
  return db.prisma.$transaction(async (tx) => {
    // Two builds of one model may end together: the lock makes the later one switch the earlier one off.
    await tx.$queryRaw`SELECT 1 FROM "Model" WHERE "id" = ${modelId}::uuid FOR UPDATE`;
    await tx.index.updateMany({ where: { modelId, active: true }, data: { active: false } });
    return activate(tx);
  });
}

/**
 * Serves an earlier index of a model again, once its files are found whole; the services swap to it at their next look.
 * Items that came, changed or went since it was built are made up for beside it, as for any other index.
 *
 * @returns the version that serves now, and the one that did before
 * @throws DuetError `not-found`, `conflict` where it serves already, `corrupt` naming its damaged file
 */
export async function restoreIndex(
  { db, dataDir }: { db: Database; dataDir: string },
  indexId: string,
  author: Author = {},
): Promise<{ indexId: string; modelId: string; version: number; before: number | undefined }> {
  const known = z.uuid().safeParse(indexId).success;
  const index = known ? await db.prisma.index.findUnique({ where: { id: indexId } }) : null;
  if (index === null) {
    throw new DuetError('not-found', `There is no index ${indexId}.`, {
      fix: 'npx duet index --model <model> --versions lists the ones that are kept.',
    });
  }
  const { modelId, version } = index;
  if (index.active) throw new DuetError('conflict', `Version ${version} of this model's index serves already.`);
  await checkIndexFolder(dataDir, indexId, modelId);
  const active = await db.prisma.index.findFirst({ where: { modelId, active: true } });
  await switchTo(db, modelId, async (tx) => {
    await tx.index.update({ where: { id: indexId }, data: { active: true } });
    await writeAudit(tx, author, {
      action: 'restore index',
      objectKind: 'model',
      objectId: modelId,
      before: { indexId: active?.id, version: active?.version },
      after: { indexId, version },
    });
  });
  return { indexId, modelId, version, before: active?.version };
}

/** A folder that no row names is some build's that runs, or was killed longer ago than any build takes. */
const strayMs = 24 * 3_600_000;

/**
 * Deletes a model's oldest indexes beyond the `keep` newest, never one that serves or that an arm pins, and what killed
 * builds of this installation have left.
 *
 * @throws DuetError `conflict` where the database is not the one of the data folder, before anything is deleted
 */
export async function pruneIndexes(db: Database, dataDir: string, modelId: string, keep: number): Promise<void> {
  await requireOneInstallation(db, dataDir);
  const old = await db.prisma.index.findMany({
    where: { modelId },
    orderBy: { version: 'desc' },
    skip: keep,
    select: { id: true },
  });
  for (const { id } of old) {
    // In one statement, so that a restore or a pin that comes between keeps it.
    const { count } = await db.prisma.index.deleteMany({ where: { id, active: false, arms: { none: {} } } });
    if (count > 0) await rm(indexFolder(dataDir, id), { recursive: true, force: true });
  }
  await clearStrayBuilds(db, dataDir);
}

/** Deletes the old folders that killed builds left: unfinished ones, and those of models here that no row names. */
async function clearStrayBuilds(db: Database, dataDir: string): Promise<void> {
  const folder = path.dirname(indexFolder(dataDir, 'x'));
  for (const name of await readdir(folder)) {
    const stray = path.join(folder, name);
    const { mtimeMs } = await stat(stray);
    if (Date.now() - mtimeMs < strayMs) continue;
    const isStray = name.endsWith('.building') || (await isUnnamed(db, dataDir, name));
    if (isStray) await rm(stray, { recursive: true, force: true });
  }
}

/**
 * Whether a folder is an index of a model in the database, and no row names it. What is no index of ours is not ours to
 * delete.
 */
async function isUnnamed({ prisma }: Database, dataDir: string, id: string): Promise<boolean> {
  if (!z.uuid().safeParse(id).success || (await prisma.index.count({ where: { id } })) > 0) return false;
  const modelId = await modelOfIndex(dataDir, id);
  return modelId !== undefined && (await prisma.model.count({ where: { id: modelId } })) > 0;
}
