import type { Estimate, Interval } from '../estimates/estimate.ts';
import { fiellerLift } from './lift.ts';

export interface SequentialOptions {
  level?: number;
  /** Users, of both arms together, at which the sequence is to be tightest: those planned for the end. */
  tunedFor: number;
  /**
   * The level at which it is tightest there; `level` by default. It decides p, so sequences of several levels share it.
   */
  tunedLevel?: number;
}

/** s = n ρ² at `n` users. */
const informationAt = (n: number, { level = 0.95, tunedFor, tunedLevel = level }: SequentialOptions) =>
  (n * tunedInformation(1 - tunedLevel)) / tunedFor;

export interface ConfidenceSequence extends Interval {
  /** Always valid: it may be looked at every day, and the first time it is ≤ α is significant at α. */
  p: number | null;
}

/**
 * n ρ² at the users n that a sequence is tuned for: the s > 0 that makes the width's factor (s + 1)/s · log((s + 1)/α²)
 * least, that is s = log(s + 1) − 2 log α (Waudby-Smith et al. 2024, appendix B.2, there by Lambert's W₋₁). 8.22 at 5
 * %.
 */
export function tunedInformation(alpha: number): number {
  const least = -2 * Math.log(alpha);
  let s = least + 1;
  // A contraction by 1/(s + 1).
  for (let i = 0; i < 100; i++) s = least + Math.log1p(s);
  return s;
}

/**
 * How many standard errors wide a confidence sequence is on either side at `n` users: in place of a fixed-horizon
 * test's 1.96, √((s + 1)/s · log((s + 1)/α²)) with s = n ρ². 3.04 at the users it is tuned for, at level 0.95.
 */
export function sequentialWidth(n: number, options: SequentialOptions): number {
  const { level = 0.95 } = options;
  const s = informationAt(n, options);
  return Math.sqrt(((s + 1) / s) * Math.log((s + 1) / (1 - level) ** 2));
}

/**
 * The asymptotic confidence sequence of a difference of two arms: value ± √(variance) × {@link sequentialWidth}, with
 * Robbins' normal mixture as its boundary (I. Waudby-Smith, D. Arbour, R. Sinha, E. Kennedy, A. Ramdas 2024,
 * "Time-uniform central limit theory and asymptotic confidence sequences", Annals of Statistics 52:2613–2640, thm 2.2).
 * All its looks together cover the truth with probability `level`, so that a test may be stopped at any look.
 * `variance` may be a delta method's or CUPED's: their linearised users are what the theorem is about.
 *
 * p is the smallest α whose interval, with the same ρ, leaves zero out: √(s + 1) exp(−z² s / (2 (s + 1))), one over the
 * mixture likelihood ratio (R. Johari, P. Koomen, L. Pekelis, D. Walsh 2017, "Peeking at A/B Tests", KDD, eq. 5). Its
 * smallest value over the looks so far is an always-valid p too. Limits and p are null where nothing varies.
 *
 * @param difference treatment − control; `n` is the users of both
 */
export function confidenceSequence({ value, variance, n }: Estimate, options: SequentialOptions): ConfidenceSequence {
  if (!(variance > 0)) return { value, low: null, high: null, p: null };
  const half = Math.sqrt(variance) * sequentialWidth(n, options);
  const s = informationAt(n, options);
  const p = Math.min(1, Math.sqrt(s + 1) * Math.exp((-(value * value) / variance) * (s / (2 * (s + 1)))));
  return { value, low: value - half, high: value + half, p };
}

/** Treatment − control of two independent arms, for {@link confidenceSequence}. */
export const differenceOf = (control: Estimate, treatment: Estimate): Estimate => ({
  value: treatment.value - control.value,
  variance: control.variance + treatment.variance,
  n: control.n + treatment.n,
});

/**
 * The confidence sequence of the relative lift treatment / control − 1: all ratios r whose m₂ − r m₁ the sequence does
 * not tell from zero, which is Fieller's set with {@link sequentialWidth} for t. It leaves zero lift out exactly where
 * the difference's sequence leaves out zero. All null where control's value is not above zero.
 */
export const liftSequence = (control: Estimate, treatment: Estimate, options: SequentialOptions): Interval =>
  fiellerLift(control, treatment, sequentialWidth(control.n + treatment.n, options));
