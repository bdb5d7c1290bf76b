import { type LoadedModel, openModel } from '@duet/artifact';
import { distinctItems, userHistories } from '@duet/artifact/inputs';
import { DuetError, silent } from '@duet/base';
import { splitDataset } from '@duet/datasets';
import type { Database, Prisma } from '@duet/db';
import { modelOfKind, resolveSettings, type ScorerModel } from '@duet/models';
import { defaultSplit, loadTrainingData, type TrainingData } from '../data.ts';
import type { TrainerContext } from '../trainer-context.ts';
import { type DrawnSplit, drawUsers } from './draw-users.ts';
import { evaluate, type Judged } from './evaluate.ts';
import type { Evaluation } from './evaluation.ts';
import { byUser, type Scorer, vectorScorer } from './scorer.ts';

export interface BaselineRequest {
  datasetId: string;
  /** Key of a model that only scores: popularity, item-knn, ease. */
  kind: string;
  split?: string | undefined;
  /** Settings over the kind's own. */
  set?: Record<string, unknown>;
  /** False to let what a user has had compete too: the answer is then not kept. */
  mask?: boolean;
  /** Users to rank for at most, drawn by a hash of their ids; 20,000 unless said. */
  evaluationUsers?: number | undefined;
}

export interface ModelEvaluationRequest extends Pick<BaselineRequest, 'mask' | 'evaluationUsers'> {
  modelId: string;
  /** The split whose training part it learnt, unless said. */
  split?: string | undefined;
  /**
   * The data to judge it on, by default those that it was trained on. A later snapshot's answer is not kept with the
   * model; what it holds out is none that the model has seen.
   */
  snapshotId?: string | undefined;
}

/** Keeps an evaluation in the model's row, with those of other splits. */
export async function keepEvaluation(db: Database, modelId: string, evaluation: Evaluation): Promise<void> {
  const patch = JSON.stringify({ [evaluation.split]: evaluation });
  await db.pool.query(`UPDATE "Model" SET "metrics" = "metrics" || $2::jsonb WHERE "id" = $1::uuid`, [modelId, patch]);
}

/**
 * Ranks the whole catalogue for every user of a split with a trained model, and keeps the result in its row.
 *
 * @param mask false to let what a user has had compete too: the answer is then not kept
 * @throws DuetError `conflict` where the model learnt from what the split holds back
 */
export async function evaluateModel(
  ctx: TrainerContext,
  { modelId, split: splitName, mask = true, evaluationUsers, snapshotId }: ModelEvaluationRequest,
): Promise<Judged> {
  await using model = await openModel(ctx.dataDir, modelId, ctx.executor);
  const name = splitName ?? model.split;
  if (name === 'none') {
    throw new DuetError(
      'conflict',
      `Model ${modelId} learnt from everything, so that nothing is left to judge it by.`,
      {
        fix: 'Train one with --split.',
      },
    );
  }
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
  const trainedModel = await ctx.db.prisma.model.findUnique({ where: { id: modelId }, select: { snapshotId: true } });
  const seen = trainedModel?.snapshotId ?? undefined;
  const data = await loadTrainingData(ctx, model.datasetId, snapshotId ?? seen);
  const whole = splitDataset(data.interactions, name);
  const split = drawUsers(whole, data.interactions.users, evaluationUsers);
  const { vectors, unknown } = inRowsOf(data.catalogue.ids, model);
  await using scoreAll = await vectorScorer(ctx.executor, {
    encode: async (users) => {
      const ids = users.map(({ user }) => data.interactions.users[user]!);
      return (
        await model.encodeUsers(
          ids,
          users.map(({ situation }) => situation),
        )
      ).vectors;
    },
    items: vectors,
    dims: model.dimensions,
    vectorsPerUser: model.vectorsPerUser,
  });
  const lists = distinctItems(userHistories(data.interactions, split.train));
  const judged = await evaluate({
    split,
    catalogue: data.catalogue,
    lists,
    score: withoutItems(scoreAll, unknown),
    mask,
    ...reportedTo(ctx, model.kind),
  });
  if (mask && (snapshotId === undefined || snapshotId === seen)) {
    await keepEvaluation(ctx.db, modelId, judged.evaluation);
  }
  return judged;
}

