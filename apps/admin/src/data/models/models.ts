import type { Model, TrainingRun } from '@duet/db';
import { modelKinds } from '@duet/models';
import { database } from '#data/services.ts';
import { readEvaluations, type StoredEvaluation } from './evaluations.ts';
import { modelTitle } from './model-title.ts';

export type ComparedModel = Model & { evaluations: StoredEvaluation[] };

/** The split that a model was trained without; undefined where it learnt from everything. */
export function trainingSplit({ parameters }: Pick<Model, 'parameters'>): string | undefined {
  const split = (parameters as { split?: unknown } | null)?.split;
  return typeof split === 'string' && split !== 'none' ? split : undefined;
}

const rank = (kind: string) => modelKinds.findIndex((known) => known.kind === kind);

/**
 * The models that refreshes trained only to measure: twins of versions, which have their figures. They never answer, so
 * they are in no list.
 */
export async function measuredTwins(datasetId: string): Promise<string[]> {
  const { pool } = await database();
  const { rows } = await pool.query<{ id: string }>(
    `SELECT DISTINCT one->'state'->>'measuredModelId' AS "id"
     FROM "RefreshRun", jsonb_array_elements("stages") one
     WHERE "datasetId" = $1::uuid AND one->'state'->>'measuredModelId' IS NOT NULL`,
    [datasetId],
  );
  return rows.map(({ id }) => id);
}

/** A dataset's models in the order of the paper's table, newest first within a kind, each by its full name. */
export async function comparedModels(datasetId: string): Promise<ComparedModel[]> {
  const { prisma } = await database();
  const models = await prisma.model.findMany({
    where: { datasetId, id: { notIn: await measuredTwins(datasetId) } },
    include: { championOf: { select: { id: true } } },
    orderBy: { createdAt: 'desc' },
  });
  return models
    .map((model) => ({ ...model, name: modelTitle(model), evaluations: readEvaluations(model.metrics) }))
    .sort((a, b) => rank(a.kind) - rank(b.kind));
}

/** The newest model of each kind: what a headline compares. */
export const newestOfEachKind = (models: ComparedModel[]): ComparedModel[] =>
  models.filter((model, i) => models.findIndex(({ kind }) => kind === model.kind) === i);

export async function findModel(datasetId: string, id: string) {
  const { prisma } = await database();
  return prisma.model.findUnique({
    where: { id, datasetId },
    include: {
      championOf: { select: { id: true } },
      runs: { orderBy: { createdAt: 'desc' }, take: 1 },
      indexes: { orderBy: { createdAt: 'desc' } },
      arms: { include: { experiment: true } },
    },
  });
}

/** A dataset's newest training runs. */
export async function recentRuns(datasetId: string, limit: number): Promise<TrainingRun[]> {
  const { prisma } = await database();
  return prisma.trainingRun.findMany({ where: { datasetId }, orderBy: { createdAt: 'desc' }, take: limit });
}

export async function findRun(datasetId: string, id: string): Promise<TrainingRun | null> {
  const { prisma } = await database();
  return prisma.trainingRun.findUnique({ where: { id, datasetId } });
}
