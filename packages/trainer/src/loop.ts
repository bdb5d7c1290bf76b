import { DuetError, type Progress } from '@duet/config';
import type { Catalogue, Split } from '@duet/datasets';
import { type Executor, seededRng, type TowerSettings, trainingGraph, type Values } from '@duet/models';
import { Assembly } from './assembly.ts';
import type { Positives } from './batches.ts';
import { Encoder, type UserEncoder } from './encoder.ts';
import { evaluate, type Judged } from './evaluate.ts';
import type { FeatureSpace } from './features.ts';
import { distinctItems, type Histories, historyOf } from './histories.ts';
import { schedule } from './schedule.ts';
import { vectorScorer } from './scorer.ts';
import type { TrainingSettings } from './settings.ts';
import { sharedFloats } from './shared.ts';
import { EmbeddingTable } from './tables.ts';

/** One point of a training curve, after each epoch. */
export interface CurvePoint {
  epoch: number;
  step: number;
  seconds: number;
  /** Mean over the epoch's steps: total and each part. */
  loss: Record<string, number>;
  /** Metrics on the validation users; none where there are none. */
  validation: Record<string, number>;
}

/** A trained model in memory: what an artifact keeps. */
export interface Trained {
  params: Values;
  tables: Record<string, EmbeddingTable>;
  curve: CurvePoint[];
}

export interface LoopInput {
  executor: Executor;
  space: FeatureSpace;
  positives: Positives;
  settings: TrainingSettings;
  model: TowerSettings;
  catalogue: Catalogue;
  /** [items] as `alignedCategories` gives it. */
  itemCategory: Int32Array;
  /** Users and targets that the curve is measured on; not the ones that the model is judged by. */
  validation: Split;
  seed: number;
  progress: Progress;
  /** Name of the progress bar. */
  label: string;
  signal?: AbortSignal | undefined;
  onEpoch?: ((point: CurvePoint, steps: number) => Promise<void>) | undefined;
}

/** Each item's place among the `limit` categories with the most training interactions, largest first; −1 outside. */
export function alignedCategories(catalogue: Catalogue, itemCount: Int32Array, limit: number) {
  const interactions = new Float64Array(catalogue.categories.length);
  catalogue.category.forEach((category, item) => {
    if (category >= 0) interactions[category]! += itemCount[item]!;
  });
  const largest = Array.from(interactions.keys())
    .sort((a, b) => interactions[b]! - interactions[a]! || a - b)
    .slice(0, limit);
  const place = new Map(largest.map((category, i) => [category, i]));
  return { count: largest.length, of: catalogue.category.map((category) => place.get(category) ?? -1) };
}

/** The same for the same seed on the same executor. */
export async function trainTowers(input: LoopInput): Promise<Trained> {
  const { executor, space, positives, settings, model, catalogue, itemCategory, seed } = input;
  const rng = seededRng(seed);
  const tables = Object.fromEntries(
    Object.entries(space.tables).map(([name, { rows, dims }]) => [
      name,
      new EmbeddingTable(rows, dims, sharedFloats(rows * dims)).initialise(rng, settings.tableInit),
    ]),
  );
  const graph = trainingGraph(model);
  const examples = positives.item.length;
  const stepsPerEpoch = Math.ceil(examples / settings.batch);
  const steps = stepsPerEpoch * settings.epochs;
  await using assembly = new Assembly(graph, {
    space,
    tables,
    positives,
    settings,
    model,
    itemCategory,
    steps,
    seed: seed + 1,
  });
  await using session = await executor.open(graph, rng);
  await using encoder = await Encoder.open(executor, model, space, tables, settings, await session.state());

  const watch = async (): Promise<Record<string, number>> => {
    await encoder.load(await session.state());
    const items = await encoder.items(Int32Array.from(catalogue.ids.keys()));
    const { histories } = positives;
    const { evaluation } = await evaluateVectors(executor, {
      encoder,
      items,
      histories,
      split: input.validation,
      catalogue,
    });
    return evaluation.metrics;
  };
  const curve: CurvePoint[] = [];
  const started = performance.now();
  let step = 0;
  for (let epoch = 1; epoch <= settings.epochs; epoch++) {
    const sums: Record<string, number> = {};
    for (let i = 0; i < stepsPerEpoch; i++) {
      input.signal?.throwIfAborted();
      const { outputs, gradients } = await session.step(await assembly.next(), {
        learningRate: settings.learningRate * schedule(step, steps),
        weightDecay: settings.weightDecay,
      });
      step += 1;
      if (!Number.isFinite(outputs.loss![0])) {
        throw new DuetError('bad-input', `The loss became ${outputs.loss![0]} at step ${step} of ${steps}.`, {
          where: { field: 'learningRate' },
          fix: 'Lower learningRate or tableLearningRate, or raise temperature.',
        });
      }
      assembly.deliver(gradients);
      for (const [name, [value]] of Object.entries(outputs)) sums[name] = (sums[name] ?? 0) + value!;
      const done = Math.min(step * settings.batch, examples * settings.epochs);
      const note = `loss ${outputs.loss![0]!.toFixed(3)}`;
      input.progress({ step: input.label, done, total: examples * settings.epochs, unit: 'examples', note });
    }
    await assembly.settled();
    const validation = input.validation.evaluations.length > 0 ? await watch() : {};
    const loss = Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / stepsPerEpoch]));
    curve.push({ epoch, step, seconds: (performance.now() - started) / 1000, loss, validation });
    await input.onEpoch?.(curve.at(-1)!, steps);
  }
  return { params: await session.state(), tables, curve };
}

export interface VectorsToJudge {
  encoder: UserEncoder;
  /** p_v of every item [items, dims]. */
  items: Float32Array;
  /** What each user had before the targets, and whose users make an item popular. */
  histories: Histories;
  split: Split;
  catalogue: Catalogue;
}

/** Ranks the catalogue for every user of a split. */
export async function evaluateVectors(executor: Executor, judged: VectorsToJudge): Promise<Judged> {
  const { encoder, items, histories, split, catalogue } = judged;
  await using score = await vectorScorer(executor, {
    encode: (users) =>
      encoder.users(
        Int32Array.from(users, ({ user }) => user),
        users.map(({ user }) => historyOf(histories, user)),
      ),
    items,
    dims: encoder.dims,
    vectorsPerUser: encoder.vectorsPerUser,
  });
  return evaluate({ split, catalogue, lists: distinctItems(histories), score });
}
