import type { Estimate, Interval } from '../estimates/estimate.ts';
import { studentQuantile } from '../numerics/distributions.ts';
import { welchDf } from './welch.ts';

export type LiftMethod = 'fieller' | 'delta';

/**
 * Relative lift m₂/m₁ − 1 of treatment over control (independent arms), with its interval.
 *
 * - `fieller` (E. Fieller 1954, JRSS B 16:175–185): all ratios r with (m₂ − r m₁)² ≤ t² (v₂ + r² v₁), that is, the
 * roots
 *   of (m₁² − t² v₁) r² − 2 m₁ m₂ r + (m₂² − t² v₂). With Satterthwaite's degrees of freedom for t it leaves out zero
 *   lift exactly where Welch's test is significant. Where control itself is not told apart from zero the set is
 *   unbounded and the limits are null.
 * - `delta`: (m₂/m₁ − 1) ± t √(v₂/m₁² + m₂² v₁/m₁⁴), the first-order approximation (Deng et al. 2018, §3.1).
 *
 * All null where control's value is zero or less: a relative lift has no meaning there.
 */
export function relativeLift(
  control: Estimate,
  treatment: Estimate,
  { level = 0.95, method = 'fieller' }: { level?: number; method?: LiftMethod } = {},
): Interval {
  const [m1, v1, m2, v2] = [control.value, control.variance, treatment.value, treatment.variance];
  if (!(m1 > 0)) return { value: null, low: null, high: null };
  const value = m2 / m1 - 1;
  const df = welchDf(control, treatment);
  if (df === undefined) return { value, low: null, high: null };
  const t = studentQuantile(0.5 + level / 2, df);
  if (method === 'delta') {
    const half = t * Math.sqrt(v2 / m1 ** 2 + (m2 ** 2 * v1) / m1 ** 4);
    return { value, low: value - half, high: value + half };
  }
  return fiellerLift(control, treatment, t);
}

/** Fieller's set with `width` standard errors to either side: see {@link relativeLift}. */
export function fiellerLift(control: Estimate, treatment: Estimate, width: number): Interval {
  const [m1, m2] = [control.value, treatment.value];
  if (!(m1 > 0)) return { value: null, low: null, high: null };
  const value = m2 / m1 - 1;
  if (!(control.variance + treatment.variance > 0)) return { value, low: null, high: null };
  // Everything in units of m₁, so that no square overflows.
  const [r, u1, u2] = [m2 / m1, control.variance / m1 ** 2, treatment.variance / m1 ** 2];
  const a = 1 - width * width * u1;
  if (!(a > 0)) return { value, low: null, high: null };
  const root = width * Math.sqrt(u2 * a + r * r * u1);
  return { value, low: (r - root) / a - 1, high: (r + root) / a - 1 };
}
