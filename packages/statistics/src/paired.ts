import type { Rng } from '@duet/random';

/** A mean difference between pairs, and where it lies. */
export interface PairedDifference {
  /** Mean of a − b. */
  value: number;
  low: number;
  high: number;
}

/**
 * The mean difference of two figures of the same units (users), with the percentile interval of a bootstrap that draws
 * units with replacement (Efron & Tibshirani 1993, ch. 13): what both figures share with a unit cancels.
 *
 * @param a one value a unit, in the same order as `b`
 * @param level of the interval
 * @throws RangeError where the two differ in length or are empty
 */
export function pairedBootstrap(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { rng, replicates = 2000, level = 0.95 }: { rng: Rng; replicates?: number; level?: number },
): PairedDifference {
  const n = a.length;
  if (n === 0 || n !== b.length) throw new RangeError('Pairs need two lists of the same length, not empty.');
  const difference = Float64Array.from(a, (x, i) => x - b[i]!);
  const value = difference.reduce((sum, d) => sum + d, 0) / n;
  const means = new Float64Array(replicates);
  for (let r = 0; r < replicates; r++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += difference[Math.floor(rng() * n)]!;
    means[r] = sum / n;
  }
  means.sort();
  const at = (q: number) => means[Math.round(q * (replicates - 1))]!;
  return { value, low: at((1 - level) / 2), high: at((1 + level) / 2) };
}
