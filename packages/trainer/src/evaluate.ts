import type { Catalogue, Split } from '@duet/datasets';
import { z } from 'zod';

/** Metrics of a model over one group of users, targets or items. Every metric is a mean over `users`. */
const groupMetrics = z.object({
  users: z.int(),
  targets: z.int(),
  metrics: z.record(z.string(), z.number()),
});
type GroupMetrics = z.infer<typeof groupMetrics>;

/** A full-corpus evaluation: every item that the user has not seen competes with the targets. */
export const evaluationSchema = z.object({
  split: z.string(),
  users: z.int(),
  /** HR@50, HR@100, Recall@50, Recall@100, NDCG@50, NDCG@100, MRR. */
  metrics: z.record(z.string(), z.number()),
  /** The same over the users with a target in the category, and their targets in it. */
  byCategory: z.array(groupMetrics.extend({ category: z.string() })),
  /** Likewise by how often the target was seen in training. */
  byPopularity: z.array(groupMetrics.extend({ band: z.string() })),
});
export type Evaluation = z.infer<typeof evaluationSchema>;

/** Scores of every item for one evaluated user, written into `scores` [items]; higher is better. */
export type Scorer = (user: number, scores: Float32Array) => void;

const cutoffs = [50, 100] as const;

/**
 * The 1-based ranks of the targets among all items that are not `seen`, ascending. Of equal scores the lower item row
 * ranks first, so that a model without an opinion gains nothing from ties.
 */
export function targetRanks(
  scores: Float32Array,
  targets: Int32Array,
  seen: Int32Array,
): { item: number; rank: number }[] {
  const hidden = -Infinity;
  const targetSet = new Set(targets);
  const kept = Array.from(seen, (item) => scores[item]!);
  for (const item of seen) if (!targetSet.has(item)) scores[item] = hidden;
  const ordered = Array.from(targets, (item) => ({ item, score: scores[item]! })).sort(
    (a, b) => b.score - a.score || a.item - b.item,
  );
  // above[t]: items that come before target t but not before target t − 1, found by one pass and a binary search each.
  const above = new Int32Array(ordered.length + 1);
  const lowest = ordered.at(-1)?.score ?? Infinity;
  for (let item = 0; item < scores.length; item++) {
    const score = scores[item]!;
    if (score < lowest || score === hidden) continue;
    let low = 0;
    let high = ordered.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const target = ordered[middle]!;
      if (target.score < score || (target.score === score && target.item >= item)) high = middle;
      else low = middle + 1;
    }
    above[low]!++;
  }
  seen.forEach((item, i) => {
    scores[item] = kept[i]!;
  });
  let before = 0;
  return ordered.map(({ item }, i) => {
    before += above[i]!;
    return { item, rank: before };
  });
}

/**
 * HR@K (a hit at all), Recall@K = hits / min(targets, K), NDCG@K (Järvelin & Kekäläinen 2002, binary gains) and MRR
 * (of the first target, over the whole corpus) of one user's ranks, ascending.
 */
export function userMetrics(ranks: readonly number[]): Record<string, number> {
  const metrics: Record<string, number> = {};
  for (const k of cutoffs) {
    const hits = ranks.filter((rank) => rank <= k);
    const ideal = Math.min(ranks.length, k);
    let best = 0;
    for (let i = 0; i < ideal; i++) best += 1 / Math.log2(i + 2);
    metrics[`HR@${k}`] = hits.length > 0 ? 1 : 0;
    metrics[`Recall@${k}`] = hits.length / ideal;
    metrics[`NDCG@${k}`] = hits.reduce((sum, rank) => sum + 1 / Math.log2(rank + 1), 0) / best;
  }
  metrics.MRR = 1 / ranks[0]!;
  return metrics;
}

class Mean {
  users = 0;
  targets = 0;
  #sums: Record<string, number> = {};

  add(ranks: readonly number[]): void {
    this.users += 1;
    this.targets += ranks.length;
    for (const [name, value] of Object.entries(userMetrics(ranks))) this.#sums[name] = (this.#sums[name] ?? 0) + value;
  }

  result(): GroupMetrics {
    const metrics = Object.entries(this.#sums).map(([name, sum]) => [name, sum / this.users]);
    return { users: this.users, targets: this.targets, metrics: Object.fromEntries(metrics) };
  }
}

/** Bands of items by training interactions: those with none, then the head, the middle and the tail of the rest. */
export function popularityBands(itemCount: ArrayLike<number>): { names: string[]; bandOf: Int32Array } {
  const names = ['top 10 %', 'next 40 %', 'lower half', 'not in training'];
  const sold = Array.from({ length: itemCount.length }, (_, item) => item)
    .filter((item) => itemCount[item]! > 0)
    .sort((a, b) => itemCount[b]! - itemCount[a]! || a - b);
  const bandOf = new Int32Array(itemCount.length).fill(3);
  sold.forEach((item, place) => {
    bandOf[item] = place < sold.length * 0.1 ? 0 : place < sold.length * 0.5 ? 1 : 2;
  });
  return { names, bandOf };
}

/** Ranks the whole catalogue for every user of the split and averages the metrics, overall and by group of targets. */
export function evaluate(
  split: Split,
  catalogue: Pick<Catalogue, 'ids' | 'category' | 'categories'>,
  itemCount: ArrayLike<number>,
  score: Scorer,
): Evaluation {
  const scores = new Float32Array(catalogue.ids.length);
  const overall = new Mean();
  const categories = catalogue.categories.map(() => new Mean());
  const bands = popularityBands(itemCount);
  const byBand = bands.names.map(() => new Mean());
  split.evaluations.forEach(({ targets, seen }, row) => {
    score(row, scores);
    const ranks = targetRanks(scores, targets, seen);
    overall.add(ranks.map(({ rank }) => rank));
    for (const [groups, groupOf] of [
      [categories, catalogue.category],
      [byBand, bands.bandOf],
    ] as const) {
      const grouped = Map.groupBy(ranks, ({ item }) => groupOf[item]!);
      for (const [group, members] of grouped) groups[group]?.add(members.map(({ rank }) => rank));
    }
  });
  return {
    split: split.name,
    users: overall.users,
    metrics: overall.result().metrics,
    byCategory: catalogue.categories
      .map((category, i) => ({ category, ...categories[i]!.result() }))
      .filter(({ users }) => users > 0),
    byPopularity: bands.names.map((band, i) => ({ band, ...byBand[i]!.result() })).filter(({ users }) => users > 0),
  };
}

/** Inner products of one vector of `queries` [n, dims] with all of `items` [m, dims]. */
export function dotScorer(queries: Float32Array, items: Float32Array, dims: number): Scorer {
  return (row, scores) => {
    const from = row * dims;
    for (let item = 0; item < scores.length; item++) {
      let sum = 0;
      const at = item * dims;
      for (let d = 0; d < dims; d++) sum += queries[from + d]! * items[at + d]!;
      scores[item] = sum;
    }
  };
}
