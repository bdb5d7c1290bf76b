import { DuetError } from '@duet/base';
import type { Split } from '@duet/datasets';
import { type Scorer, usersPerBlock } from './scorer.ts';

/** Items of a list that is kept whole: the largest cutoff. */
export const listLength = 100;

/** Where each evaluated user's targets came, and what the user would have been shown: every metric follows from it. */
export interface Rankings {
  /** User rows, as in `split.evaluations` [n]. */
  user: Int32Array;
  /** User u's targets are `item[start[u] … start[u+1])` [n + 1]. */
  start: Int32Array;
  /** Target item rows, each user's best first. */
  item: Int32Array;
  /** Their 1-based ranks among all items that the user has not seen. */
  rank: Int32Array;
  /** Each user's first items, best first; −1 where the catalogue has no more [n, listLength]. */
  list: Int32Array;
}

const hidden = -Infinity;

/**
 * The 1-based ranks of the targets among all items that are not hidden, ascending. Of equal scores the lower item row
 * ranks first, so that a model without an opinion gains nothing from ties. Counts, in one pass, without sorting items.
 */
export function targetRanks(scores: Float32Array, targets: Int32Array): { item: number; rank: number }[] {
  const ordered = targets.toSorted((a, b) => scores[b]! - scores[a]! || a - b);
  const bound = Float32Array.from(ordered, (item) => scores[item]!);
  const last = ordered.length - 1;
  // above[t]: items that come before target t but not before target t − 1.
  const above = new Int32Array(ordered.length);
  const lowest = bound[last]!;
  const lowestItem = ordered[last]!;
  for (let item = 0; item < scores.length; item++) {
    const score = scores[item]!;
    if (score < lowest || (score === lowest && item > lowestItem)) continue;
    let low = 0;
    let high = last;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (bound[middle]! < score || (bound[middle] === score && ordered[middle]! >= item)) high = middle;
      else low = middle + 1;
    }
    above[low]!++;
  }
  let before = 0;
  return Array.from(ordered, (item, i) => {
    before += above[i]!;
    return { item, rank: before };
  });
}

/**
 * Item rows of the `k` highest scores that are not hidden, best first, ties to the lower row; fewer where there are
 * fewer. A heap of k with the worst on top: n comparisons and about k·ln(n/k) changes.
 *
 * @throws DuetError `bad-input` where a score is not a number
 */
export function topItems(scores: Float32Array, k: number): Int32Array {
  const heap = new Int32Array(k);
  let size = 0;
  const worse = (a: number, b: number) => scores[a]! < scores[b]! || (scores[a] === scores[b] && a > b);
  const sink = (at: number) => {
    const item = heap[at]!;
    for (let child = 2 * at + 1; child < size; child = 2 * at + 1) {
      if (child + 1 < size && worse(heap[child + 1]!, heap[child]!)) child += 1;
      if (!worse(heap[child]!, item)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = item;
  };
  let bar = hidden;
  for (let item = 0; item < scores.length; item++) {
    const score = scores[item]!;
    // A later item of an equal score is behind.
    if (score <= bar) continue;
    if (Number.isNaN(score)) {
      throw new DuetError('bad-input', `The model's score of item row ${item} is not a number.`, {
        fix: 'Its training diverged: train it again with a lower learningRate or tableLearningRate.',
      });
    }
    if (size < k) {
      heap[size++] = item;
      if (size < k) continue;
      for (let at = (k >> 1) - 1; at >= 0; at--) sink(at);
    } else {
      heap[0] = item;
      sink(0);
    }
    bar = scores[heap[0]!]!;
  }
  return heap.subarray(0, size).sort((a, b) => scores[b]! - scores[a]! || a - b);
}

export interface RankOptions {
  /** Whether the items that a user has had are left out of the ranking, unless they are targets (default). */
  mask?: boolean;
  /** Called after each block of users. */
  onUsers?: ((done: number, total: number) => void) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Ranks the whole catalogue for every evaluated user of a split.
 *
 * @throws DuetError `bad-input` where a score is not a number; the signal's reason
 */
export async function rankAll(
  evaluations: Split['evaluations'],
  items: number,
  score: Scorer,
  { mask = true, onUsers, signal }: RankOptions = {},
): Promise<Rankings> {
  const n = evaluations.length;
  const start = new Int32Array(n + 1);
  evaluations.forEach(({ targets }, u) => {
    start[u + 1] = start[u]! + targets.length;
  });
  const item = new Int32Array(start[n]!);
  const rank = new Int32Array(start[n]!);
  const list = new Int32Array(n * listLength).fill(-1);
  const block = usersPerBlock(items);
  const scores = new Float32Array(Math.min(block, n) * items);
  for (let from = 0; from < n; from += block) {
    const to = Math.min(from + block, n);
    signal?.throwIfAborted();
    await score(evaluations.slice(from, to), scores.subarray(0, (to - from) * items));
    for (let u = from; u < to; u++) {
      const { targets, seen } = evaluations[u]!;
      const userScores = scores.subarray((u - from) * items, (u - from + 1) * items);
      if (mask) {
        const targetScores = Float32Array.from(targets, (target) => userScores[target]!);
        for (const other of seen) userScores[other] = hidden;
        targets.forEach((target, i) => {
          userScores[target] = targetScores[i]!;
        });
      }
      list.set(topItems(userScores, listLength), u * listLength);
      targetRanks(userScores, targets).forEach((target, i) => {
        item[start[u]! + i] = target.item;
        rank[start[u]! + i] = target.rank;
      });
    }
    onUsers?.(to, n);
  }
  return { user: Int32Array.from(evaluations, ({ user }) => user), start, item, rank, list };
}
