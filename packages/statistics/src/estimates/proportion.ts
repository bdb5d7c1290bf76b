import { binomialCdf, normalQuantile } from '../numerics/distributions.ts';
import { rootOf } from '../numerics/root.ts';
import type { Interval } from './estimate.ts';

/**
 * Wilson's score interval of a proportion k/n, z = Φ⁻¹(½ + level/2):
 * (p̂ + z²/2n ± z √(p̂(1 − p̂)/n + z²/4n²)) / (1 + z²/n) (E. Wilson 1927, JASA 22:209–212). It stays within 0 and 1 and
 * has width even at k = 0. All null at n = 0.
 */
export function proportion(k: number, n: number, level = 0.95): Interval {
  if (n === 0) return { value: null, low: null, high: null };
  const z = normalQuantile(0.5 + level / 2);
  const p = k / n;
  const centre = p + (z * z) / (2 * n);
  const half = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  const scale = 1 + (z * z) / n;
  return {
    value: p,
    low: k === 0 ? 0 : (centre - half) / scale,
    high: k === n ? 1 : (centre + half) / scale,
  };
}

/**
 * The exact interval of a proportion k/n: all p of which neither P(X ≥ k) nor P(X ≤ k) is below (1 − level)/2 (C.
 * Clopper
 * & E. Pearson 1934, Biometrika 26:404–413). It leaves a p out exactly where the binomial test at it, with the smaller
 * tail doubled, is significant. All null at n = 0.
 */
export function exactProportion(k: number, n: number, level = 0.95): Interval {
  if (n === 0) return { value: null, low: null, high: null };
  const tail = (1 - level) / 2;
  const value = k / n;
  return {
    value,
    low: k === 0 ? 0 : rootOf((p) => 1 - binomialCdf(k - 1, n, p) - tail, 0, value),
    high: k === n ? 1 : rootOf((p) => binomialCdf(k, n, p) - tail, value, 1),
  };
}
