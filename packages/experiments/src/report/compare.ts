import {
  bayesianLift,
  confidenceSequence,
  cuped,
  differenceOf,
  type Estimate,
  holm,
  holmLevels,
  type Interval,
  type LiftMethod,
  liftSequence,
  relativeLift,
  welch,
  withVarianceFloor,
} from '@duet/statistics';
import type { Metric } from '../metrics/experiment-metrics.ts';
import type { UserSums } from '../metrics/measures.ts';
import { estimateOf, leastUsersBehind, prePostOf, usersBehind } from './arm-estimate.ts';
import type { AdjustedDifference, Basis, Difference, Lift } from './shape.ts';

export interface Comparing {
  level: number;
  liftMethod: LiftMethod;
  /** Users of both arms at which the confidence sequence is to be tightest. */
  tunedFor: number;
}

/** Control and treatment in one metric. */
export interface Comparison {
  control: Estimate | undefined;
  treatment: Estimate | undefined;
  /** Where a ratio's denominator comes from too few users, from how many in the arm that has the fewest. */
  tooFew?: number | undefined;
}

const undetermined: Interval = { value: null, low: null, high: null };

/** Two arms' sums in one metric, with variances that the luck of a small arm cannot shrink. */
export function comparisonOf(
  control: UserSums | undefined,
  treatment: UserSums | undefined,
  metric: Metric,
): Comparison {
  return floored([estimateOf(control, metric), estimateOf(treatment, metric)], tooFewOf([control, treatment], metric));
}

function tooFewOf(arms: readonly (UserSums | undefined)[], metric: Metric): number | undefined {
  const behind = Math.min(...arms.map((arm) => usersBehind(arm, metric)));
  return behind < leastUsersBehind ? Math.floor(behind) : undefined;
}

function floored([control, treatment]: readonly (Estimate | undefined)[], tooFew?: number): Comparison {
  if (!control || !treatment) return { control, treatment, tooFew };
  const [floor, other] = withVarianceFloor(control, treatment);
  return { control: floor, treatment: other, tooFew };
}

/**
 * Treatment against control: at one look that was planned beforehand by Welch's test and the relative lift of its level
 * (`fixed`), or at any look by the confidence sequence.
 *
 * @param level of the intervals, where several are judged together; p is the same at every level
 */
function differenceOfArms(
  { control, treatment, tooFew }: Comparison,
  basis: Basis,
  { level: requestedLevel, liftMethod, tunedFor }: Comparing,
  level = requestedLevel,
): Difference {
  if (!control || !treatment) return { absolute: undetermined, relative: undetermined, p: null };
  if (tooFew !== undefined) return valuesOnly(control, treatment);
  if (basis === 'fixed') {
    const { p, value, low, high } = welch(control, treatment, level);
    const relative = relativeLift(control, treatment, { level, method: liftMethod });
    return { absolute: { value, low, high }, relative, p };
  }
  const options = { level, tunedFor, tunedLevel: requestedLevel };
  const { p, value, low, high } = confidenceSequence(differenceOf(control, treatment), options);
  return { absolute: { value, low, high }, relative: liftSequence(control, treatment, options), p };
}

function valuesOnly(control: Estimate, treatment: Estimate): Difference {
  const relative = control.value > 0 ? treatment.value / control.value - 1 : null;
  return {
    absolute: { value: treatment.value - control.value, low: null, high: null },
    relative: { value: relative, low: null, high: null },
    p: null,
  };
}

/**
 * Comparisons that know of each other: p by Holm's correction, and every interval at the level that agrees with it, so
 * that it leaves zero out exactly where the corrected p is significant.
 */
export function adjustedDifferences(
  comparisons: readonly Comparison[],
  basis: Basis,
  comparing: Comparing,
): AdjustedDifference[] {
  const ps = comparisons.map((comparison) => differenceOfArms(comparison, basis, comparing).p);
  const [adjusted, levels] = [holm(ps), holmLevels(ps, 1 - comparing.level)];
  return comparisons.map((comparison, i) => ({
    ...differenceOfArms(comparison, basis, comparing, 1 - levels[i]!),
    adjustedP: adjusted[i]!,
  }));
}

/** Every treatment against control in one metric, in the order of the treatments. */
export function compareArms(
  control: UserSums | undefined,
  treatments: readonly (UserSums | undefined)[],
  metric: Metric,
  comparing: Comparing,
): Lift[] {
  const comparisons = treatments.map((treatment) => comparisonOf(control, treatment, metric));
  const pasts = treatments.map((treatment) => adjustedForPast(control, treatment, metric));
  const differences = (basis: Basis, of: readonly (Comparison | undefined)[]) =>
    adjustedDifferences(
      of.map((one) => one ?? { control: undefined, treatment: undefined }),
      basis,
      comparing,
    );
  const [fixed, sequence] = [differences('fixed', comparisons), differences('sequence', comparisons)];
  const [fixedPast, sequencePast] = [differences('fixed', pasts), differences('sequence', pasts)];
  return comparisons.map((comparison, i) => {
    const past = pasts[i];
    return {
      ...fixed[i]!,
      sequence: sequence[i]!,
      cuped: past ? { ...fixedPast[i]!, sequence: sequencePast[i]!, varianceReduction: past.varianceReduction } : null,
      bayes: comparison.tooFew === undefined ? bayesian(comparison, comparing.level) : null,
      tooFew: comparison.tooFew === undefined ? null : { has: comparison.tooFew, needs: leastUsersBehind },
    };
  });
}

/**
 * The interval that a guardrail is judged by. It is a test of its own, of a loss of the limit and not of none, so
 * Holm's levels do not apply: several treatments share the error rate equally (Bonferroni).
 */
export function guardrailInterval(
  control: UserSums | undefined,
  treatment: UserSums | undefined,
  metric: Metric,
  { basis, treatments, comparing }: { basis: Basis; treatments: number; comparing: Comparing },
): Interval {
  const level = 1 - (1 - comparing.level) / Math.max(1, treatments);
  return differenceOfArms(comparisonOf(control, treatment, metric), basis, comparing, level).relative;
}

function bayesian({ control, treatment }: Comparison, level: number): Lift['bayes'] {
  if (!control || !treatment) return null;
  const { chanceToWin, expectedLoss } = bayesianLift(control, treatment, { level });
  return chanceToWin === null || expectedLoss.treatment === null
    ? null
    : { chanceToWin, expectedLoss: expectedLoss.treatment };
}

function adjustedForPast(control: UserSums | undefined, treatment: UserSums | undefined, metric: Metric) {
  const arms = [prePostOf(control, metric), prePostOf(treatment, metric)];
  if (!arms[0] || !arms[1]) return undefined;
  const { estimates, correlation, varianceReduction } = cuped([arms[0], arms[1]]);
  if (correlation === null) return undefined;
  return { ...floored(estimates, tooFewOf([control, treatment], metric)), varianceReduction };
}
