import type { Interactions } from '@duet/datasets';
import type { TowerSettings, Values } from '@duet/models';
import { itemsInBatch } from '@duet/models/tower-settings';
import type { Rng } from '@duet/random';
import { type Bags, historyBags, selectBags, sequenceBags, singleBags } from './bags.ts';
import { distinctItems, logInclusion, writePairs } from './columns.ts';
import { contextOfRows, isContext } from './context.ts';
import { type BatchRows, causalHalf, mimicHalf, rowCounts, stepsFor } from './epochs.ts';
import type { FeatureSpace } from './features.ts';
import { type Histories, userHistories } from './histories.ts';
import type { TrainingSettings } from './settings.ts';
import { shared } from './shared.ts';
import type { EmbeddingTable, TableOptimizer } from './tables.ts';

/** What a model learns from: (user, item) pairs that happened, each with what came before it. */
export interface Positives {
  /** [n] user and item row of each positive. */
  user: Int32Array;
  item: Int32Array;
  /** [n] row of each positive among the interactions. */
  row: Int32Array;
  /** [n] end, exclusive, of the positive's history among the user's items in `histories`. */
  historyEnd: Int32Array;
  histories: Histories;
  /** [items] training interactions of each item. */
  itemCount: Int32Array;
  /** Whether histories include their positive, which is then to be left out. */
  leaveOut: boolean;
}

/**
 * The history of positives of one moment, oldest first; where they have to be taken out of it, no more than the last
 * `length`.
 */
export function historyOfPositives(positives: Positives, chosen: Int32Array, length: number): Int32Array {
  const { user, item, historyEnd, histories, leaveOut } = positives;
  const start = histories.start[user[chosen[0]!]!]!;
  const end = historyEnd[chosen[0]!]!;
  if (!leaveOut) return histories.item.subarray(start, end);
  const targets = new Set(Array.from(chosen, (positive) => item[positive]!));
  return histories.item
    .subarray(Math.max(start, end - length - targets.size), end)
    .filter((other) => !targets.has(other));
}

/**
 * Positives of the training rows: each user's first interaction with each item (every one with `repeats`), with the
 * items that came before it, and with `historyBasket` the others of its moment: all of the user's where the data know
 * no order. Without an order, as where what is held out was drawn at random, they come with all the user's other items:
 * so they do when the model is asked. Else nothing later than the positive is ever in its history.
 */
export function collectPositives(
  x: Interactions,
  train: Int32Array,
  settings: Pick<TrainingSettings, 'repeats' | 'historyBasket'>,
  ordered = true,
): Positives {
  const rows = train.toSorted();
  const histories = userHistories(x, rows);
  const itemCount = new Int32Array(x.items.length);
  for (const item of histories.item) itemCount[item]!++;

  const kept = new Int32Array(rows.length);
  const ends = new Int32Array(rows.length);
  let count = 0;
  /** 1 + the last user who had the item. */
  const knownTo = new Int32Array(x.items.length);
  for (let u = 0; u < x.users.length; u++) {
    const end = histories.start[u + 1]!;
    let moment = { from: histories.start[u]!, to: histories.start[u]! };
    for (let at = histories.start[u]!; at < end; at++) {
      if (at === moment.to) {
        moment = { from: at, to: at + 1 };
        while (moment.to < end && x.time[rows[moment.to]!] === x.time[rows[at]!]) moment.to++;
      }
      const item = histories.item[at]!;
      if (!settings.repeats && knownTo[item] === u + 1) continue;
      knownTo[item] = u + 1;
      kept[count] = at;
      ends[count++] = !ordered ? end : settings.historyBasket ? moment.to : moment.from;
    }
  }
  const positives = kept.subarray(0, count);
  return {
    user: shared(positives.map((at) => x.user[rows[at]!]!)),
    item: shared(positives.map((at) => histories.item[at]!)),
    row: shared(positives.map((at) => rows[at]!)),
    historyEnd: shared(ends.subarray(0, count)),
    histories: { start: shared(histories.start), item: shared(histories.item) },
    itemCount: shared(itemCount),
    leaveOut: settings.historyBasket || !ordered,
  };
}

/** Positives of each item [items]. */
export function countPositives({ item, itemCount }: Positives): Int32Array {
  const count = new Int32Array(itemCount.length);
  for (const one of item) count[one]!++;
  return count;
}

