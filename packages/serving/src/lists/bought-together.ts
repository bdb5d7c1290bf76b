import type { Retrieved } from '../search.ts';
import { type ListData, ofPurchases } from './activity.ts';

/** Baskets of an item that are looked at, the newest: what is bought with bread does not need them all. */
const mostBaskets = 5_000;
/** A longer basket is a wholesaler's, and says little of what goes together. */
const longestBasket = 200;
/** Baskets that must have both. */
const minSupport = 2;
/** Pairs by chance that a lift is shrunk by. */
const shrinkage = 5;
/** Where the data have an order and no times: purchases of a user on either side that count as one basket. */
const neighbours = 5;

/** Where each item was bought: rows of the interactions by item. */
interface Postings {
  /** Rows of item i are `rows[start[i] … start[i + 1]]`, newest last. */
  start: Int32Array;
  rows: Int32Array;
  /** Distinct baskets, all together. */
  baskets: number;
}

const postingsOf = ofPurchases(({ interactions, timed }): Postings => {
  const { items, item, user, time } = interactions;
  const start = new Int32Array(items.length + 1);
  for (const i of item) start[i + 1]!++;
  for (let i = 0; i < items.length; i++) start[i + 1]! += start[i]!;
  const at = start.slice();
  const rows = new Int32Array(item.length);
  let baskets = 0;
  for (let row = 0; row < item.length; row++) {
    rows[at[item[row]!]!++] = row;
    if (row === 0 || user[row] !== user[row - 1] || (timed && time[row] !== time[row - 1])) baskets++;
  }
  if (timed) {
    for (let i = 0; i < items.length; i++) rows.subarray(start[i]!, start[i + 1]!).sort((a, b) => time[a]! - time[b]!);
  }
  return { start, rows, baskets: timed ? baskets : item.length };
});

/**
 * What is in baskets together with the given items more than chance would have it: the support n_ij times the log of
 * the lift, shrunk towards none, n_ij · ln((n_ij + s) / (e_ij + s)) with e_ij = n_i · n_j / N; summed over the given
 * items.
 *
 * A basket is what a user had at one moment; without times, what a user had shortly before or after.
 *
 * @param basket item rows
 */
export function boughtTogether(dataset: ListData, basket: readonly number[]): Retrieved[] {
  const { start, baskets } = postingsOf(dataset);
  const given = new Set(basket);
  const scores = new Map<number, number>();
  for (const item of given) {
    // One that is new since the data is in no basket.
    if (item + 1 >= start.length) continue;
    const { pairs, looked } = pairsOf(dataset, item);
    for (const [other, n] of pairs) {
      if (n < minSupport || given.has(other)) continue;
      const expected = (looked * (start[other + 1]! - start[other]!)) / baskets;
      const lift = Math.log((n + shrinkage) / (expected + shrinkage));
      if (lift > 0) scores.set(other, (scores.get(other) ?? 0) + lift * n);
    }
  }
  return Array.from(scores, ([item, score]) => ({ item, score })).sort((a, b) => b.score - a.score || a.item - b.item);
}

/** In how many baskets of an item each other one is, and how many were looked at. */
export function pairsOf(dataset: ListData, item: number): { pairs: Map<number, number>; looked: number } {
  const { interactions, timed, userStart } = dataset;
  const { item: items, time, user } = interactions;
  const { start, rows } = postingsOf(dataset);
  const newest = rows.subarray(Math.max(start[item]!, start[item + 1]! - mostBaskets), start[item + 1]!);
  const pairs = new Map<number, number>();
  let looked = 0;
  for (const row of newest) {
    const [first, end] = [userStart[user[row]!]!, userStart[user[row]! + 1]!];
    let [from, to] = [row, row + 1];
    if (timed) {
      while (from > first && time[from - 1] === time[row]) from--;
      while (to < end && time[to] === time[row]) to++;
    } else {
      from = Math.max(first, row - neighbours);
      to = Math.min(end, row + neighbours + 1);
    }
    looked++;
    if (to - from > longestBasket) continue;
    for (const other of new Set(items.subarray(from, to))) {
      if (other !== item) pairs.set(other, (pairs.get(other) ?? 0) + 1);
    }
  }
  return { pairs, looked };
}
