import type { Interval } from '../estimates/estimate.ts';
import { proportion } from '../estimates/proportion.ts';
import { chiSquareSurvival } from '../numerics/distributions.ts';

/** k of n, such as buyers of users. */
export interface Proportion {
  k: number;
  n: number;
}

export interface ProportionsTest extends Interval {
  chiSquare: number | null;
  /** Two-sided. */
  p: number | null;
}

/**
 * Difference p₂ − p₁ of two independent proportions.
 *
 * - p: Pearson's χ² = (p₂ − p₁)² / (p̄(1 − p̄)(1/n₁ + 1/n₂)) on one degree of freedom, p̄ pooled, without correction.
 * - interval: Newcombe's hybrid of the two Wilson intervals (l, u), d − √((p₂ − l₂)² + (u₁ − p₁)²) to
 *   d + √((u₂ − p₂)² + (p₁ − l₁)²) (R. Newcombe 1998, Statistics in Medicine 17:873–890, method 10), which has width
 *   even where nobody or everybody is counted.
 */
export function proportionsTest(control: Proportion, treatment: Proportion, level = 0.95): ProportionsTest {
  const one = proportion(control.k, control.n, level);
  const two = proportion(treatment.k, treatment.n, level);
  if (one.value === null || two.value === null) return { value: null, low: null, high: null, chiSquare: null, p: null };
  const value = two.value - one.value;
  const low = value - Math.hypot(two.value - two.low!, one.high! - one.value);
  const high = value + Math.hypot(two.high! - two.value, one.value - one.low!);
  const pooled = (control.k + treatment.k) / (control.n + treatment.n);
  const variance = pooled * (1 - pooled) * (1 / control.n + 1 / treatment.n);
  if (variance === 0) return { value, low, high, chiSquare: null, p: null };
  const chiSquare = (value * value) / variance;
  return { value, low, high, chiSquare, p: chiSquareSurvival(chiSquare, 1) };
}
