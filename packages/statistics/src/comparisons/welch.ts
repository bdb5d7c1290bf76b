import type { Estimate, Interval } from '../estimates/estimate.ts';
import { studentQuantile, studentSurvival } from '../numerics/distributions.ts';

/**
 * Degrees of freedom of a difference of two estimates (F. Satterthwaite 1946; B. Welch 1947, Biometrika 34:28–35):
 * (v₁ + v₂)² / (v₁²/(n₁ − 1) + v₂²/(n₂ − 1)) with v the variance of each estimate. undefined where nothing varies.
 */
export function welchDf(a: Estimate, b: Estimate): number | undefined {
  const total = a.variance + b.variance;
  if (!(total > 0)) return undefined;
  // As shares of the total, so that squares neither overflow nor vanish.
  return 1 / ((a.variance / total) ** 2 / (a.n - 1) + (b.variance / total) ** 2 / (b.n - 1));
}

/** One estimate with its two-sided interval: value ± t(n − 1) √variance. Its limits are null where nothing varies. */
export function estimateInterval({ value, variance, n }: Estimate, level = 0.95): Interval {
  if (!(variance > 0)) return { value, low: null, high: null };
  const half = studentQuantile(0.5 + level / 2, n - 1) * Math.sqrt(variance);
  return { value, low: value - half, high: value + half };
}

export interface WelchTest extends Interval {
  t: number | null;
  df: number | null;
  /** Two-sided. */
  p: number | null;
}

/**
 * Welch's test of treatment − control: t = (m₂ − m₁) / √(v₁ + v₂) on Satterthwaite's degrees of freedom, with the
 * interval of the same level. All but `value` are null where neither arm varies: nothing measures the noise.
 */
export function welch(control: Estimate, treatment: Estimate, level = 0.95): WelchTest {
  const value = treatment.value - control.value;
  const df = welchDf(control, treatment);
  if (df === undefined) return { value, low: null, high: null, t: null, df: null, p: null };
  const error = Math.sqrt(control.variance + treatment.variance);
  const t = value / error;
  const half = studentQuantile(0.5 + level / 2, df) * error;
  return { value, low: value - half, high: value + half, t, df, p: 2 * studentSurvival(Math.abs(t), df) };
}
