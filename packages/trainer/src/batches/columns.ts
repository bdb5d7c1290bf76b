import type { Values } from '@duet/models';
import type { Rng } from '@duet/random';
import type { BatchRows } from './epochs.ts';
import type { Positives } from './positives.ts';

/**
 * Each item's chance not to be among a step's positives, of which an item's `count` [items] lie anywhere in an epoch.
 */
const chancesAbsent = (count: Int32Array, steps: number): Float64Array =>
  Float64Array.from(count, (n) => (1 - 1 / steps) ** n);

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);

/** Distinct items that the positives of a step are about, on average. */
export const distinctPerStep = (count: Int32Array, steps: number): number =>
  count.length - sum(chancesAbsent(count, steps));

/** Log of each item's chance to be in a batch of so many distinct items: as a positive's, or drawn from the others. */
export function logInclusion(count: Int32Array, steps: number, columns: number): Float32Array {
  if (columns >= count.length) return new Float32Array(count.length);
  const absent = chancesAbsent(count, steps);
  const others = sum(absent);
  const drawn = Math.max(columns - count.length + others, 0) / others;
  return Float32Array.from(absent, (chance) => Math.log(1 - chance + chance * drawn + 1e-9));
}

/** The whole catalogue where it fits; else the positives' items, as far as there is room, then others at random. */
export function batchItems(positiveItems: Iterable<number>, items: number, columns: number, rng: Rng): Int32Array {
  if (columns >= items) return Int32Array.from({ length: items }, (_, item) => item);
  const chosen = new Set<number>();
  for (const item of positiveItems) if (chosen.size < columns) chosen.add(item);
  if (2 * columns <= items) {
    while (chosen.size < columns) chosen.add(Math.floor(rng() * items));
    return Int32Array.from(chosen);
  }
  const others: number[] = [];
  for (let item = 0; item < items; item++) if (!chosen.has(item)) others.push(item);
  for (let i = 0; chosen.size < columns; i++) {
    const j = i + Math.floor(rng() * (others.length - i));
    [others[i], others[j]] = [others[j]!, others[i]!];
    chosen.add(others[i]!);
  }
  return Int32Array.from(chosen);
}

/**
 * Writes `positive` [B, N], each pair's share, by which all rows weigh alike, and `own` [B, N], which of the batch's
 * items each row's user has had.
 *
 * @param column [items] all −1, and so again afterwards
 */
export function writePairs(
  positives: Positives,
  { start, positive }: BatchRows,
  items: Int32Array,
  feeds: Values,
  column: Int32Array,
): void {
  const { user, item, histories } = positives;
  items.forEach((one, j) => {
    column[one] = j;
  });
  const weights = feeds.positive!.fill(0);
  const had = feeds.own!.fill(0);
  for (let i = 0; i + 1 < start.length; i++) {
    const from = i * items.length;
    const weight = 1 / ((start.length - 1) * (start[i + 1]! - start[i]!));
    for (let at = start[i]!; at < start[i + 1]!; at++) {
      const j = column[item[positive[at]!]!]!;
      if (j >= 0) weights[from + j]! += weight;
    }
    const u = user[positive[start[i]!]!]!;
    for (let at = histories.start[u]!; at < histories.start[u + 1]!; at++) {
      const j = column[histories.item[at]!]!;
      if (j >= 0) had[from + j] = 1;
    }
  }
  for (const one of items) column[one] = -1;
}
