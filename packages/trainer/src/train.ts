import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type Artifact, writeArtifact } from '@duet/artifact';
import { userHistories } from '@duet/artifact/inputs';
import { DuetError, silent } from '@duet/base';
import { splitDataset } from '@duet/datasets';
import type { Prisma } from '@duet/db';
import { hasVectors, isTower, ownSettings, resolveSettings, type VectorSettings } from '@duet/models';
import { defaultSplit, isOrdered, loadTrainingData, type TrainingData } from './data.ts';
import { evaluateVectors, type Judged } from './evaluation/evaluate.ts';
import { holdOutBaskets } from './evaluation/hold-out.ts';
import { fitModel } from './fit.ts';
import { checkpointPath } from './loop/checkpoint.ts';
import { whileHolding } from './runs.ts';
import type { TrainerContext } from './trainer-context.ts';

export interface TrainRequest {
  datasetId: string;
  /** Key of a model with vectors in the registry: dat, ials … */
  kind: string;
  preset?: string;
  /** Settings over the preset's. */
  set?: Record<string, unknown>;
  seed?: number;
  /** The split whose training part is learnt and whose other part judges; `none` learns everything. */
  split?: string;
  name?: string;
  /**
   * The TrainingRun to carry out, from its checkpoint where it was begun before; a new one is recorded otherwise.
   */
  runId?: string;
}

/** Judged on the split, unless that is `none`. */
export interface TrainResult extends Partial<Judged> {
  modelId: string;
  runId: string;
}

/**
 * Trains a model with vectors, judges it, and keeps it as an artifact and a Model row. The TrainingRun row follows it:
 * its curve grows with every epoch, and it ends as done, or as failed with the reason. One that was cut leaves a
 * checkpoint, and goes on from it to the same weights, bit for bit, when its run is carried out again.
 *
 * @throws DuetError `bad-input` for settings, a kind or a split that do not fit; whatever stops the training
 */
export async function trainModel(ctx: TrainerContext, request: TrainRequest): Promise<TrainResult> {
  const { db } = ctx;
  const { kind, preset = 'fast', set = {}, seed = 1, split } = request;
  const settings = resolveSettings(kind, preset, set);
  if (!hasVectors(settings)) {
    throw new DuetError('bad-input', `A model of kind ${kind} is not trained: it only scores.`, {
      where: { field: 'kind' },
      fix: `Measure it with npx duet evaluate --baseline ${kind}.`,
    });
  }
  const data = await loadTrainingData(db, ctx.dataDir, request.datasetId);
  const parameters = { ...ownSettings(kind, settings), seed, split: split ?? defaultSplit(data.dataset) };
  const runId =
    request.runId ??
    (await db.prisma.trainingRun.create({ data: { datasetId: request.datasetId, kind, preset, parameters } })).id;
  return whileHolding(db, runId, async () => {
    const { status, modelId } = await db.prisma.trainingRun.findUniqueOrThrow({ where: { id: runId } });
    // An earlier process finished this run, and ended before it could return.
    if (status === 'done' && modelId !== null) return { modelId, runId };
    return carryOut(ctx, request, { runId, data, settings, parameters });
  });
}

interface Begun {
  runId: string;
  data: TrainingData;
  settings: VectorSettings;
  parameters: { seed: number; split: string };
}

