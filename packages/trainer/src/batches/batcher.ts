import {
  asEntities,
  type Entities,
  entitiesOf,
  type FeatureSpace,
  type Gathered,
  gather,
  historyLengths,
  noRow,
  stranger,
  withId,
  withoutId,
} from '@duet/artifact/inputs';
import type { GraphSettings, TrainingSettings, Values } from '@duet/models';
import { itemsInBatch } from '@duet/models/graph-settings';
import type { Rng } from '@duet/random';
import { contextOfRows } from '../features/build-context.ts';
import { batchItems, logInclusion, writePairs } from './columns.ts';
import { type BatchRows, causalHalf, mimicHalf, rowCounts, stepsFor } from './epochs.ts';
import type { LearningTable, TableOptimizer } from './learning-table.ts';
import { negativeSampler } from './negative-sampler.ts';
import { countPositives, historyOfPositives, type Positives } from './positives.ts';

/** Adds a step's gradients by input name, then moves every row that the step touched. */
export type Update = (gradients: Values, optimizer: TableOptimizer) => void;

/** Makes batches: which users and items, their features' rows, and what each loss needs. */
export class Batcher {
  #space: FeatureSpace;
  #tables: Record<string, LearningTable>;
  #positives: Positives;
  #settings: TrainingSettings;
  #model: GraphSettings;
  #sampler: ReturnType<typeof negativeSampler>;
  #hardSampler: ReturnType<typeof negativeSampler>;
  #itemCategory: Int32Array;
  #rng: Rng;
  #positiveCount: Int32Array;
  #logQ: Float32Array;
  /** [items] each item's column, where a batch is being written; −1 between two. */
  #column: Int32Array;
  #augmented: Set<LearningTable | undefined>;
  #augmentedRate: number;

  /** @param itemCategory [items] the item's place among the aligned categories, largest first; −1 for none. */
  constructor(
    space: FeatureSpace,
    tables: Record<string, LearningTable>,
    positives: Positives,
    settings: TrainingSettings,
    model: GraphSettings,
    itemCategory: Int32Array,
    rng: Rng,
  ) {
    this.#space = space;
    this.#tables = tables;
    this.#positives = positives;
    this.#settings = settings;
    this.#model = model;
    this.#itemCategory = itemCategory;
    this.#rng = rng;
    this.#augmented = new Set([tables['user.augmented'], tables['item.augmented']]);
    this.#augmentedRate = settings.augmentedLearningRate / settings.tableLearningRate;
    this.#sampler = negativeSampler(positives.itemCount, settings.negativeSmoothing);
    this.#positiveCount = countPositives(positives);
    this.#hardSampler = this.#sampler;
    this.#column = new Int32Array(positives.itemCount.length).fill(-1);
    this.#logQ = this.#proposal();
  }

  /** Draws the hard negatives with probability ∝ `count` [items] from now on; before, they are drawn as the others. */
  drawHardNegativesBy(count: Int32Array): void {
    this.#hardSampler = negativeSampler(count, 1);
    this.#logQ = this.#proposal();
  }

