import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { readArtifact, writeArtifact } from '@duet/artifact';
import { userHistories } from '@duet/artifact/inputs';
import { DuetError, silent } from '@duet/base';
import { splitDataset } from '@duet/datasets';
import type { Prisma } from '@duet/db';
import { hasVectors, isTower, ownSettings, resolveSettings, type VectorSettings } from '@duet/models';
import { artifactOf } from './artifact-of.ts';
import { type Choice, chooseSettings } from './auto/choose.ts';
import { defaultSplit, isOrdered, loadTrainingData, type TrainingData } from './data.ts';
import { drawUsers } from './evaluation/draw-users.ts';
import { evaluateVectors, type Judged } from './evaluation/evaluate.ts';
import { holdOutBaskets } from './evaluation/hold-out.ts';
import { evaluateModel, keepEvaluation, reportedTo } from './evaluation/judge.ts';
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
  /** For the preset auto's search, in which rules alone decide where it is 0; 10 where it is not said. */
  minutes?: number | undefined;
  /** What the preset auto decided before, to be taken over without a search. */
  choice?: Choice | undefined;
  name?: string;
  /**
   * Model of the same kind to start from: what it knows is put right, and what is new is learnt. From nothing unless
   * said.
   */
  from?: string | undefined;
  /** Users that it is judged on at most, drawn by a hash of their ids; 20,000 unless said. */
  evaluationUsers?: number | undefined;
  /** The data; by default the dataset's newest snapshot. */
  snapshotId?: string | undefined;
  /**
   * The TrainingRun to carry out, from its checkpoint where it was begun before; a new one is recorded otherwise.
   */
  runId?: string;
}

/** Judged on the split, unless that is `none`. */
export interface TrainResult extends Partial<Judged> {
  modelId: string;
  runId: string;
  /** What the preset auto decided. */
  choice?: Choice;
}

/**
 * Trains a model with vectors, keeps it as an artifact and a Model row, and then judges it. The TrainingRun row follows
 * it: its curve grows with every epoch, and it ends as done, or as failed with the reason. One that was cut leaves a
 * checkpoint, and goes on from it to the same weights, bit for bit, when its run is carried out again; one that was cut
 * while it was judged leaves the model, which is then judged alone.
 *
 * @throws DuetError `bad-input` for settings, a kind or a split that do not fit; whatever stops the training
 */
export async function trainModel(ctx: TrainerContext, request: TrainRequest): Promise<TrainResult> {
  const { db } = ctx;
  const { kind, preset = 'fast', set = {}, seed = 1, split } = request;
  // What does not fit is refused before the data are read.
  vectorSettings(kind, preset, set);
  const begun =
    request.runId === undefined ? null : await db.prisma.trainingRun.findUnique({ where: { id: request.runId } });
  const snapshotId = begun?.snapshotId ?? request.snapshotId;
  const data = await loadTrainingData(ctx, request.datasetId, snapshotId);
  const splitName = split ?? defaultSplit(data.dataset);
  const { minutes = autoMinutes } = request;
  const queued = { set: set as Prisma.InputJsonObject, seed, split: splitName, minutes };
  const runId =
    request.runId ??
    (
      await db.prisma.trainingRun.create({
        data: { datasetId: request.datasetId, kind, preset, parameters: queued },
      })
    ).id;
  const record = (change: Prisma.TrainingRunUpdateInput) =>
    db.prisma.trainingRun.update({ where: { id: runId }, data: change });
  return whileHolding(db, runId, async () => {
    const {
      status,
      modelId,
      choice: decided,
    } = await db.prisma.trainingRun.findUniqueOrThrow({ where: { id: runId } });
    // An earlier process finished this run, and ended before it could return.
    if (status === 'done' && modelId !== null) return { modelId, runId };
    await record({ executor: ctx.executor.name, status: 'running', startedAt: new Date(), error: null });
    try {
      const search = { kind, split: splitName, set, seed, minutes };
      const choice =
        preset === 'auto'
          ? ((decided as Choice | null) ?? request.choice ?? (await chooseSettings(ctx, data, search)))
          : undefined;
      const settings = vectorSettings(kind, preset, { ...choice?.set, ...set });
      const parameters = { ...ownSettings(kind, settings), seed, split: splitName };
      await record({
        ...{ kind, preset, parameters: { ...parameters, name: request.name } },
        ...(choice && { choice: choice as unknown as Prisma.InputJsonObject }),
        snapshot: { connect: { id: data.snapshot.id } },
      });
      const run: Run = { id: runId, settings, parameters, checkpoint: checkpointPath(ctx.dataDir, runId), record };
      // An earlier process kept the model, and ended before it had judged it.
      const judged =
        modelId === null ? await learn(ctx, request, run, data) : await judgeAgain(ctx, request, run, modelId);
      await record({ status: 'done', finishedAt: new Date() });
      return { runId, ...judged, ...(choice && { choice }) };
    } catch (cause) {
      const error = await withResumeHint(ctx, runId, cause);
      await record({ status: 'failed', error: (error as Error).message, finishedAt: new Date() });
      throw error;
    }
  });
}

