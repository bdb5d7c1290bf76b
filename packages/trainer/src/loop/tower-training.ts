import { Encoder } from '@duet/artifact';
import { EmbeddingTable, type FeatureSpace, shared, sharedFloats } from '@duet/artifact/inputs';
import { DuetError, type Progress } from '@duet/base';
import type { Catalogue, Split } from '@duet/datasets';
import {
  type Executor,
  type GraphSettings,
  type Session,
  type TrainingSettings,
  trainingGraph,
  type Values,
} from '@duet/models';
import { nthRng, type Rng, seededRng } from '@duet/random';
import { Assembly } from '../batches/assembly.ts';
import { rowCounts, stepsFor } from '../batches/epochs.ts';
import { initialTableState, LearningTable } from '../batches/learning-table.ts';
import { allItems, type Positives } from '../batches/positives.ts';
import { evaluateVectors } from '../evaluation/evaluate.ts';
import { type CheckpointFile, type CurvePoint, type Training, tableTensors } from './checkpoint.ts';
import { countRankedHigh } from './hard-negatives.ts';
import { startAsIdentity } from './identity-start.ts';
import { schedule } from './schedule.ts';
import { type Earlier, type Entities, startFrom } from './warm-start.ts';

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

export interface TowerTrainingInput {
  executor: Executor;
  space: FeatureSpace;
  positives: Positives;
  settings: TrainingSettings;
  model: GraphSettings;
  catalogue: Catalogue;
  /** [items] as `alignedCategories` gives it. */
  itemCategory: Int32Array;
  /** What the tables hold that training leaves alone, by name: no checkpoint has them. */
  priors: Record<string, Float32Array>;
  /** What it starts from, and whose rows are trained now; from nothing where it is not said. */
  start?: { earlier: Earlier; entities: Entities } | undefined;
  /** Users and targets that the curve is measured on; not the ones that the model is judged by. */
  validation: Split;
  seed: number;
  progress: Progress;
  /** Name of the progress bar. */
  label: string;
  signal?: AbortSignal | undefined;
  checkpoints?: Checkpoints | undefined;
  /** Called with the whole curve after each epoch. */
  onEpoch?: ((curve: CurvePoint[], steps: number) => Promise<unknown>) | undefined;
}

/** What an epoch is the best by, where `patience` is set. */
const watchedMetric = 'NDCG@100';

/**
 * The epoch that a curve's watched metric was highest at, the first among equals; undefined where nothing was watched.
 */
export function bestEpoch(curve: readonly Pick<CurvePoint, 'epoch' | 'validation'>[]): number | undefined {
  let best: { epoch: number; score: number } | undefined;
  for (const { epoch, validation } of curve) {
    const score = validation[watchedMetric];
    if (score !== undefined && (best === undefined || score > best.score)) best = { epoch, score };
  }
  return best?.epoch;
}

/**
 * The same for the same seed on the same executor, whether it went on from its checkpoint or not.
 *
 * @throws DuetError `bad-input` at the step where the loss or the weights are no longer finite; the signal's reason,
 * after a last checkpoint
 */
export async function trainTowers(input: TowerTrainingInput): Promise<Trained> {
  const { signal, settings } = input;
  await using training = await TowerTraining.open(input);
  while (!training.isOver) {
    if (signal?.aborted) {
      await training.keep();
      throw signal.reason;
    }
    await training.step();
    if (!training.isBetweenEpochs) {
      await training.keepInTime();
      continue;
    }
    const epoch = await training.endEpoch();
    const { best } = training.state;
    if (best !== undefined && epoch - best.epoch >= settings.patience) break;
    if (!training.isOver) await training.keep();
  }
  return training.result();
}

/** What a training of towers works with. */
interface Opened {
  /** Tables that learn, and those of the priors, which do not. */
  tables: Record<string, LearningTable>;
  priors: Record<string, EmbeddingTable>;
  /** How often the model ranked each item high after the last two epochs, as the assembly reads it [2, items]. */
  rankedHigh: Int32Array;
  assembly: Assembly;
  session: Session;
  encoder: Encoder;
  stepsPerEpoch: number;
  steps: number;
  /** Seconds that an earlier process spent. */
  secondsBefore: number;
}

/** A training of towers under way, with all that it holds open. */
class TowerTraining implements AsyncDisposable {
  /** Where the training stands, as a checkpoint keeps it. */
  readonly state: Training;
  #input: TowerTrainingInput;
  #open: Opened;
  #owned: AsyncDisposable;
  #started: number;
  #keptStep: number;
  #keptAt = performance.now();

