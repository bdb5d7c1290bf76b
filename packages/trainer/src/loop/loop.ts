import { Encoder } from '@duet/artifact';
import { EmbeddingTable, type FeatureSpace, shared, sharedFloats } from '@duet/artifact/inputs';
import { DuetError, type Progress } from '@duet/base';
import type { Catalogue, Split } from '@duet/datasets';
import { type Executor, type TowerSettings, type TrainingSettings, trainingGraph, type Values } from '@duet/models';
import { nthRng, seededRng } from '@duet/random';
import { Assembly } from '../batches/assembly.ts';
import { rowCounts, stepsFor } from '../batches/epochs.ts';
import { initialTableState, LearningTable } from '../batches/learning-table.ts';
import { allItems, type Positives } from '../batches/positives.ts';
import { evaluateVectors } from '../evaluation/evaluate.ts';
import { type CheckpointFile, type CurvePoint, tableTensors } from './checkpoint.ts';
import { rankedHigh } from './hard-negatives.ts';
import { startAsIdentity } from './identity-start.ts';
import { schedule } from './schedule.ts';

/** A trained model in memory: what an artifact keeps. */
export interface Trained {
  params: Values;
  tables: Record<string, EmbeddingTable>;
  /** Whose weights these are: the last, or with `patience` the best. */
  epoch: number;
}

/** Where a training keeps what it would go on from: after each epoch, and within one once so much time has passed. */
export interface Checkpoints {
  file: CheckpointFile;
  everyMs: number;
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
  /** What the tables hold that training leaves alone, by name: no checkpoint has them. */
  priors: Record<string, Float32Array>;
  /** Users and targets that the curve is measured on; not the ones that the model is judged by. */
  validation: Split;
  seed: number;
  progress: Progress;
  /** Name of the progress bar. */
  label: string;
  signal?: AbortSignal | undefined;
  checkpoints?: Checkpoints | undefined;
  /** Hears of the whole curve as it grows. */
  onEpoch?: ((curve: CurvePoint[], steps: number) => Promise<unknown>) | undefined;
}

/** What an epoch is the best by, where `patience` is set. */
const watchedMetric = 'NDCG@100';

/**
 * The same for the same seed on the same executor, whether it went on from its checkpoint or not.
 *
 * @throws DuetError `bad-input` at the step where the loss or the weights are no longer finite; the signal's reason,
 * after a last checkpoint
 */
