import {
  bayesianLift,
  confidenceSequence,
  cuped,
  deltaRatio,
  differenceOf,
  type Estimate,
  estimateInterval,
  holm,
  type Interval,
  type LiftMethod,
  liftSequence,
  momentsFromSums,
  pairMoments,
  prePost,
  proportion,
  relativeLift,
  welch,
} from '@duet/statistics';
import type { Metric } from '../metrics/experiment-metrics.ts';
import type { Measure, UserSums } from '../metrics/measures.ts';
import type { Difference, Lift } from './shape.ts';

export interface Comparing {
  level: number;
  liftMethod: LiftMethod;
  /** Users of both arms at which the confidence sequence is to be tightest. */
  tunedFor: number;
}

const undetermined: Interval = { value: null, low: null, high: null };
const unknown: Difference = { absolute: undetermined, relative: undetermined, p: null };

/** The value before the experiment that explains a measure best: the same of the time before. */
const before: Partial<Record<Measure, Measure>> = {
  impressions: 'preImpressions',
  clicks: 'preClicks',
  orders: 'preOrders',
  buyers: 'preOrders',
  gmvMinor: 'preGmvMinor',
  gmvCappedMinor: 'preGmvMinor',
  netMinor: 'preGmvMinor',
};

/** A metric of one arm, by the delta method over its users. undefined below two users or where nothing is to divide by. */
export function estimateOf(arm: UserSums | undefined, { numerator, denominator }: Metric): Estimate | undefined {
  if (!arm) return undefined;
  const n = arm.sums.users;
  const x = { x: arm.sums[numerator], xx: arm.product(numerator, numerator) };
  // A mean per user is the ratio whose denominator is 1 for everybody.
  const y =
    denominator === 'users'
      ? { y: n, yy: n, xy: x.x }
      : {
          y: arm.sums[denominator],
          yy: arm.product(denominator, denominator),
          xy: arm.product(numerator, denominator),
        };
  return deltaRatio(momentsFromSums({ n, ...x, ...y }));
}

/** A metric of one arm with the interval that suits it. */
export function armInterval(arm: UserSums | undefined, metric: Metric, level: number): Interval {
  if (!arm || arm.sums[metric.denominator] === 0n) return undetermined;
  const [x, y] = [Number(arm.sums[metric.numerator]), Number(arm.sums[metric.denominator])];
  // A share of users is a proportion, whose interval stays within 0 and 1.
  if (metric.numerator === 'buyers' && metric.denominator === 'users') return proportion(x, y, level);
  const estimate = estimateOf(arm, metric);
  return estimate ? estimateInterval(estimate, level) : { value: x / y, low: null, high: null };
}

/** Treatment against control at one look that was planned beforehand: Welch's test, and the relative lift of its level. */
export function fixedDifference(
  control: Estimate | undefined,
  treatment: Estimate | undefined,
  { level, liftMethod }: Comparing,
): Difference {
  if (!control || !treatment) return unknown;
  const { value, low, high, p } = welch(control, treatment, level);
  return {
    absolute: { value, low, high },
    relative: relativeLift(control, treatment, { level, method: liftMethod }),
    p,
  };
}

/** The same at any look, by the confidence sequence. */
export function sequentialDifference(
  control: Estimate | undefined,
  treatment: Estimate | undefined,
  { level, tunedFor }: Comparing,
): Difference {
  if (!control || !treatment) return unknown;
  const { value, low, high, p } = confidenceSequence(differenceOf(control, treatment), { level, tunedFor });
  return {
    absolute: { value, low, high },
    relative: liftSequence(control, treatment, { level, tunedFor }),
    p,
  };
}

/** The difference that an experiment is judged by. */
export const differenceBy = { fixed: fixedDifference, sequence: sequentialDifference };

/** Every treatment against control in one metric, in the order of the treatments. p values know of each other (Holm). */
export function compareArms(
  control: UserSums | undefined,
  treatments: readonly (UserSums | undefined)[],
  metric: Metric,
  comparing: Comparing,
): Lift[] {
  const baseline = estimateOf(control, metric);
  const lifts = treatments.map((treatment) => {
    const estimate = estimateOf(treatment, metric);
    return {
      ...fixedDifference(baseline, estimate, comparing),
      sequence: sequentialDifference(baseline, estimate, comparing),
      cuped: adjustedForPast(control, treatment, metric, comparing),
      bayes: bayesian(baseline, estimate, comparing.level),
    };
  });
  const adjusted = holm(lifts.map(({ p }) => p));
  const adjustedSequence = holm(lifts.map(({ sequence }) => sequence.p));
  return lifts.map((lift, i) => ({
    ...lift,
    adjustedP: adjusted[i]!,
    sequence: { ...lift.sequence, adjustedP: adjustedSequence[i]! },
  }));
}

function bayesian(control: Estimate | undefined, treatment: Estimate | undefined, level: number): Lift['bayes'] {
  if (!control || !treatment) return null;
  const { chanceToWin, expectedLoss } = bayesianLift(control, treatment, { level });
  return chanceToWin === null || expectedLoss.treatment === null
    ? null
    : { chanceToWin, expectedLoss: expectedLoss.treatment };
}

function adjustedForPast(
  control: UserSums | undefined,
  treatment: UserSums | undefined,
  { numerator, denominator }: Metric,
  comparing: Comparing,
): Lift['cuped'] {
  const preNumerator = before[numerator];
  const preDenominator = denominator === 'users' ? denominator : before[denominator];
  if (!control || !treatment || !preNumerator || !preDenominator) return null;
  const arms = [control, treatment].map((arm) =>
    prePost(pairMoments<Measure>(arm), { numerator, denominator, preNumerator, preDenominator }),
  );
  if (!arms[0] || !arms[1]) return null;
  const { estimates, correlation, varianceReduction } = cuped([arms[0], arms[1]]);
  if (correlation === null) return null;
  return {
    ...fixedDifference(estimates[0], estimates[1], comparing),
    sequence: sequentialDifference(estimates[0], estimates[1], comparing),
    varianceReduction,
  };
}