  private constructor(input: TowerTrainingInput, state: Training, open: Opened, owned: AsyncDisposable) {
    this.#input = input;
    this.state = state;
    this.#open = open;
    this.#owned = owned;
    this.#started = performance.now() - 1000 * open.secondsBefore;
    this.#keptStep = state.step;
  }

  /** Begins anew, or where the checkpoint was made. */
  static async open(input: TowerTrainingInput): Promise<TowerTraining> {
    const { executor, space, positives, settings, model, itemCategory, catalogue, seed, checkpoints } = input;
    const rng = seededRng(seed);
    const { tables, priors } = initialTables(input, rng);
    const graph = trainingGraph(model);
    const { start } = input;
    const stepsPerEpoch = stepsFor(rowCounts(positives, settings), settings.batch);
    const steps = stepsPerEpoch * settings.epochs;
    const saved = await checkpoints?.file.read();
    // Before a checkpoint's values: they were made of these. The assembly's thread reads the tables as they are here.
    const begun = start && startFrom(start.earlier, { space, tables, entities: start.entities });
    for (const [name, parts] of Object.entries(saved?.tables ?? {})) {
      for (const [part, data] of Object.entries(tableTensors(tables[name]!))) data.set(parts[part]!);
    }
    const { step = 0, sums = {}, curve = [], best } = saved ?? {};
    const state = { step, sums, curve, best: settings.patience > 0 ? best : undefined };
    const rankedHigh = shared(new Int32Array(settings.hardNegatives > 0 ? 2 * catalogue.ids.length : 0));
    if (saved) rankedHigh.set(saved.rankedHigh);
    const epochs = Math.floor(step / stepsPerEpoch);
    const learnt = { space, tables, positives, settings, model, itemCategory };

    await using opening = new AsyncDisposableStack();
    const assembly = opening.use(
      new Assembly(graph, { ...learnt, rankedHigh, from: step, epochs, steps, seed: seed + 1 }, saved?.feeds),
    );
    const session = opening.use(await executor.open(graph, rng));
    if (saved) await session.load(saved.dense);
    else if (begun !== undefined) await session.load({ ...(await session.state()), ...begun });
    else if (settings.identityStart) await session.load(startAsIdentity(await session.state(), space, settings));
    const all = { ...tables, ...priors };
    const encoder = opening.use(await Encoder.open(executor, model, space, all, settings, await session.state()));
    const secondsBefore = saved?.seconds ?? 0;
    const open = { tables, priors, rankedHigh, assembly, session, encoder, stepsPerEpoch, steps, secondsBefore };
    return new TowerTraining(input, state, open, opening.move());
  }

  get isOver(): boolean {
    return this.state.step >= this.#open.steps;
  }

  get isBetweenEpochs(): boolean {
    return this.state.step % this.#open.stepsPerEpoch === 0;
  }