async function carryOut(ctx: TrainerContext, request: TrainRequest, begun: Begun): Promise<TrainResult> {
  const { db } = ctx;
  const { kind, preset = 'fast' } = request;
  const { runId, data, settings, parameters } = begun;
  const { seed, split: splitName } = parameters;
  const record = (change: Prisma.TrainingRunUpdateInput) =>
    db.prisma.trainingRun.update({ where: { id: runId }, data: change });
  await record({
    kind,
    preset,
    parameters: { ...parameters, name: request.name },
    executor: ctx.executor.name,
    status: 'running',
    startedAt: new Date(),
    error: null,
  });
  const checkpoint = checkpointPath(ctx.dataDir, runId);
  try {
    const modelId = randomUUID();
    const { artifact, judged } = await learn(ctx, data, {
      modelId,
      kind,
      settings,
      seed,
      splitName,
      checkpoint,
      record,
    });
    await writeArtifact(ctx.dataDir, artifact);
    await db.prisma.model.create({
      data: {
        id: modelId,
        datasetId: data.dataset.id,
        name: request.name ?? kind,
        kind,
        preset,
        parameters,
        metrics: artifact.file.metrics,
        fingerprint: data.dataset.fingerprint,
        dimensions: artifact.file.dimensions,
      },
    });
    await record({ status: 'done', model: { connect: { id: modelId } }, finishedAt: new Date() });
    await rm(checkpoint, { force: true });
    return { modelId, runId, ...judged };
  } catch (cause) {
    const error = existsSync(checkpoint) ? withResumeHint(cause, runId) : cause;
    await record({ status: 'failed', error: (error as Error).message, finishedAt: new Date() });
    throw error;
  }
}

/** The same error, which also says how to take the run up again. */
function withResumeHint(error: unknown, runId: string): unknown {
  if (!(error instanceof DuetError)) return error;
  const fix = `npx duet train --resume ${runId} goes on from its checkpoint.`;
  return new DuetError(error.code, error.message, { fix, cause: error });
}

interface LearnRequest {
  modelId: string;
  kind: string;
  settings: VectorSettings;
  seed: number;
  splitName: string;
  checkpoint: string;
  record: (change: Prisma.TrainingRunUpdateInput) => Promise<unknown>;
}

/** From data to a judged artifact in memory. */
async function learn(
  ctx: TrainerContext,
  data: TrainingData,
  { modelId, kind, settings, seed, splitName, checkpoint, record }: LearnRequest,
): Promise<{ artifact: Artifact; judged: Judged | undefined }> {
  const { executor, progress = silent } = ctx;
  const { dataset, interactions, catalogue } = data;
  const split = splitDataset(interactions, splitName);
  // Training curves are of models that could be stopped by them: least squares has nothing to watch, and learns it all.
  const { train, validation } = isTower(settings)
    ? holdOutBaskets(interactions, split.train, { ordered: isOrdered(splitName, interactions) })
    : { train: split.train, validation: { ...split, evaluations: [] } };
  await using fitted = await fitModel({
    executor,
    data,
    train,
    watched: { ...validation, name: splitName },
    kind,
    settings,
    seed,
    progress,
    label: `train ${kind}`,
    signal: ctx.signal,
    checkpoint: { path: checkpoint, everyMs: (ctx.checkpointMinutes ?? 5) * 60_000 },
    onEpoch: (curve, steps) => record({ step: curve.at(-1)!.step, steps, curve: curve as object[] }),
  });

  const { encoder, itemVectors } = fitted;
  const { trained, space, params, tables } = fitted.parts;
  const histories = userHistories(interactions, split.train);
  const judged =
    split.evaluations.length > 0
      ? await evaluateVectors(executor, { encoder, items: itemVectors, histories, split, catalogue })
      : undefined;
  const vocabulariesOf = (side: 'user' | 'item') =>
    Object.fromEntries(Object.entries(space.encoded[side]).map(([name, { vocabulary }]) => [name, vocabulary]));
  const artifact: Artifact = {
    file: {
      id: modelId,
      kind,
      datasetId: dataset.id,
      fingerprint: dataset.fingerprint,
      split: splitName,
      seed,
      executor: executor.name,
      createdAt: new Date().toISOString(),
      ...trained,
      dimensions: encoder.dims,
      features: { user: space.user, item: space.item, sequence: space.sequence },
      vocabularies: {
        context: Object.fromEntries(Object.entries(space.context).map(([name, { vocabulary }]) => [name, vocabulary])),
        user: vocabulariesOf('user'),
        item: vocabulariesOf('item'),
      },
      priceBounds: space.encoded.item.price?.bounds,
      users: interactions.users,
      items: catalogue.ids,
      sides: interactions.sides,
      metrics: judged ? { [splitName]: judged.evaluation } : {},
    },
    space,
    params,
    tables,
    itemVectors,
    historyStart: histories.start,
    historyItem: histories.item,
  };
  return { artifact, judged };
}
