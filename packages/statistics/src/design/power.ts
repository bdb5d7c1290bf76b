import { sequentialWidth } from '../comparisons/confidence-sequence.ts';
import type { Estimate } from '../estimates/estimate.ts';
import { normalCdf, normalQuantile } from '../numerics/distributions.ts';
import { rootOf } from '../numerics/root.ts';

/** A metric before anything changes: a mean or ratio with its users' variance, or a share of users. */
export type Baseline = { mean: number; variance: number } | { rate: number };

export interface PowerPlan {
  baseline: Baseline;
  /** The split, control first; any positive numbers. Two equal arms by default. */
  weights?: readonly number[];
  /** Two-sided. */
  alpha?: number;
  /** Every treatment is compared with control: α is divided by their number, or not. */
  correction?: 'bonferroni' | 'none';
  /**
   * An effect multiplies what each user does, and so the variance between treated users by (1 + lift)²; false where it
   * adds the same to everybody.
   */
  multiplies?: boolean;
  /** It is judged with `withVarianceFloor`, as a report's comparisons are. */
  varianceFloor?: boolean;
  /** The experiment ends as soon as its confidence sequence leaves zero out. */
  sequential?: boolean;
  /** Users of both arms of a comparison that the sequence is tuned for; those in question by default. */
  tunedFor?: number;
}

/** Difference of treatment and control, in the metric's unit or as a share of control. */
export type Effect = { absolute: number } | { relative: number };

/** The baseline that an estimate from history stands for: its users' (linearised) variance is n times its own. */
export const baselineOf = ({ value, variance, n }: Estimate): Baseline => ({ mean: value, variance: variance * n });

const levelOf = (baseline: Baseline) => ('rate' in baseline ? baseline.rate : baseline.mean);
const differenceFor = (baseline: Baseline, effect: Effect) =>
  'absolute' in effect ? effect.absolute : effect.relative * levelOf(baseline);

/** Variance of one user under control, and under treatment when it differs by `difference`. */
function variances({ baseline, multiplies = true }: PowerPlan, difference: number): [number, number] {
  if (!('rate' in baseline)) {
    const growth = multiplies && baseline.mean > 0 ? (1 + difference / baseline.mean) ** 2 : 1;
    return [baseline.variance, baseline.variance * growth];
  }
  const of = (rate: number) => rate * (1 - rate);
  return [of(baseline.rate), of(baseline.rate + difference)];
}

/** Shares of all users, of control and of the smallest treatment, whose comparison is the weakest. */
function shares({ weights = [1, 1] }: PowerPlan): [number, number] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return [weights[0]! / total, Math.min(...weights.slice(1)) / total];
}

/** Why no experiment can have the effect, in a sentence's end; undefined where one can. */
export function impossibleEffect({ baseline, multiplies = true }: PowerPlan, effect: Effect): string | undefined {
  const difference = differenceFor(baseline, effect);
  if (difference === 0) return 'is no effect: no number of users finds it';
  const after = levelOf(baseline) + difference;
  const shown = Number(after.toPrecision(6));
  if ('rate' in baseline)
    return after > 0 && after < 1 ? undefined : `makes the rate ${shown}, which is not between 0 and 1`;
  if (multiplies && baseline.mean > 0 && after <= 0)
    return `makes a mean of ${baseline.mean} ${shown}: it cannot lose all there is`;
  return undefined;
}

/** Variance of the difference, times the users of all arms together. */
function spread(plan: PowerPlan, difference: number): number {
  const [v1, v2] = variances(plan, difference);
  const [s1, s2] = shares(plan);
  const unpooled = v1 / s1 + v2 / s2;
  if (!plan.varianceFloor) return unpooled;
  return Math.max(unpooled, ((s1 * v1 + s2 * v2) / (s1 + s2)) * (1 / s1 + 1 / s2));
}

/** How many standard errors a difference must be from zero where there are `users` in all arms. */
function threshold(plan: PowerPlan, users: number): number {
  const { alpha = 0.05, correction = 'bonferroni', weights = [1, 1], sequential = false } = plan;
  const each = correction === 'none' ? alpha : alpha / (weights.length - 1);
  if (!sequential) return normalQuantile(1 - each / 2);
  const [control, treatment] = shares(plan);
  const compared = users * (control + treatment);
  return sequentialWidth(compared, { level: 1 - each, tunedFor: plan.tunedFor ?? compared });
}

/**
 * The chance to find an effect with `users` in all arms together:
 * Φ(|δ|/σ − z) + Φ(−|δ|/σ − z), σ² = σ₁²/n₁ + σ₂²/n₂, z = Φ⁻¹(1 − α/2), for the smallest treatment against control
 * (J. Cohen 1988, Statistical Power Analysis, §2; G. van Belle 2008, Statistical Rules of Thumb, ch. 2). A proportion's
 * variance under treatment is that of its new rate; a mean's grows with the lift unless the plan says otherwise, for
 * with equal ones the calculator promises 80 % power where simulated shoppers give 75 (bench/stats.ts). A sequential
 * plan's is the chance at its planned end alone, so no less than this in truth.
 */
export function powerOf(plan: PowerPlan, effect: Effect, users: number): number {
  const difference = differenceFor(plan.baseline, effect);
  const distance = Math.abs(difference) / Math.sqrt(spread(plan, difference) / users);
  const z = threshold(plan, users);
  return normalCdf(distance - z) + normalCdf(-distance - z);
}

/** |δ|/σ at which the power is as wanted. */
function neededDistance(plan: PowerPlan, power: number, users: number): number {
  const z = threshold(plan, users);
  return rootOf((distance) => normalCdf(distance - z) + normalCdf(-distance - z) - power, 0, z + 40);
}

/**
 * Users, of all arms together and of each, that find the effect with the chance `power`: the inverse of
 * {@link powerOf}, rounded up in each arm. undefined for no effect: no number is enough.
 */
export function requiredUsers(
  plan: PowerPlan,
  effect: Effect,
  power = 0.8,
): { users: number; arms: number[] } | undefined {
  const difference = differenceFor(plan.baseline, effect);
  if (difference === 0) return undefined;
  // A sequence's threshold follows the users, so slowly that this settles at once.
  let users = plan.tunedFor ?? 1;
  for (let i = 0; i < 20; i++)
    users = (neededDistance(plan, power, users) / difference) ** 2 * spread(plan, difference);
  const { weights = [1, 1] } = plan;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const arms = weights.map((weight) => Math.max(2, Math.ceil((users * weight) / total)));
  return { users: arms.reduce((sum, n) => sum + n, 0), arms };
}

/**
 * The smallest increase that `users` in all arms together find with the chance `power`, absolute and as a share of
 * control (null where control is not above zero). undefined where none would be found: not even a rate of 1, or one
 * that grows its own noise as fast.
 */
export function minimumDetectableEffect(
  plan: PowerPlan,
  users: number,
  power = 0.8,
): { absolute: number; relative: number | null } | undefined {
  const { baseline } = plan;
  const distance = neededDistance(plan, power, users);
  const value = levelOf(baseline);
  const missing = (difference: number) => difference - distance * Math.sqrt(spread(plan, difference) / users);
  // A difference of hundreds of times the metric is none that anybody plans for.
  const most = 'rate' in baseline ? 1 - value : 1000 * Math.max(Math.abs(value), Math.sqrt(baseline.variance));
  if (missing(most) < 0) return undefined;
  const absolute = most === 0 ? 0 : rootOf(missing, 0, most);
  return { absolute, relative: value > 0 ? absolute / value : null };
}
