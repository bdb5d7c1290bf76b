import { type Artifact, Encoder, factorEncoder, type TrainedBy, type UserEncoder } from '@duet/artifact';
import { distinctItems, itemItemTables, noFeatures, popularityTable, userHistories } from '@duet/artifact/inputs';
import { DuetError, type Progress } from '@duet/base';
import type { Split } from '@duet/datasets';
import {
  type Executor,
  type FactorKind,
  type FactorTraining,
  graphSettings,
  isTower,
  type SweptItems,
  type TrainingSettings,
  type VectorSettings,
} from '@duet/models';
import { distinctPerStep } from './batches/columns.ts';
import { rowCounts, stepsFor } from './batches/epochs.ts';
import { allItems, collectPositives, countPositives, type Positives } from './batches/positives.ts';
import { isOrdered, type TrainingData } from './data.ts';
import { solveItems } from './factors.ts';
import { alignedCategories } from './features/aligned-categories.ts';
import { buildFeatures } from './features/build-features.ts';
import { itemItemPrior } from './features/item-item.ts';
import { popularityPrior } from './features/popularity.ts';
import { betweenEpochs, CheckpointFile, type CurvePoint, factorKey, towerKey } from './loop/checkpoint.ts';
import { trainTowers } from './loop/tower-training.ts';
import type { Earlier } from './loop/warm-start.ts';

export interface FitInput {
  executor: Executor;
  data: TrainingData;
  /** Rows of the interactions to learn from. */
  train: Int32Array;
  /** Users and targets that the curve is measured on. */
  watched: Split;
  kind: string;
  settings: VectorSettings;
  seed: number;
  /** A tower of the same kind to start from; from nothing where it is not said. */
  earlier?: { modelId: string; model: Earlier } | undefined;
  progress: Progress;
  label: string;
  signal?: AbortSignal | undefined;
  /** File that the training writes checkpoints to, and resumes from. */
  checkpoint?: { path: string; everyMs: number } | undefined;
  /** Called with the whole curve after each epoch. */
  onEpoch?: ((curve: CurvePoint[], steps: number) => Promise<unknown>) | undefined;
}

/** A fitted model in memory: its vectors, and what an artifact keeps to make them again. */
export interface Fitted extends AsyncDisposable {
  encoder: UserEncoder;
  /** p_v of every item [items, dims]. */
  itemVectors: Float32Array;
  parts: Pick<Artifact, 'space' | 'params' | 'tables'> & { trained: TrainedBy };
}

/**
 * Fits a model with vectors on these rows.
 *
 * @throws DuetError `bad-input` for fewer than two positives; whatever stops the training
 */
export function fitModel(input: FitInput): Promise<Fitted> {
  const { settings } = input;
  return isTower(settings) ? fitTowers(input, settings) : fitFactors(input, settings);
}

async function fitTowers(input: FitInput, asked: TrainingSettings): Promise<Fitted> {
  const { executor, data, train, watched, kind, checkpoint, earlier, ...loop } = input;
  const { catalogue } = data;
  const positives = collectPositives(data.interactions, train, asked, isOrdered(watched.name, data.interactions));
  if (positives.item.length < 2) throw tooFew(watched.name, positives.item.length);
  const settings = fitToPositives(asked, positives);
  const space = buildFeatures(data, settings, kind, train);
  const { count, of: itemCategory } = alignedCategories(catalogue, positives.itemCount, settings.alignmentCategories);
  const model = graphSettings(kind, settings, space, count);
  const key = towerKey(settings, positives, space, [kind, input.seed, count, ...(earlier ? [earlier.modelId] : [])]);
  const { signal, progress } = input;
  const priors: Record<string, Float32Array> = space.tables[itemItemTables.item]
    ? await itemItemPrior(distinctItems(positives.histories), catalogue.ids.length, settings, {
        executor,
        signal,
        progress,
      })
    : {};
  if (space.tables[popularityTable]) priors[popularityTable] = popularityPrior(data.interactions, train, settings);
  const { tables, params } = await trainTowers({
    ...loop,
    executor,
    checkpoints: checkpoint && { file: new CheckpointFile(checkpoint.path, 'tower', key), everyMs: checkpoint.everyMs },
    space,
    positives,
    settings,
    model,
    catalogue,
    itemCategory,
    priors,
    validation: watched,
    start: earlier && { earlier: earlier.model, entities: { users: data.interactions.users, items: catalogue.ids } },
  });
  const encoder = await Encoder.open(executor, model, space, tables, settings, params);
  return {
    encoder,
    itemVectors: await encoder.items(allItems(positives)),
    parts: { space, params, tables, trained: { family: 'tower', settings: asked } },
    [Symbol.asyncDispose]: () => encoder[Symbol.asyncDispose](),
  };
}

/**
 * Settings as these positives allow them: a step takes distinct rows, so a small dataset has a small batch; and a
 * multi-positive one distinct items, the catalogue at most, with room for a third more than its positives want.
 */
function fitToPositives(settings: TrainingSettings, positives: Positives): TrainingSettings {
  const rows = rowCounts(positives, settings);
  const batch = Math.min(settings.batch, Math.max(...rows));
  if (settings.loss !== 'multi-positive') return { ...settings, batch };
  const { length } = positives.itemCount;
  const distinct = distinctPerStep(countPositives(positives), stepsFor(rows, batch));
  return {
    ...settings,
    batch,
    negatives: Math.min(length, Math.max(settings.negatives, Math.ceil((4 / 3) * distinct))),
  };
}

async function fitFactors(input: FitInput, settings: FactorTraining): Promise<Fitted> {
  const { data, train, watched, seed, progress, label, signal, checkpoint, onEpoch } = input;
  const kind = input.kind as FactorKind;
  const histories = userHistories(data.interactions, train);
  if (histories.item.length < 2) throw tooFew(watched.name, histories.item.length);
  const { sweeps } = settings;
  const items = data.catalogue.ids.length;
  const file =
    checkpoint && new CheckpointFile(checkpoint.path, 'factors', factorKey(settings, histories, [kind, seed, items]));
  const saved = await file?.read();
  const curve: CurvePoint[] = saved?.curve ?? [];
  const started = performance.now() - 1000 * (saved?.seconds ?? 0);
  const onSweep = async ({ sweep, objective, vectors }: SweptItems) => {
    const seconds = (performance.now() - started) / 1000;
    const note = `objective ${objective.toPrecision(5)}`;
    progress({ step: label, done: sweep, total: sweeps, unit: 'sweeps', note });
    curve.push({ epoch: sweep, step: sweep, seconds, loss: { total: objective }, validation: {} });
    await onEpoch?.(curve, sweeps);
    // Users are solved for from the items: nothing else is left of a sweep.
    if (sweep < sweeps) await file?.write({ ...betweenEpochs, step: sweep, seconds, curve, dense: { items: vectors } });
  };
  const itemVectors = await solveItems(kind, settings, histories, items, seed, {
    from: saved && { sweep: saved.step, vectors: saved.dense.items! },
    onSweep,
    signal,
  });
  const encoder = factorEncoder(kind, settings, itemVectors);
  return {
    encoder,
    itemVectors,
    parts: { space: noFeatures, params: {}, tables: {}, trained: { family: 'factors', settings } },
    [Symbol.asyncDispose]: () => encoder[Symbol.asyncDispose](),
  };
}

const tooFew = (split: string, positives: number) =>
  new DuetError('bad-input', `The training part of ${split} has ${positives} positives.`, {
    where: { field: 'split' },
    fix: 'Choose another split, or import more interactions.',
  });