/** A model's item vectors [ids, dimensions] in the order of these ids, and the rows of those that it does not know. */
function inRowsOf(
  ids: readonly string[],
  { items, itemVectors, dimensions: dim }: Pick<LoadedModel, 'items' | 'itemVectors' | 'dimensions'>,
): { vectors: Float32Array; unknown: number[] } {
  const rowOf = new Map(items.map((id, row) => [id, row]));
  const vectors = new Float32Array(ids.length * dim);
  const unknown: number[] = [];
  ids.forEach((id, at) => {
    const row = rowOf.get(id);
    if (row === undefined) unknown.push(at);
    else vectors.set(itemVectors.subarray(row * dim, (row + 1) * dim), at * dim);
  });
  return { vectors, unknown };
}

/** The same scores, but for items that cannot be found. */
const withoutItems =
  (score: Scorer, unknown: readonly number[]): Scorer =>
  async (users, scores) => {
    await score(users, scores);
    const items = scores.length / users.length;
    for (let from = 0; from < scores.length; from += items) for (const item of unknown) scores[from + item] = -Infinity;
  };

/** Reports how far an evaluation is, and stops it. */
export const reportedTo = (
  { progress = silent, signal }: Pick<TrainerContext, 'progress' | 'signal'>,
  kind: string,
) => ({
  onUsers: (done: number, total: number) => progress({ step: `evaluate ${kind}`, done, total, unit: 'users' }),
  signal,
});

/** @throws DuetError `bad-input` for a kind that is trained, or unknown */
export function scorerOf(kind: string): ScorerModel {
  const model = modelOfKind(kind);
  if (model.family === 'scorer') return model;
  throw new DuetError('bad-input', `A model of kind ${kind} is trained before it is measured.`, {
    where: { field: 'kind' },
    fix: `npx duet train --model ${kind} does both.`,
  });
}

/** Ranks the whole catalogue for every user of a split with a model that only scores. */
export async function judgeBaseline(
  ctx: Pick<TrainerContext, 'executor' | 'progress' | 'signal'>,
  { catalogue, interactions }: Pick<TrainingData, 'catalogue' | 'interactions'>,
  split: DrawnSplit,
  { kind, fit }: ScorerModel,
  settings: Record<string, unknown>,
  mask = true,
): Promise<Judged> {
  const { executor, progress = silent } = ctx;
  const lists = distinctItems(userHistories(interactions, split.train));
  const scorer = await fit({ executor, lists, items: catalogue.ids.length, progress }, settings);
  const score = byUser(({ user }, scores) => scorer(lists[user]!, scores));
  return evaluate({ split, catalogue, lists, score, mask, ...reportedTo(ctx, kind) });
}

/**
 * Judges a model that only scores, and keeps the result in a Model row of its own: one for each dataset, kind and
 * settings.
 *
 * @throws DuetError `bad-input` for a kind that is trained, or settings that do not fit
 */
export async function evaluateBaseline(
  ctx: TrainerContext,
  request: BaselineRequest,
): Promise<Judged & { modelId: string }> {
  const { datasetId, kind, set = {}, mask = true } = request;
  const scorer = scorerOf(kind);
  const parameters = resolveSettings(kind, 'best', set) as Prisma.InputJsonObject;
  const data = await loadTrainingData(ctx, datasetId);
  const whole = splitDataset(data.interactions, request.split ?? defaultSplit(data.dataset));
  const split = drawUsers(whole, data.interactions.users, request.evaluationUsers);
  const judged = await judgeBaseline(ctx, data, split, scorer, parameters, mask);
  const { prisma } = ctx.db;
  const { fingerprint } = data.dataset;
  const known = await prisma.model.findFirst({
    where: { datasetId, kind, fingerprint, parameters: { equals: parameters } },
  });
  const model =
    known ??
    (await prisma.model.create({
      data: { datasetId, name: kind, kind, preset: '', parameters, fingerprint, snapshotId: data.snapshot.id },
    }));
  if (mask) await keepEvaluation(ctx.db, model.id, judged.evaluation);
  return { modelId: model.id, ...judged };
}