  /**
   * Log of the expected columns of a batch that hold each item: as a positive, a negative or a hard one. Of a
   * multi-positive batch, whose items are distinct, the log of the item's chance to be in it.
   */
  #proposal(): Float32Array {
    const { loss, batch, negatives, hardNegatives } = this.#settings;
    if (loss === 'multi-positive') {
      const steps = stepsFor(rowCounts(this.#positives, this.#settings), batch);
      return logInclusion(this.#positiveCount, steps, itemsInBatch(this.#model));
    }
    const [drawn, hardNegative] = [this.#sampler.probability, this.#hardSampler.probability];
    const perPositive = batch / this.#positives.item.length;
    return Float32Array.from(this.#positiveCount, (count, item) =>
      Math.log(perPositive * count + negatives * drawn[item]! + hardNegatives * hardNegative[item]! + 1e-9),
    );
  }

  /** The positives' items, then the drawn ones. */
  #itemsOf(positiveItems: Int32Array): Int32Array {
    const items = new Int32Array(itemsInBatch(this.#model));
    items.set(positiveItems);
    const hardFrom = items.length - this.#settings.hardNegatives;
    for (let i = positiveItems.length; i < items.length; i++) {
      items[i] = (i < hardFrom ? this.#sampler : this.#hardSampler).draw(this.#rng);
    }
    return items;
  }

  /** The interaction whose situation a row is of: none where its positives' situations differ. */
  #situationOf(rowPositives: Int32Array): number {
    const rows = this.#positives.row;
    const one = rows[rowPositives[0]!]!;
    const alike = Object.values(this.#space.context).every(({ row }) =>
      rowPositives.every((positive) => row[rows[positive]!] === row[one]),
    );
    return alike ? one : noRow;
  }

  /** Writes a batch of these rows into `feeds`, which fit `trainingGraph`, and returns how to learn from it. */
  assemble(rows: BatchRows, feeds: Values): Update {
    const { user, item } = this.#positives;
    const { context } = this.#space;
    const multi = this.#model.loss === 'multi-positive';
    const positiveItems = rows.positive.map((positive) => item[positive]!);
    const items = multi
      ? batchItems(positiveItems, this.#column.length, itemsInBatch(this.#model), this.#rng)
      : this.#itemsOf(positiveItems);
    const rowPositives = Array.from(rows.start.subarray(1), (end, i) => rows.positive.subarray(rows.start[i]!, end));
    const users = Int32Array.from(rowPositives, ([positive]) => user[positive!]!);
    const { history, historyDropout, dropout } = this.#settings;
    // What the history's dropout leaves of it is about its length.
    const seen = Math.ceil(history / Math.max(1 - historyDropout, 0.1));
    const before = rowPositives.map((targets) => {
      const whole = historyOfPositives(this.#positives, targets, seen);
      return historyDropout === 0 ? whole : whole.filter(() => this.#rng() >= historyDropout);
    });
    const halves = Uint8Array.from(rowPositives, ([positive]) => mimicHalf(this.#positives, positive!));
    // Where histories include their own moment, none of what they tell came earlier.
    const causal = this.#settings.causal && !this.#positives.leaveOut;
    const gathered = gather(this.#space, this.#tables, this.#settings, {
      users: this.#hideIds(users, this.#settings.userIdDropout),
      histories: before,
      items: this.#hideIds(items, this.#settings.itemIdDropout),
      userOverrides: contextOfRows(
        context,
        this.#forget(
          Int32Array.from(rowPositives, (targets) => this.#situationOf(targets)),
          Object.keys(context).length > 0 ? this.#settings.userIdDropout : 0,
        ),
      ),
      ...(this.#settings.crossFit && {
        mimics: {
          users: causal
            ? Uint8Array.from(rowPositives, ([positive]) => causalHalf(this.#positives, positive!))
            : halves,
          causal,
          // A negative is no pair of its user's, so either half of it will do. All pairs of a multi-positive batch have
          // one half.
          items: Uint8Array.from(items, (_, j) => (multi ? halves[0]! : (halves[j] ?? j & 1))),
          learning: {
            user: asEntities(users),
            item: multi ? onlyOf(items, positiveItems) : asEntities(items.subarray(0, users.length)),
          },
        },
      }),
    });
    for (const input of new Set(gathered.map((one) => one.input))) feeds[input]!.fill(0);
    for (const { table, bags, input, width, offset } of gathered) table.pool(bags, feeds[input]!, width, offset);
    const scales = dropout === 0 ? [] : this.#drop(gathered, feeds, dropout);
    feeds.historyLength?.set(historyLengths(before, this.#settings));
    if (this.#model.loss !== 'sigmoid') {
      items.forEach((item, j) => {
        feeds.logQ![j] = this.#logQ[item]!;
      });
    }
    feeds.itemKey?.set(items);
    if (multi) writePairs(this.#positives, rows, items, feeds, this.#column);
    if (this.#model.alignment > 0 && this.#model.categories > 1) this.#membership(items, feeds);
    return (gradients, optimizer) => {
      const learning = gathered.filter(({ input }) => gradients[input] !== undefined);
      for (const { input, scale } of scales) if (gradients[input]) multiply(gradients[input], scale);
      for (const { table, bags, input, width, offset } of learning) {
        table.accumulate(bags, gradients[input]!, width, offset);
      }
      const faster = { ...optimizer, learningRate: optimizer.learningRate * this.#augmentedRate };
      for (const table of new Set(learning.map(({ table }) => table))) {
        table.apply(this.#augmented.has(table) ? faster : optimizer);
      }
    };
  }

  /** Hides this fraction of the ids, so that the unknown row learns to answer for unseen ones. */
  #hideIds(rows: Int32Array, fraction: number): Entities {
    if (fraction === 0) return asEntities(rows);
    return entitiesOf(rows, (row) => (this.#rng() < fraction ? withoutId(row) : withId(row)));
  }

  /** Forgets this fraction of the situations. */
  #forget(rows: Int32Array, fraction: number): Int32Array {
    return fraction === 0 ? rows : rows.map((row) => (this.#rng() < fraction ? noRow : row));
  }

  /** Inverted dropout (Srivastava et al. 2014) of the gathered inputs: what each element was multiplied by. */
  #drop(gathered: Gathered[], feeds: Values, fraction: number): { input: string; scale: Float32Array }[] {
    const scaleOfRest = 1 / (1 - fraction);
    return Array.from(new Set(gathered.map(({ input }) => input)), (input) => {
      const scale = new Float32Array(feeds[input]!.length);
      for (let i = 0; i < scale.length; i++) scale[i] = this.#rng() < fraction ? 0 : scaleOfRest;
      multiply(feeds[input]!, scale);
      return { input, scale };
    });
  }

  #membership(items: Int32Array, feeds: Values): void {
    const { membership, inverseCount, inverseFreedom, aligned } = feeds;
    membership!.fill(0);
    const counts = new Int32Array(this.#model.categories);
    items.forEach((item, j) => {
      const category = this.#itemCategory[item]!;
      if (category < 0) return;
      membership![j * counts.length + category] = 1;
      counts[category]!++;
    });
    counts.forEach((count, k) => {
      inverseCount![k] = count > 0 ? 1 / count : 0;
      inverseFreedom![k] = count > 1 ? 1 / (count - 1) : 0;
      aligned![k] = k > 0 && count > 1 && counts[0]! > 1 ? 1 : 0;
    });
  }
}

function multiply(values: Float32Array, scale: Float32Array): void {
  for (let i = 0; i < values.length; i++) values[i]! *= scale[i]!;
}

/** The items that are among the positives', strangers in the place of the others. */
function onlyOf(items: Int32Array, positives: Int32Array): Entities {
  const among = new Set(positives);
  return entitiesOf(items, (item) => (among.has(item) ? withId(item) : stranger));
}