  get #seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  async step(): Promise<void> {
    const { state } = this;
    const { assembly, session, steps } = this.#open;
    const { settings, progress, label, positives } = this.#input;
    const { outputs, gradients } = await session.step(await assembly.next(), {
      learningRate: settings.learningRate * schedule(state.step, steps),
      weightDecay: settings.weightDecay,
    });
    state.step += 1;
    const loss = outputs.loss![0]!;
    if (!Number.isFinite(loss)) throw this.#diverged(`loss became ${loss}`);
    assembly.deliver(gradients);
    for (const [name, [value]] of Object.entries(outputs)) state.sums[name] = (state.sums[name] ?? 0) + value!;
    const total = positives.item.length * settings.epochs;
    const done = Math.round((state.step / steps) * total);
    progress({ step: label, done, total, unit: 'examples', note: `loss ${loss.toFixed(3)}` });
  }

  /** Adds a point to the curve, renews what hard negatives are drawn from, and says which epoch it was. */
  async endEpoch(): Promise<number> {
    const { state } = this;
    const { stepsPerEpoch, steps, tables } = this.#open;
    const epoch = state.step / stepsPerEpoch;
    const params = await this.#finiteParams();
    const validation = await this.#look(epoch, params);
    const loss = Object.fromEntries(Object.entries(state.sums).map(([name, sum]) => [name, sum / stepsPerEpoch]));
    state.curve.push({ epoch, step: state.step, seconds: this.#seconds, loss, validation });
    state.sums = {};
    await this.#input.onEpoch?.(state.curve, steps);
    const score = validation[watchedMetric];
    if (this.#input.settings.patience > 0 && score !== undefined && score > (state.best?.score ?? -Infinity)) {
      state.best = { epoch, score, params, tables: copied(tables) };
    }
    return epoch;
  }

  /** Encodes the items as they are now: for the curve where it is watched, and for the next epoch's hard negatives. */
  async #look(epoch: number, params: Values): Promise<Record<string, number>> {
    const { executor, positives, validation: split, catalogue, seed } = this.#input;
    const { assembly, encoder, rankedHigh } = this.#open;
    const isWatched = split.evaluations.length > 0;
    if (!isWatched && rankedHigh.length === 0) return {};
    await encoder.load(params);
    const items = await encoder.items(allItems(positives));
    const { histories } = positives;
    const metrics = isWatched
      ? (await evaluateVectors(executor, { encoder, items, histories, split, catalogue })).evaluation.metrics
      : {};
    if (rankedHigh.length > 0) {
      const counts = await countRankedHigh(executor, encoder, items, positives, nthRng(seed + 3, epoch));
      rankedHigh.set(counts, (epoch % 2) * catalogue.ids.length);
      assembly.renewHardNegatives(epoch);
    }
    return metrics;
  }

  /** Keeps a checkpoint, where the last one is of an earlier step. */
  async keep(): Promise<void> {
    const { checkpoints } = this.#input;
    const { state } = this;
    if (checkpoints === undefined || this.#keptStep === state.step) return;
    const { assembly, tables, rankedHigh } = this.#open;
    const dense = await this.#finiteParams();
    await checkpoints.file.write({
      ...state,
      dense,
      rankedHigh,
      seconds: this.#seconds,
      feeds: await assembly.next(),
      tables: Object.fromEntries(Object.entries(tables).map(([name, table]) => [name, tableTensors(table)])),
    });
    this.#keptStep = state.step;
    this.#keptAt = performance.now();
  }

  /** Keeps a checkpoint where the last one is older than it may be. */
  async keepInTime(): Promise<void> {
    if (performance.now() - this.#keptAt > (this.#input.checkpoints?.everyMs ?? Infinity)) await this.keep();
  }

  /**
   * Dense parameters and their optimiser's state. Rows that overflowed may not be met for a while: they are looked for.
   */
  async #finiteParams(): Promise<Values> {
    const { assembly, session, tables } = this.#open;
    await assembly.settled();
    const dense = await session.state();
    const weights = [...Object.values(dense), ...Object.values(tables).map(({ values }) => values)];
    if (!weights.every(allFinite)) throw this.#diverged('weights are no longer finite');
    return dense;
  }

  #diverged(problem: string): DuetError {
    const checkpointStep = this.#keptStep;
    const checkpoint = checkpointStep > 0 ? this.#input.checkpoints : undefined;
    const last = checkpoint
      ? ` The last good checkpoint is that of step ${checkpointStep}: ${checkpoint.file.file}.`
      : '';
    return new DuetError('bad-input', `The ${problem} at step ${this.state.step} of ${this.#open.steps}.`, {
      where: { field: 'learningRate' },
      fix: `Lower learningRate or tableLearningRate, or raise temperature.${last}`,
    });
  }

  async result(): Promise<Trained> {
    const { best } = this.state;
    const { session, tables, priors } = this.#open;
    const params = best?.params ?? (await session.state());
    for (const [name, values] of Object.entries(best?.tables ?? {})) tables[name]!.values.set(values);
    return { params, tables: { ...tables, ...priors }, epoch: best?.epoch ?? this.#input.settings.epochs };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.#owned[Symbol.asyncDispose]());
  }
}

/** The tables that learn, drawn at random, and those that hold the priors. */
function initialTables({ space, settings, priors: given }: TowerTrainingInput, rng: Rng) {
  const tables: Record<string, LearningTable> = {};
  const priors: Record<string, EmbeddingTable> = {};
  for (const [name, { rows, dims }] of Object.entries(space.tables)) {
    if (given[name]) {
      priors[name] = new EmbeddingTable(rows, dims, given[name]);
      continue;
    }
    const state = initialTableState(settings.tableOptimizer, rows, dims);
    tables[name] = new LearningTable(rows, dims, sharedFloats(rows * dims), state);
    tables[name].initialise(rng, settings.tableInit);
  }
  return { tables, priors };
}

const copied = (tables: Record<string, EmbeddingTable>): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(tables).map(([name, { values }]) => [name, Float32Array.from(values)]));

function allFinite(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i]!)) return false;
  return true;
}
