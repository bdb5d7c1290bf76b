import { DuetError } from '@duet/config';
import { type Split, splitDataset } from '@duet/datasets';
import type { Database } from '@duet/db';
import { itemNeighbours, popularityScores, scoreByNeighbours } from '@duet/models';
import { defaultSplit, loadTrainingData, type TrainingData } from './data.ts';
import { type Evaluation, evaluate, type Judged } from './evaluate.ts';
import { distinctItems, userHistories } from './histories.ts';
import { openModel } from './model.ts';
import { byUser, type Scorer, vectorScorer } from './scorer.ts';
import type { TrainerContext } from './train.ts';

export type BaselineKind = 'popularity' | 'item-knn';

/** Keeps an evaluation in the model's row, beside those of other splits. */
async function keep(db: Database, modelId: string, evaluation: Evaluation): Promise<void> {
  const patch = JSON.stringify({ [evaluation.split]: evaluation });
  await db.pool.query(`UPDATE "Model" SET "metrics" = "metrics" || $2::jsonb WHERE "id" = $1::uuid`, [modelId, patch]);
}

/**
 * Ranks the whole catalogue for every user of a split with a trained model, and keeps the result in its row.
 *
 * @throws DuetError `conflict` where the model learnt from what the split holds back
 */
export async function evaluateModel(
  ctx: TrainerContext,
  { modelId, split: splitName }: { modelId: string; split?: string },
): Promise<Judged> {
  await using model = await openModel(ctx.dataDir, modelId, ctx.executor);
  const name = splitName ?? (model.split === 'none' ? defaultSplit : model.split);
  if (name !== model.split) {
    throw new DuetError(
      'conflict',
      `Model ${modelId} learnt from the training part of "${model.split}", not "${name}".`,
      {
        where: { field: 'split' },
        fix: `Its metrics on "${name}" would count purchases that it has seen. Train one with --split ${name}.`,
      },
    );
  }
  const data = await loadTrainingData(ctx.db, ctx.dataDir, model.datasetId);
  const split = splitDataset(data.interactions, name);
  await using score = await vectorScorer(ctx.executor, {
    encode: async (users) => (await model.encodeUsers(users.map(({ user }) => data.interactions.users[user]!))).vectors,
    items: model.itemVectors,
    dims: model.dimensions,
    vectorsPerUser: model.vectorsPerUser,
  });
  const lists = distinctItems(userHistories(data.interactions, split.train));
  const judged = await evaluate({ split, catalogue: data.catalogue, lists, score });
  await keep(ctx.db, modelId, judged.evaluation);
  return judged;
}

/** What each baseline does unless it is told otherwise. */
export const baselineSettings: Record<BaselineKind, Record<string, number>> = {
  popularity: {},
  'item-knn': { neighbours: 50 },
};

/** @param lists each user's distinct items in training */
function baselineScorer(
  kind: BaselineKind,
  settings: Record<string, number>,
  lists: readonly Int32Array[],
  items: number,
): Scorer {
  if (kind === 'item-knn') {
    const similar = itemNeighbours(lists, items, settings.neighbours);
    return byUser(({ user }, scores) => scoreByNeighbours(similar, lists[user]!, scores));
  }
  const popularity = popularityScores(lists, items);
  return byUser((_, scores) => scores.set(popularity));
}

/** Ranks the whole catalogue for every user of a split with a model that needs no training. */
export function judgeBaseline(
  { catalogue, interactions }: Pick<TrainingData, 'catalogue' | 'interactions'>,
  split: Split,
  kind: BaselineKind,
  settings: Record<string, number>,
): Promise<Judged> {
  const lists = distinctItems(userHistories(interactions, split.train));
  const score = baselineScorer(kind, settings, lists, catalogue.ids.length);
  return evaluate({ split, catalogue, lists, score });
}

/** Judges a model that needs no training, and keeps the result in a Model row of its own: one a dataset and kind. */
export async function evaluateBaseline(
  ctx: Omit<TrainerContext, 'executor'>,
  { datasetId, kind, split: splitName = defaultSplit }: { datasetId: string; kind: BaselineKind; split?: string },
): Promise<Judged & { modelId: string }> {
  const data = await loadTrainingData(ctx.db, ctx.dataDir, datasetId);
  const parameters = baselineSettings[kind];
  const judged = await judgeBaseline(data, splitDataset(data.interactions, splitName), kind, parameters);
  const { prisma } = ctx.db;
  const { fingerprint } = data.dataset;
  const known = await prisma.model.findFirst({ where: { datasetId, kind, fingerprint } });
  const model =
    known ??
    (await prisma.model.create({ data: { datasetId, name: kind, kind, preset: '', parameters, fingerprint } }));
  await keep(ctx.db, model.id, judged.evaluation);
  return { modelId: model.id, ...judged };
}