/** Draws items with probability ∝ count^smoothing (uniform at 0), by Walker's alias method (Vose 1991). */
export function negativeSampler(itemCount: Int32Array, smoothing: number) {
  const n = itemCount.length;
  const raw = Float64Array.from(itemCount, (count) => (smoothing === 0 ? 1 : count ** smoothing));
  const total = raw.reduce((sum, x) => sum + x, 0);
  const probability = raw.map((x) => x / total);
  const threshold = probability.map((p) => p * n);
  const alias = new Int32Array(n);
  const small: number[] = [];
  const large: number[] = [];
  threshold.forEach((t, i) => {
    (t < 1 ? small : large).push(i);
  });
  while (small.length > 0 && large.length > 0) {
    const low = small.pop()!;
    const high = large.pop()!;
    alias[low] = high;
    threshold[high]! -= 1 - threshold[low]!;
    (threshold[high]! < 1 ? small : large).push(high);
  }
  for (const i of [...small, ...large]) threshold[i] = 1;
  return {
    probability,
    draw: (rng: Rng): number => {
      const i = Math.floor(rng() * n);
      return rng() < threshold[i]! ? i : alias[i]!;
    },
  };
}

/** Adds a step's gradients by input name, then moves every row that the step touched. */
export type Update = (gradients: Values, optimizer: TableOptimizer) => void;

interface Gathered {
  table: EmbeddingTable;
  bags: Bags;
  input: 'user' | 'item' | 'history' | `${'user' | 'item'}${'Augmented' | 'Mimic'}`;
  width: number;
  offset: number;
}

/** Makes batches: which users and items, their features' rows, and what each loss needs beside. */
export class Batcher {
  #space: FeatureSpace;
  #tables: Record<string, EmbeddingTable>;
  #positives: Positives;
  #settings: TrainingSettings;
  #model: TowerSettings;
  #sampler: ReturnType<typeof negativeSampler>;
  #hard: ReturnType<typeof negativeSampler>;
  #itemCategory: Int32Array;
  #rng: Rng;
  #positiveCount: Int32Array;
  #logQ: Float32Array;
  /** [items] each item's column, where a batch is being written; −1 between two. */
  #column: Int32Array;
  #augmented: Set<EmbeddingTable | undefined>;
  #augmentedRate: number;

  /** @param itemCategory [items] the item's place among the aligned categories, largest first; −1 for none. */
  constructor(
    space: FeatureSpace,
    tables: Record<string, EmbeddingTable>,
    positives: Positives,
    settings: TrainingSettings,
    model: TowerSettings,
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
    this.#hard = this.#sampler;
    this.#column = new Int32Array(positives.itemCount.length).fill(-1);
    this.#logQ = this.#proposal();
  }

