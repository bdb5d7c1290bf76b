import {
  deltaRatio,
  type Estimate,
  estimateInterval,
  type Interval,
  momentsFromSums,
  type PrePost,
  pairMoments,
  prePost,
  proportion,
} from '@duet/statistics';
import type { Metric } from '../metrics/experiment-metrics.ts';
import { type Measure, pastOf, type UserSums } from '../metrics/measures.ts';

const undetermined: Interval = { value: null, low: null, high: null };

/**
 * Whether the arm was summed for the metric: one that came to Duet later has no sums of an experiment that was over.
 */
const knows = (arm: UserSums, { numerator, denominator }: Metric) => arm.knows(numerator) && arm.knows(denominator);

/**
 * A metric of one arm, by the delta method over its users. undefined below two users or where nothing is to divide by.
 */
export function estimateOf(arm: UserSums | undefined, metric: Metric): Estimate | undefined {
  if (!arm || !knows(arm, metric)) return undefined;
  const { numerator, denominator } = metric;
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
  if (!arm || !knows(arm, metric) || arm.sums[metric.denominator] === 0n) return undetermined;
  const [x, y] = [Number(arm.sums[metric.numerator]), Number(arm.sums[metric.denominator])];
  // A share of users is a proportion, whose interval stays within 0 and 1.
  if (metric.numerator === 'buyers' && metric.denominator === 'users') return proportion(x, y, level);
  const estimate = estimateOf(arm, metric);
  return !estimate || usersBehind(arm, metric) < leastUsersBehind
    ? { value: x / y, low: null, high: null }
    : estimateInterval(estimate, level);
}

/**
 * Below so many users with orders, an arm says nothing of its average order value: with 5 a fixed-horizon test calls 16
 * % of A/A tests significant at 5 %. The same holds for every ratio of sums whose denominator few users have.
 */
export const leastUsersBehind = 30;

/**
 * How many users a ratio's denominator comes from, (Σd)²/Σd² (L. Kish 1965, Survey Sampling, §8.2): those with an
 * order, where each has one, and fewer where some have many more than others. Infinite for means per user.
 */
export function usersBehind(arm: UserSums | undefined, metric: Metric): number {
  const { denominator } = metric;
  if (denominator === 'users') return Number.POSITIVE_INFINITY;
  if (!arm || !knows(arm, metric) || arm.sums[denominator] === 0n) return 0;
  return Number(arm.sums[denominator]) ** 2 / Number(arm.product(denominator, denominator));
}

/** A metric of one arm together with the same before the experiment; undefined where either is. */
export function prePostOf(arm: UserSums | undefined, metric: Metric): PrePost | undefined {
  const { numerator, denominator } = metric;
  const preNumerator = pastOf(numerator);
  const preDenominator = denominator === 'users' ? denominator : pastOf(denominator);
  if (!arm || !knows(arm, metric) || !preNumerator || !preDenominator) return undefined;
  return prePost(pairMoments<Measure>(arm), { numerator, denominator, preNumerator, preDenominator });
}
