import { type ItemNeighbours, itemNeighbours, scoreByNeighbours } from '@duet/models';
import { normalQuantile } from '@duet/statistics';

/**
 * What goes with what, learnt from purchases that no arm has seen. It is no arm's model: neither towers nor factors.
 */
export interface Tastes {
  neighbours: ItemNeighbours;
  /** Buyers of each item: only orders items about which the neighbours say nothing. */
  buyers: Float64Array;
}

/** Distrusts items that few users share; what the quality bench's validation preferred for item-kNN. */
const shrinkage = 10;

/** @param unseen each user's distinct items among the purchases that the arms have not seen */
export function fitTastes(unseen: readonly Int32Array[], items: number): Tastes {
  const buyers = new Float64Array(items);
  for (const list of unseen) for (const item of list) buyers[item]!++;
  return { neighbours: itemNeighbours(unseen, items, { neighbours: 100, shrinkage }), buyers };
}

/**
 * How much somebody with these purchases likes each of the asked items: its place in their own order of the whole
 * catalogue as a normal score, Φ⁻¹(1 − (rank − ½) / items), so that 0 is the middle of the catalogue, and 3.5 the best
 * of some thousands, for everybody alike. The order is that of the summed similarities to `basis`; `wanted` items,
 * which they really bought, come before all others.
 */
export function liking(
  { neighbours, buyers }: Tastes,
  { basis, wanted }: { basis: Int32Array; wanted: Int32Array },
  asked: ArrayLike<number>,
): Float64Array {
  const n = buyers.length;
  const similar = new Float32Array(n);
  scoreByNeighbours(neighbours, basis, similar);
  const score = Float64Array.from(similar, (s, item) => s + 1e-9 * buyers[item]!);
  for (const item of wanted) score[item]! += 1e6;
  const rising = score.toSorted();
  // Those that are liked alike share the middle of their ranks.
  return Float64Array.from(asked, (item) =>
    normalQuantile((below(rising, score[item]!, false) + below(rising, score[item]!, true)) / (2 * n)),
  );
}

/** How many of rising values lie below a value, or, `orAt` it too. */
function below(rising: Float64Array, value: number, orAt: boolean): number {
  let [from, to] = [0, rising.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (rising[middle]! < value || (orAt && rising[middle] === value)) from = middle + 1;
    else to = middle;
  }
  return from;
}
