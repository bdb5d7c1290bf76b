import { listLength, type Rankings } from './rankings.ts';

/** Lengths of list that models are compared at. */
const cutoffs = [10, 20, 50, 100] as const;

/** DCG of hits at ranks 1 … n, by n. */
const idealGain = new Float64Array(listLength + 1);
for (let n = 1; n <= listLength; n++) idealGain[n] = idealGain[n - 1]! + 1 / Math.log2(n + 1);

/**
 * HR@K (a hit at all), Recall@K = hits / min(targets, K), NDCG@K (Järvelin & Kekäläinen 2002, binary gains) and MRR
 * (of the first target, over the whole corpus) of one user's ranks, ascending.
 */
export function userMetrics(ranks: ArrayLike<number>): Record<string, number> {
  const metrics: Record<string, number> = {};
  for (const k of cutoffs) {
    let hits = 0;
    let gain = 0;
    while (hits < ranks.length && ranks[hits]! <= k) gain += 1 / Math.log2(ranks[hits++]! + 1);
    const most = Math.min(ranks.length, k);
    metrics[`HR@${k}`] = hits > 0 ? 1 : 0;
    metrics[`Recall@${k}`] = hits / most;
    metrics[`NDCG@${k}`] = gain / idealGain[most]!;
  }
  metrics.MRR = 1 / ranks[0]!;
  return metrics;
}

/** Means over users of their metrics. */
export class MeanMetrics {
  users = 0;
  targets = 0;
  #sums: Record<string, number> = {};

  /** @param ranks the user's, ascending, at least one */
  add(ranks: ArrayLike<number>): void {
    this.users += 1;
    this.targets += ranks.length;
    const metrics = userMetrics(ranks);
    for (const name in metrics) this.#sums[name] = (this.#sums[name] ?? 0) + metrics[name]!;
  }

  result(): { users: number; targets: number; metrics: Record<string, number> } {
    const metrics = Object.entries(this.#sums).map(([name, sum]) => [name, sum / this.users]);
    return { users: this.users, targets: this.targets, metrics: Object.fromEntries(metrics) };
  }
}

/** Gini coefficient of counts ≥ 0: 0 where all are equal, towards 1 where one has everything. */
export function gini(counts: ArrayLike<number>): number {
  const sorted = Float64Array.from(counts).sort();
  const n = sorted.length;
  let weighted = 0;
  let sum = 0;
  sorted.forEach((x, i) => {
    weighted += (2 * (i + 1) - n - 1) * x;
    sum += x;
  });
  return sum === 0 ? 0 : weighted / (n * sum);
}

/**
 * What the lists of K items show, whoever they are for: Coverage@K is the share of the catalogue that is in any list;
 * ARP@K the mean over users of their list's mean popularity (average recommendation popularity: Yin et al., VLDB 2012);
 * Gini@K that of how often each item is shown, over the whole catalogue.
 *
 * @param popularity users that had the item in training, by item
 * @param users places in `rankings` of the users that count; all by default
 */
export function listMetrics(
  { user, list }: Pick<Rankings, 'user' | 'list'>,
  popularity: ArrayLike<number>,
  users: Iterable<number> = user.keys(),
): Record<string, number> {
  const metrics: Record<string, number> = {};
  const places = [...users];
  for (const k of cutoffs) {
    const shown = new Int32Array(popularity.length);
    let total = 0;
    for (const u of places) {
      const shownItems = list.subarray(u * listLength, u * listLength + k);
      let sum = 0;
      let length = 0;
      for (; length < k && shownItems[length]! >= 0; length++) {
        shown[shownItems[length]!]!++;
        sum += popularity[shownItems[length]!]!;
      }
      if (length > 0) total += sum / length;
    }
    metrics[`Coverage@${k}`] = shown.reduce((items, n) => items + (n > 0 ? 1 : 0), 0) / shown.length;
    metrics[`ARP@${k}`] = total / places.length;
    metrics[`Gini@${k}`] = gini(shown);
  }
  return metrics;
}