  /** Draws the hard negatives with probability ∝ `count` [items] from now on; before, they are drawn as the others. */
  sharpen(count: Int32Array): void {
    this.#hard = negativeSampler(count, 1);
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
    const [others, hard] = [this.#sampler.probability, this.#hard.probability];
    const perPositive = batch / this.#positives.item.length;
    return Float32Array.from(this.#positiveCount, (count, item) =>
      Math.log(perPositive * count + negatives * others[item]! + hardNegatives * hard[item]! + 1e-9),
    );
  }

  /** The positives' items, then the drawn ones. */
  #itemsOf(wanted: Int32Array): Int32Array {
    const items = new Int32Array(itemsInBatch(this.#model));
    items.set(wanted);
    const hardFrom = items.length - this.#settings.hardNegatives;
    for (let i = wanted.length; i < items.length; i++) {
      items[i] = (i < hardFrom ? this.#sampler : this.#hard).draw(this.#rng);
    }
    return items;
  }

  /** The interaction whose situation a row is of: none where its positives' situations differ. */
  #situationOf(own: Int32Array): number {
    const rows = this.#positives.row;
    const one = rows[own[0]!]!;
    const alike = Object.values(this.#space.context).every(({ row }) =>
      own.every((positive) => row[rows[positive]!] === row[one]),
    );
    return alike ? one : -1;
  }

  /** Writes a batch of these rows into `feeds`, which fit `trainingGraph`, and returns how to learn from it. */
  assemble(rows: BatchRows, feeds: Values): Update {
    const { user, item } = this.#positives;
    const { context } = this.#space;
    const multi = this.#model.loss === 'multi-positive';
    const wanted = rows.positive.map((positive) => item[positive]!);
    const items = multi
      ? distinctItems(wanted, this.#column.length, itemsInBatch(this.#model), this.#rng)
      : this.#itemsOf(wanted);
    const own = Array.from(rows.start.subarray(1), (end, i) => rows.positive.subarray(rows.start[i]!, end));
    const users = Int32Array.from(own, ([positive]) => user[positive!]!);
    const { history, historyDropout, dropout } = this.#settings;
    // What the history's dropout leaves of it is about its length.
    const seen = Math.ceil(history / Math.max(1 - historyDropout, 0.1));
    const before = own.map((targets) => {
      const whole = historyOfPositives(this.#positives, targets, seen);
      return historyDropout === 0 ? whole : whole.filter(() => this.#rng() >= historyDropout);
    });
    const halves = Uint8Array.from(own, ([positive]) => mimicHalf(this.#positives, positive!));
    // Where histories include their own moment, none of what they tell came earlier.
    const causal = this.#settings.causal && !this.#positives.leaveOut;
    const gathered = gather(this.#space, this.#tables, this.#settings, {
      users: this.#hide(users, this.#settings.userIdDropout),
      histories: before,
      items: this.#hide(items, this.#settings.itemIdDropout),
      given: contextOfRows(
        context,
        this.#hide(
          Int32Array.from(own, (targets) => this.#situationOf(targets)),
          Object.keys(context).length > 0 ? this.#settings.userIdDropout : 0,
        ),
      ),
      ...(this.#settings.crossFit && {
        mimics: {
          users: causal ? Uint8Array.from(own, ([positive]) => causalHalf(this.#positives, positive!)) : halves,
          causal,
          // A negative is no pair of its user's, so either half of it will do. All pairs of a multi-positive batch have one half.
          items: Uint8Array.from(items, (_, j) => (multi ? halves[0]! : (halves[j] ?? j & 1))),
          learning: {
            user: users,
            item: multi ? onlyOf(items, wanted) : items.subarray(0, users.length),
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

  /** A share of ids becomes −1, "unknown", so that the unknown row learns to answer for unseen ones. */
  #hide(entities: Int32Array, share: number): Int32Array {
    return share === 0 ? entities : entities.map((entity) => (this.#rng() < share ? -1 - entity : entity));
  }

  /** Inverted dropout (Srivastava et al. 2014) of the gathered inputs: what each element was multiplied by. */
  #drop(gathered: Gathered[], feeds: Values, share: number): { input: string; scale: Float32Array }[] {
    const kept = 1 / (1 - share);
    return Array.from(new Set(gathered.map(({ input }) => input)), (input) => {
      const scale = new Float32Array(feeds[input]!.length);
      for (let i = 0; i < scale.length; i++) scale[i] = this.#rng() < share ? 0 : kept;
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

/** The entities that are among the wanted ones, −1 in the place of the others. */
function onlyOf(entities: Int32Array, wanted: Int32Array): Int32Array {
  const kept = new Set(wanted);
  return entities.map((entity) => (kept.has(entity) ? entity : -1));
}

/** An entity of which nothing is known, not even its attributes. */
export const unknown = -(2 ** 31);

/** An entity whose id is hidden is written −1 − entity: its other features still count. */
const shown = (entity: number): number => (entity === unknown ? -1 : entity < 0 ? -1 - entity : entity);

/** One row an entity, of `halves` that it has; the unknown row 0 for a hidden one. */
const ownBags = (entities: Int32Array, halves: 1 | 2 = 1, half = (_: number) => 0): Bags =>
  singleBags(entities.map((entity, i) => (entity < 0 ? 0 : 1 + entity * halves + half(i))));

/** The mean of both halves of each entity. */
function bothHalves(entities: Int32Array): Bags {
  const row = Int32Array.from({ length: 2 * entities.length }, (_, at) => {
    const entity = entities[at >> 1]!;
    return entity < 0 ? 0 : 1 + 2 * entity + (at & 1);
  });
  const start = Int32Array.from({ length: entities.length + 1 }, (_, i) => 2 * i);
  return { start, row, weight: new Float32Array(row.length).fill(0.5) };
}

/** Users with their histories (item rows, oldest first), and items. */
interface Gathering {
  users: Int32Array;
  histories: ArrayLike<number>[];
  items: Int32Array;
  /** In cross-fitted training: the half of each user and item that mimics, and whose do: the first ones', −1 for none. */
  mimics?: {
    users: Uint8Array;
    items: Uint8Array;
    learning: { user: Int32Array; item: Int32Array };
    /** Whether users whose first half mimics see no a_u, for the second is of what came later. */
    causal: boolean;
  };
  /** Bags [users] to take in the place of the users' own, by feature name. */
  given?: Record<string, Bags>;
  /** The same [items] for the items. */
  givenItems?: Record<string, Bags>;
}

/**
 * Which rows of which tables make the inputs of these users (with their histories) and items. A user of −1 − u or an
 * item of −1 − i has its id and augmented vector replaced by the unknown row.
 */
export function gather(
  space: FeatureSpace,
  tables: Record<string, EmbeddingTable>,
  settings: Pick<TrainingSettings, 'history' | 'augmentedDims' | 'crossFit' | 'mimicUser' | 'mimicItem'>,
  batch: Gathering,
): Gathered[] {
  const side = (name: 'user' | 'item', entities: Int32Array): Gathered[] => {
    const width = name === 'user' ? space.userWidth : space.itemWidth;
    const visible = entities.map(shown);
    const features = space[name].map((feature): Gathered => {
      const table = tables[feature.table]!;
      const place = { table, input: name, width, offset: feature.offset };
      if (feature.decay !== undefined) {
        return { ...place, bags: historyBags(batch.histories, settings.history, feature.decay) };
      }
      const given = (name === 'user' ? batch.given : batch.givenItems)?.[feature.name];
      if (given !== undefined) return { ...place, bags: given };
      if (isContext(feature.name)) return { ...place, bags: singleBags(new Int32Array(entities.length)) };
      if (feature.name === `${name}_id`) return { ...place, bags: ownBags(entities) };
      return { ...place, bags: selectBags(space.encoded[name][feature.name]!.bags, visible) };
    });
    if (settings.augmentedDims > 0) {
      const place = { table: tables[`${name}.augmented`]!, width: settings.augmentedDims, offset: 0 };
      const halves = batch.mimics?.[`${name}s`];
      const later =
        name === 'user' && batch.mimics?.causal
          ? entities.map((entity, i) => (halves![i] === 0 ? unknown : entity))
          : entities;
      const seen = halves
        ? ownBags(later, 2, (i) => 1 - halves[i]!)
        : settings.crossFit
          ? bothHalves(entities)
          : ownBags(entities);
      features.push({ ...place, bags: seen, input: `${name}Augmented` });
      if (halves && settings[name === 'user' ? 'mimicUser' : 'mimicItem'] > 0) {
        const { learning } = batch.mimics!;
        features.push({ ...place, bags: ownBags(learning[name], 2, (i) => halves[i]!), input: `${name}Mimic` });
      }
    }
    return features;
  };
  const sequence = space.sequence.map(({ name, table, offset }): Gathered => {
    const bags = sequenceBags(space.encoded.item[name]!.bags, batch.histories, settings.history);
    return { table: tables[table]!, bags, input: 'history', width: space.itemWidth, offset };
  });
  return [
    ...(batch.users.length > 0 ? [...side('user', batch.users), ...sequence] : []),
    ...(batch.items.length > 0 ? side('item', batch.items) : []),
  ];
}

/** Items of each history that a sequence has room for. */
export const historyLengths = (histories: ArrayLike<number>[], { history }: { history: number }): Float32Array =>
  Float32Array.from(histories, (list) => Math.min(list.length, history));

/** Entities as {@link gather} takes them: the id of one that training never showed says nothing, so it is hidden. */
export const hideUntrained = (entities: Int32Array, trained: (entity: number, place: number) => boolean): Int32Array =>
  entities.map((entity, place) => (entity < 0 || trained(entity, place) ? entity : -1 - entity));

/** Every item, as {@link gather} takes them. */
export const allItems = ({ itemCount }: Positives): Int32Array =>
  hideUntrained(Int32Array.from(itemCount.keys()), (item) => itemCount[item]! > 0);

/** The gathered inputs by name, for one side alone. */
export function pooled(gathered: Gathered[]): Values {
  const feeds: Values = {};
  for (const { table, bags, input, width, offset } of gathered) {
    feeds[input] ??= new Float32Array((bags.start.length - 1) * width);
    table.pool(bags, feeds[input], width, offset);
  }
  return feeds;
}