export async function trainTowers(input: LoopInput): Promise<Trained> {
  const { executor, space, positives, settings, model, catalogue, itemCategory, seed, signal, checkpoints } = input;
  const rng = seededRng(seed);
  const tables: Record<string, LearningTable> = {};
  const priors: Record<string, EmbeddingTable> = {};
  for (const [name, { rows, dims }] of Object.entries(space.tables)) {
    if (input.priors[name]) priors[name] = new EmbeddingTable(rows, dims, input.priors[name]);
    else {
      const state = initialTableState(settings.tableOptimizer, rows, dims);
      tables[name] = new LearningTable(rows, dims, sharedFloats(rows * dims), state);
      tables[name].initialise(rng, settings.tableInit);
    }
  }
  const graph = trainingGraph(model);
  const examples = positives.item.length;
  const perEpoch = stepsFor(rowCounts(positives, settings), settings.batch);
  const steps = perEpoch * settings.epochs;
  const saved = await checkpoints?.file.read();
  for (const [name, parts] of Object.entries(saved?.tables ?? {})) {
    for (const [part, data] of Object.entries(tableTensors(tables[name]!))) data.set(parts[part]!);
  }
  const curve = saved?.curve ?? [];
  let step = saved?.step ?? 0;
  let sums = saved?.sums ?? {};
  let best = settings.patience > 0 ? saved?.best : undefined;
  const items = catalogue.ids.length;
  const hard = shared(new Int32Array(settings.hardNegatives > 0 ? 2 * items : 0));
  if (saved) hard.set(saved.hard);
  const epochs = Math.floor(step / perEpoch);
  await using assembly = new Assembly(
    graph,
    { space, tables, positives, settings, model, itemCategory, hard, from: step, epochs, steps, seed: seed + 1 },
    saved?.feeds,
  );
  await using session = await executor.open(graph, rng);
  if (saved) await session.load(saved.dense);
  else if (settings.identityStart) await session.load(startAsIdentity(await session.state(), space, settings));
  const all = { ...tables, ...priors };
  await using encoder = await Encoder.open(executor, model, space, all, settings, await session.state());

  const watched = input.validation.evaluations.length > 0;
  const watch = async (items: Float32Array): Promise<Record<string, number>> => {
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
  const started = performance.now() - 1000 * (saved?.seconds ?? 0);
  const seconds = () => (performance.now() - started) / 1000;
  let kept = step;
  let keptAt = performance.now();
  const diverged = (what: string) =>
    new DuetError('bad-input', `The ${what} at step ${step} of ${steps}.`, {
      where: { field: 'learningRate' },
      fix: `Lower learningRate or tableLearningRate, or raise temperature.${kept > 0 ? ` The last good checkpoint is that of step ${kept}: ${checkpoints!.file.file}.` : ''}`,
    });
  /** Rows that overflowed may not be met for a while: nothing is measured or kept with them. */
  const sound = async (): Promise<Values> => {
    await assembly.settled();
    const dense = await session.state();
    const weights = [...Object.values(dense), ...Object.values(tables).map(({ values }) => values)];
    if (!weights.every(allFinite)) throw diverged('weights are no longer finite');
    return dense;
  };
  const keep = async (): Promise<void> => {
    if (checkpoints === undefined || kept === step) return;
    const dense = await sound();
    await checkpoints.file.write({
      ...{ step, sums, curve, best, dense, hard },
      seconds: seconds(),
      feeds: await assembly.next(),
      tables: Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, tableTensors(table)])),
    });
    kept = step;
    keptAt = performance.now();
  };

  while (step < steps) {
    if (signal?.aborted) {
      await keep();
      throw signal.reason;
    }
    const { outputs, gradients } = await session.step(await assembly.next(), {
      learningRate: settings.learningRate * schedule(step, steps),
      weightDecay: settings.weightDecay,
    });
    step += 1;
    if (!Number.isFinite(outputs.loss![0])) throw diverged(`loss became ${outputs.loss![0]}`);
    assembly.deliver(gradients);
    for (const [name, [value]] of Object.entries(outputs)) sums[name] = (sums[name] ?? 0) + value!;
    const done = Math.round((step / steps) * examples * settings.epochs);
    const note = `loss ${outputs.loss![0]!.toFixed(3)}`;
    input.progress({ step: input.label, done, total: examples * settings.epochs, unit: 'examples', note });
    if (step % perEpoch === 0) {
      const epoch = step / perEpoch;
      const params = await sound();
      let validation: Record<string, number> = {};
      if (watched || hard.length > 0) {
        await encoder.load(params);
        const vectors = await encoder.items(allItems(positives));
        if (watched) validation = await watch(vectors);
        if (hard.length > 0) {
          const ranked = await rankedHigh(executor, encoder, vectors, positives, nthRng(seed + 3, epoch));
          hard.set(ranked, (epoch % 2) * items);
          assembly.sharpened(epoch);
        }
      }
      const loss = Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / perEpoch]));
      curve.push({ epoch, step, seconds: seconds(), loss, validation });
      sums = {};
      await input.onEpoch?.(curve, steps);
      const score = validation[watchedMetric];
      if (settings.patience > 0 && score !== undefined) {
        if (best === undefined || score > best.score) best = { epoch, score, params, tables: copied(tables) };
        if (epoch - best.epoch >= settings.patience) break;
      }
      if (step < steps) await keep();
    } else if (performance.now() - keptAt > (checkpoints?.everyMs ?? Infinity)) await keep();
  }
  const params = best?.params ?? (await session.state());
  for (const [name, values] of Object.entries(best?.tables ?? {})) tables[name]!.values.set(values);
  return { params, tables: all, epoch: best?.epoch ?? settings.epochs };
}

const copied = (tables: Record<string, EmbeddingTable>): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(tables).map(([name, { values }]) => [name, Float32Array.from(values)]));

function allFinite(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i]!)) return false;
  return true;
}
