import type { Dataset, Model, TrainingRun } from '@duet/db';
import { modelKinds } from '@duet/models';
import { readEvaluations, type StoredEvaluation } from './evaluations.ts';
import { database } from './services.ts';

export type ComparedModel = Model & { evaluations: StoredEvaluation[] };

/** The split that a model was trained without; undefined where it learnt from everything. */
export function trainingSplit({ parameters }: Pick<Model, 'parameters'>): string | undefined {
  const split = (parameters as { split?: unknown } | null)?.split;
  return typeof split === 'string' && split !== 'none' ? split : undefined;
}

const rank = (kind: string) => modelKinds.findIndex((known) => known.kind === kind);

/** Every dataset that has models, with them: in the order of the paper's table, newest first within a kind. */
export async function comparedModels(): Promise<(Dataset & { models: ComparedModel[] })[]> {
  const { prisma } = await database();
  const datasets = await prisma.dataset.findMany({
    where: { models: { some: {} } },
    include: { models: { orderBy: { createdAt: 'desc' } } },
    orderBy: { createdAt: 'desc' },
  });
  return datasets.map((dataset) => ({
    ...dataset,
    models: dataset.models
      .map((model) => ({ ...model, evaluations: readEvaluations(model.metrics) }))
      .sort((a, b) => rank(a.kind) - rank(b.kind)),
  }));
}

/** The newest model of each kind: what a headline compares. */
export const newestOfEachKind = (models: ComparedModel[]): ComparedModel[] =>
  models.filter((model, i) => models.findIndex(({ kind }) => kind === model.kind) === i);

export async function findModel(id: string) {
  const { prisma } = await database();
  return prisma.model.findUnique({
    where: { id },
    include: {
      dataset: true,
      runs: { orderBy: { createdAt: 'desc' }, take: 1 },
      indexes: { orderBy: { createdAt: 'desc' } },
      arms: { include: { experiment: true } },
    },
  });
}

export type Run = TrainingRun & { dataset: { name: string }; model: { name: string } | null };

export async function recentRuns(limit: number): Promise<Run[]> {
  const { prisma } = await database();
  return prisma.trainingRun.findMany({
    orderBy: { createdAt: 'desc' },
    take: limit,
    include: { dataset: { select: { name: true } }, model: { select: { name: true } } },
  });
}

export async function findRun(id: string): Promise<Run | null> {
  const { prisma } = await database();
  return prisma.trainingRun.findUnique({
    where: { id },
    include: { dataset: { select: { name: true } }, model: { select: { name: true } } },
  });
}
