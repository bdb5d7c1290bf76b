/**
 * Area under the ROC curve: the probability that a positive scores above a negative, ties counting half
 * (Mann–Whitney U / (n₊ n₋); Hanley & McNeil 1982). NaN without both classes.
 */
export function auc(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const order = Array.from({ length: scores.length }, (_, i) => i).sort((a, b) => scores[a]! - scores[b]!);
  let rankSum = 0;
  let positives = 0;
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && scores[order[to]!] === scores[order[from]!]) to++;
    const rank = (from + 1 + to) / 2;
    for (let i = from; i < to; i++) {
      if (labels[order[i]!] !== 1) continue;
      rankSum += rank;
      positives += 1;
    }
    from = to;
  }
  const negatives = order.length - positives;
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * negatives);
}

/** NDCG@k with binary gains (Järvelin & Kekäläinen 2002) of a list's labels in order, `targets` being there to find. */
export function ndcg(labels: readonly number[], k: number, targets: number): number {
  const discount = (place: number) => 1 / Math.log2(place + 2);
  const gained = labels.slice(0, k).reduce((sum, label, place) => sum + label * discount(place), 0);
  let ideal = 0;
  for (let place = 0; place < Math.min(k, targets); place++) ideal += discount(place);
  return gained / ideal;
}

/** Mean of paired differences with its 95 % normal interval. */
export function pairedDifference(differences: readonly number[]): { mean: number; low: number; high: number } {
  const n = differences.length;
  const mean = differences.reduce((sum, d) => sum + d, 0) / n;
  const variance = differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) / (n - 1);
  const half = 1.959964 * Math.sqrt(variance / n);
  return { mean, low: mean - half, high: mean + half };
}