/** Minutes that the preset auto searches for, unless said. */
const autoMinutes = 10;

/** @throws DuetError `bad-input` for settings that do not fit, and for a kind that is not trained */
function vectorSettings(kind: string, preset: string, set: Record<string, unknown>): VectorSettings {
  const settings = resolveSettings(kind, preset, set);
  if (hasVectors(settings)) return settings;
  throw new DuetError('bad-input', `A model of kind ${kind} is not trained: it only scores.`, {
    where: { field: 'kind' },
    fix: `Measure it with npx duet evaluate --baseline ${kind}.`,
  });
}

/** A TrainingRun under way. */
interface Run {
  id: string;
  settings: VectorSettings;
  parameters: { seed: number; split: string };
  checkpoint: string;
  record(change: Prisma.TrainingRunUpdateInput): Promise<unknown>;
}

/** The same error, which also says how to take the run up again. */
async function withResumeHint({ db, dataDir }: TrainerContext, runId: string, error: unknown): Promise<unknown> {
  if (!(error instanceof DuetError)) return error;
  const { modelId } = await db.prisma.trainingRun.findUniqueOrThrow({ where: { id: runId } });
  const resume = `npx duet train --resume ${runId}`;
  const fix =
    modelId === null
      ? existsSync(checkpointPath(dataDir, runId)) && `${resume} goes on from its checkpoint.`
      : `Model ${modelId} is trained and kept: ${resume} measures it.`;
  return fix ? new DuetError(error.code, error.message, { fix, cause: error }) : error;
}

type Learnt = Omit<TrainResult, 'runId'>;

/** Fits the model, keeps it, and judges it. */
async function learn(ctx: TrainerContext, request: TrainRequest, run: Run, data: TrainingData): Promise<Learnt> {
  const { executor, progress = silent, db } = ctx;
  const { kind, preset = 'fast', evaluationUsers } = request;
  const { settings, parameters, checkpoint, record } = run;
  const { seed, split: splitName } = parameters;
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
    earlier: isTower(settings) ? await earlierOf(ctx, kind, request.from) : undefined,
    progress,
    label: `train ${kind}`,
    signal: ctx.signal,
    checkpoint: { path: checkpoint, everyMs: (ctx.checkpointMinutes ?? 5) * 60_000 },
    onEpoch: (curve, steps) => record({ step: curve.at(-1)!.step, steps, curve: curve as object[] }),
  });

  const modelId = randomUUID();
  const histories = userHistories(interactions, split.train);
  const origin = { id: modelId, kind, split: splitName, seed, executor: executor.name };
  const artifact = artifactOf(fitted, data, histories, origin);
  await writeArtifact(ctx.dataDir, artifact);
  await db.prisma.model.create({
    data: {
      id: modelId,
      datasetId: dataset.id,
      name: request.name ?? kind,
      kind,
      preset,
      parameters,
      fingerprint: dataset.fingerprint,
      snapshotId: data.snapshot.id,
      dimensions: artifact.file.dimensions,
    },
  });
  await record({ model: { connect: { id: modelId } } });
  await rm(checkpoint, { force: true });

  if (split.evaluations.length === 0) return { modelId };
  const judged = await evaluateVectors(executor, {
    encoder: fitted.encoder,
    items: fitted.itemVectors,
    histories,
    split: drawUsers(split, interactions.users, evaluationUsers),
    catalogue,
    ...reportedTo(ctx, kind),
  });
  await keepEvaluation(db, modelId, judged.evaluation);
  return { modelId, ...judged };
}

/** @throws DuetError `bad-input` for a model of another kind */
async function earlierOf({ dataDir }: TrainerContext, kind: string, from: string | undefined) {
  if (from === undefined) return undefined;
  const model = await readArtifact(dataDir, from);
  if (model.file.kind === kind) return { modelId: from, model };
  throw new DuetError('bad-input', `Model ${from} is of kind ${model.file.kind}, and ${kind} cannot start from it.`, {
    where: { field: 'from' },
  });
}

async function judgeAgain(ctx: TrainerContext, request: TrainRequest, run: Run, modelId: string): Promise<Learnt> {
  if (run.parameters.split === 'none') return { modelId };
  return { modelId, ...(await evaluateModel(ctx, { modelId, evaluationUsers: request.evaluationUsers })) };
}
