import { rm } from 'node:fs/promises';
import path from 'node:path';
import { DuetError } from '@duet/base';
import { type Author, type Database, type Model, type Prisma, requireOneInstallation, writeAudit } from '@duet/db';
import { measuredTwin } from '../refresh/refresh-run.ts';
import { championBefore, versionsOf } from '../registry/champion.ts';
import type { RemovalContext } from './remove-dataset.ts';

/** Models that may go: those that are nobody's champion, in no arm, and that no training or refresh is at work on. */
const idle = {
  championOf: null,
  arms: { none: {} },
  runs: { none: { status: 'running' } },
  refreshes: { none: { status: { in: ['queued', 'running'] } } },
} satisfies Prisma.ModelWhereInput;

/** Why a model cannot go, as a sentence's end; undefined where it can. */
async function useOf({ prisma }: Database, id: string): Promise<string | undefined> {
  const { championOf, arms, runs, refreshes } = await prisma.model.findUniqueOrThrow({
    where: { id },
    include: {
      championOf: true,
      arms: { include: { experiment: true } },
      runs: { where: { status: 'running' } },
      refreshes: { where: { status: { in: ['queued', 'running'] } } },
    },
  });
  if (championOf !== null) return `is the champion of "${championOf.name}"`;
  if (arms.length > 0) return `is in the experiment "${arms[0]!.experiment.name}"`;
  return runs.length + refreshes.length > 0 ? 'is being made' : undefined;
}

/**
 * Deletes a model with its indexes.
 *
 * @throws DuetError `conflict` where it is a champion, or an experiment's, or still being made
 */
export async function removeModel(
  { db, dataDir }: RemovalContext,
  { id, name, kind, datasetId, version }: Model,
  author: Author = {},
): Promise<void> {
  await requireOneInstallation(db, dataDir);
  const indexes = await db.prisma.index.findMany({ where: { modelId: id }, select: { id: true } });
  // In one statement, so that a promotion or an arm that comes between keeps it.
  const { count } = await db.prisma.model.deleteMany({ where: { id, ...idle } });
  if (count === 0) {
    throw new DuetError('conflict', `Model ${name} (${id}) ${(await useOf(db, id)) ?? 'is in use'}: it cannot go.`, {
      fix: 'Promote another version, or remove the experiment, first.',
    });
  }
  for (const index of indexes) await rm(path.join(dataDir, 'indexes', index.id), { recursive: true, force: true });
  await rm(path.join(dataDir, 'models', id), { recursive: true, force: true });
  await writeAudit(db.prisma, author, {
    ...{ action: 'remove', objectKind: 'model', objectId: id, note: name },
    ...{ before: { name, kind, datasetId, version }, after: null },
  });
}

/**
 * Deletes a dataset's old models: of each registered model all but the newest `keep` versions, of the others all but
 * the newest `keep` of each kind. Never a champion, the one before it, a model of an experiment, or the measured twin
 * of a version that stays.
 *
 * @returns those that went
 */
export async function pruneModels(
  ctx: RemovalContext,
  datasetId: string,
  keep: number,
  author: Author = {},
): Promise<Model[]> {
  const { db } = ctx;
  const stays = new Set<string>();
  for (const registered of await db.prisma.registeredModel.findMany({ where: { datasetId } })) {
    const versions = (await versionsOf(db, registered.id)).slice(0, keep).map(({ id }) => id);
    const champions = [registered.championId, await championBefore(db, registered)].flatMap((id) => id ?? []);
    for (const id of [...versions, ...champions]) {
      stays.add(id);
      const twin = await measuredTwin(db, id);
      if (twin !== undefined) stays.add(twin);
    }
  }
  const models = await db.prisma.model.findMany({
    where: { datasetId, ...idle, dimensions: { gt: 0 } },
    orderBy: { createdAt: 'desc' },
  });
  const twins = new Set(await allTwins(db, datasetId));
  const ofKind = new Map<string, number>();
  const removed: Model[] = [];
  for (const model of models) {
    if (stays.has(model.id)) continue;
    if (model.registeredModelId === null && !twins.has(model.id)) {
      const newer = ofKind.get(model.kind) ?? 0;
      ofKind.set(model.kind, newer + 1);
      if (newer < keep) continue;
    }
    await removeModel(ctx, model, author);
    removed.push(model);
  }
  return removed;
}

/** Every measured twin of a dataset's refreshes that came to an end. */
async function allTwins(db: Database, datasetId: string): Promise<string[]> {
  const runs = await db.prisma.refreshRun.findMany({
    where: { datasetId, modelId: { not: null } },
    select: { modelId: true },
  });
  const twins = await Promise.all(runs.map(({ modelId }) => measuredTwin(db, modelId!)));
  return twins.flatMap((twin) => twin ?? []);
}
