import type { TrainingSettings } from '@duet/models';
import type { Rng } from '@duet/random';
import type { Positives } from './positives.ts';

/** The rows of a batch: a user each, with one positive or with several of one moment. */
export interface BatchRows {
  /** [B + 1] where each row's positives are. */
  start: Int32Array;
  /** Positives, by their place in `Positives`. */
  positive: Int32Array;
}

/** Fisher and Yates's shuffle of some places. */
function shuffle(order: Int32Array, rng: Rng, from = 0, to = order.length): void {
  for (let i = to - 1; i > from; i--) {
    const j = from + Math.floor(rng() * (i - from + 1));
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
}

/**
 * Which half of the augmented vectors mimics a pair: one half all pairs of a user's moment, for what is bought together
 * tells of each other, unless a history is not what came before.
 */
export const mimicHalf = ({ leaveOut, historyEnd }: Positives, positive: number): 0 | 1 =>
  (Math.imul((leaveOut ? positive : historyEnd[positive]!) + 1, 0x9e3779b1) >>> 31) as 0 | 1;

/**
 * Which half of a_u mimics a pair of a causal training: the first where less than half of all that the user had came
 * before, else the second.
 */
export function causalHalf({ user, histories, historyEnd }: Positives, positive: number): 0 | 1 {
  const from = histories.start[user[positive]!]!;
  const to = histories.start[user[positive]! + 1]!;
  return 2 * (historyEnd[positive]! - from) < to - from ? 0 : 1;
}

type EpochSettings = Pick<TrainingSettings, 'loss' | 'batch' | 'targets' | 'crossFit' | 'augmentedDims'>;

/** Rows that an epoch is made of. */
interface Rows {
  /** Positives, a row's side by side at `start` [rows + 1]; without both a row is the positive of its place. */
  cut?: { positive: Int32Array; start: Int32Array };
  /**
   * [from, to) of the positives that are cut into several rows: whichever way, as long as the rows have their lengths.
   */
  moments: [from: number, to: number][];
  /** Rows that may meet in a batch. */
  parts: Int32Array[];
}

/**
 * Rows of one moment of a user each, or of a part of one with more than `targets`; where they have to be taken out of
 * the history, they leave three quarters of it. Cross-fitted, all pairs of a batch teach the same half: an item has one
 * vector in a batch, whoever wanted it.
 */
function rowsOfMoments(positives: Positives, { targets, crossFit, augmentedDims }: EpochSettings): Rows {
  const { user, historyEnd, histories, leaveOut } = positives;
  const halves = crossFit && augmentedDims > 0;
  const positive = new Int32Array(user.length);
  const moments: Rows['moments'] = [];
  const parts: [number[], number[]] = [[], []];
  const start = [0];
  let end = 0;
  for (let from = 0, to = 0; from < user.length; from = to) {
    while (to < user.length && user[to] === user[from] && historyEnd[to] === historyEnd[from]) to++;
    const known = historyEnd[from]! - histories.start[user[from]!]!;
    const most = leaveOut ? Math.min(targets, Math.max(1, Math.floor(known / 4))) : targets;
    for (const half of halves ? ([0, 1] as const) : ([0] as const)) {
      const first = end;
      for (let at = from; at < to; at++) {
        if (!halves || mimicHalf(positives, at) === half) positive[end++] = at;
      }
      const rows = Math.ceil((end - first) / most);
      if (rows > 1) moments.push([first, end]);
      for (let row = 1; row <= rows; row++) {
        parts[half].push(start.length - 1);
        start.push(first + Math.floor(((end - first) * row) / rows));
      }
    }
  }
  return {
    cut: { positive, start: Int32Array.from(start) },
    moments,
    parts: parts.filter((part) => part.length > 0).map((part) => Int32Array.from(part)),
  };
}

function places(count: number): Int32Array {
  const all = new Int32Array(count);
  for (let i = 0; i < count; i++) all[i] = i;
  return all;
}

const rowsOf = (positives: Positives, settings: EpochSettings): Rows =>
  settings.loss === 'multi-positive'
    ? rowsOfMoments(positives, settings)
    : { moments: [], parts: [places(positives.item.length)] };

/** Rows of an epoch that may meet in a batch: with halves of their own those of either, else all. */
export const rowCounts = (positives: Positives, settings: EpochSettings): number[] =>
  settings.loss === 'multi-positive'
    ? rowsOfMoments(positives, settings).parts.map(({ length }) => length)
    : [positives.item.length];

/** Steps that take every one of so many rows. */
export const stepsFor = (rows: readonly number[], batch: number): number =>
  rows.reduce((sum, count) => sum + Math.ceil(count / batch), 0);

/** The order in which epochs take the positives. The last batch of a part is filled up with the part's first rows. */
export class Epochs {
  readonly stepsPerEpoch: number;
  #rows: Rows;
  #batch: number;
  #positive: Int32Array | undefined;
  #parts: Int32Array[];
  /** By step of the epoch: a batch of the first part, or, from as many as it has on, of the second. */
  #batches: Int32Array;

  constructor(positives: Positives, settings: EpochSettings) {
    this.#rows = rowsOf(positives, settings);
    this.#batch = settings.batch;
    this.#positive = this.#rows.cut?.positive;
    this.#parts = this.#rows.parts;
    this.stepsPerEpoch = stepsFor(
      this.#parts.map(({ length }) => length),
      settings.batch,
    );
    this.#batches = places(this.stepsPerEpoch);
  }

  /** Begins an epoch, whose order depends on `rng` alone. */
  begin(rng: Rng): void {
    const { cut, moments, parts } = this.#rows;
    if (cut) {
      this.#positive = cut.positive.slice();
      for (const [from, to] of moments) shuffle(this.#positive, rng, from, to);
    }
    this.#parts = parts.map((part) => {
      const order = part.slice();
      shuffle(order, rng);
      return order;
    });
    this.#batches = places(this.stepsPerEpoch);
    if (parts.length > 1) shuffle(this.#batches, rng);
  }

  /** The rows of a step of the epoch. */
  batch(step: number): BatchRows {
    const [first, second] = this.#parts as [Int32Array, Int32Array?];
    const ofFirst = stepsFor([first.length], this.#batch);
    const place = this.#batches[step]!;
    const [part, from] = place < ofFirst ? [first, place] : [second!, place - ofFirst];
    const rows = Int32Array.from({ length: this.#batch }, (_, i) => part[(from * this.#batch + i) % part.length]!);
    const { cut } = this.#rows;
    if (!cut) return { start: places(rows.length + 1), positive: rows };
    const start = new Int32Array(rows.length + 1);
    rows.forEach((row, i) => {
      start[i + 1] = start[i]! + cut.start[row + 1]! - cut.start[row]!;
    });
    const positive = new Int32Array(start.at(-1)!);
    rows.forEach((row, i) => {
      positive.set(this.#positive!.subarray(cut.start[row]!, cut.start[row + 1]!), start[i]!);
    });
    return { start, positive };
  }
}
