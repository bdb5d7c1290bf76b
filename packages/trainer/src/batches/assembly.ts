import { Worker } from 'node:worker_threads';
import { type FeatureSpace, sharedFloats } from '@duet/artifact/inputs';
import { type Graph, type GraphSettings, sizeOf, type TrainingSettings, type Values } from '@duet/models';
import type { LearningTable } from './learning-table.ts';
import type { Positives } from './positives.ts';

/** What the assembling thread is given. Everything of size lies in memory that both threads see. */
export interface AssemblyPlan {
  space: FeatureSpace;
  positives: Positives;
  settings: TrainingSettings;
  model: GraphSettings;
  /** [items] the item's place among the aligned categories, largest first; −1 for none. */
  itemCategory: Int32Array;
  tables: Record<string, Pick<LearningTable, 'rows' | 'dims' | 'values' | 'state' | 'rowRates'>>;
  /** A batch's inputs and the gradients with respect to its gathered rows, by input name. */
  slots: { feeds: Values; gradients: Values }[];
  /**
   * How often the model ranked each item high after the last two epochs [2, items], that of epoch e at e % 2; empty
   * where no hard negatives are drawn. A step draws from the epoch that was over two steps before: one is assembled
   * ahead.
   */
  rankedHigh: Int32Array;
  /** Steps counted by `assembled`, `delivered` and `applied`, and epochs counted by `ranked`. */
  control: Int32Array;
  /** Batches depend on it and on their step alone. */
  seed: number;
  /** The first step that is not done yet: 0, or where a checkpoint was made. */
  from: number;
  steps: number;
  /** Epochs done at `from`. */
  epochs: number;
}

/** Places of the counters in `AssemblyPlan.control`. */
export const assembled = 0;
export const delivered = 1;
export const applied = 2;
export const ranked = 3;

/**
 * Samples, gathers and scatters in a thread of its own, so that the graph never waits: while the graph runs step t,
 * the thread moves the rows that step t − 1 touched and then gathers step t + 1. A step thus sees rows that lack the
 * step before it, always exactly that one, so training repeats bit for bit.
 */
export class Assembly implements AsyncDisposable {
  #worker: Worker;
  #slots: AssemblyPlan['slots'];
  #control: Int32Array;
  #step: number;
  #failed: Promise<never>;
  /** The next step's inputs as they were: its rows were gathered before the last update. */
  #resumed: Values | undefined;

  /** @param resumed what `next` gave at the checkpoint that training resumes from */
  constructor(
    graph: Graph,
    plan: Omit<AssemblyPlan, 'slots' | 'control' | 'tables'> & { tables: Record<string, LearningTable> },
    resumed?: Values,
  ) {
    const valuesOf = (inputs: Graph['inputs']): Values =>
      Object.fromEntries(inputs.map(({ name, shape }) => [name!, sharedFloats(sizeOf(shape))]));
    this.#slots = [0, 1].map(() => ({
      feeds: valuesOf(graph.inputs),
      gradients: valuesOf(graph.inputs.filter(({ gradient }) => gradient)),
    }));
    this.#control = new Int32Array(new SharedArrayBuffer(16)).fill(plan.from);
    this.#control[ranked] = plan.epochs;
    this.#step = plan.from;
    this.#resumed = resumed;
    const tables = Object.fromEntries(
      Object.entries(plan.tables).map(([name, table]) => {
        const { rows, dims, values, state, rowRates } = table;
        return [name, { rows, dims, values, state, rowRates }];
      }),
    );
    const workerData: AssemblyPlan = { ...plan, tables, slots: this.#slots, control: this.#control };
    this.#worker = new Worker(new URL('./assembly-worker.ts', import.meta.url), {
      workerData,
      // What lives longer than a step is in shared memory.
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    });
    this.#failed = new Promise((_, reject) => this.#worker.once('error', reject));
    // `#until` throws it; while nothing waits, it is no unhandled rejection.
    this.#failed.catch(() => {});
  }

  async #until(counter: number, value: number): Promise<void> {
    for (let now = Atomics.load(this.#control, counter); now < value; now = Atomics.load(this.#control, counter)) {
      const wait = Atomics.waitAsync(this.#control, counter, now);
      if (wait.async) await Promise.race([wait.value, this.#failed]);
    }
  }

  /** The next step's inputs, for `trainingGraph`. They hold until its gradients are delivered. */
  async next(): Promise<Values> {
    await this.#until(assembled, this.#step + 1);
    const { feeds } = this.#slots[this.#step % 2]!;
    for (const [name, values] of Object.entries(this.#resumed ?? {})) feeds[name]!.set(values);
    this.#resumed = undefined;
    return feeds;
  }

  /** Takes d loss / d input by input name: the rows behind them will move. */
  deliver(gradients: Values): void {
    for (const [name, values] of Object.entries(this.#slots[this.#step % 2]!.gradients)) values.set(gradients[name]!);
    this.#step += 1;
    Atomics.store(this.#control, delivered, this.#step);
    Atomics.notify(this.#control, delivered);
  }

  /** Lets the steps after an epoch draw their hard negatives from what the model ranked high after it. */
  renewHardNegatives(epoch: number): void {
    Atomics.store(this.#control, ranked, epoch);
    Atomics.notify(this.#control, ranked);
  }

  /** Resolves when every delivered gradient has moved its rows: the tables stand still until the next delivery. */
  settled(): Promise<void> {
    return this.#until(applied, this.#step);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }
}
