import { deltaRatio, type Estimate, type Moments } from './estimate.ts';
import { momentsFromSums } from './moments.ts';

/** Sums over an arm's users of each measure, and of the product of each two. */
export interface MeasureSums<Measure extends string> {
  sums: Record<Measure | 'users', bigint>;
  product(a: Measure, b: Measure): bigint;
}

/** A metric and its value before the experiment, each a ratio of two measures; over `users` it is a mean. */
export interface AdjustedMetric<Measure extends string> {
  numerator: Measure;
  denominator: Measure | 'users';
  preNumerator: Measure;
  preDenominator: Measure | 'users';
}

/** Moments of two measures over the same users. `users` is 1 for everybody. */
export type PairMoments<Measure extends string> = (a: Measure | 'users', b: Measure | 'users') => Moments;

/** Moments of each two measures, from exact sums. */
export const pairMoments = <Measure extends string>({ sums, product }: MeasureSums<Measure>): PairMoments<Measure> => {
  const cross = (a: Measure | 'users', b: Measure | 'users') =>
    a === 'users' ? sums[b] : b === 'users' ? sums[a] : product(a as Measure, b as Measure);
  return (a, b) =>
    momentsFromSums({ n: sums.users, x: sums[a], y: sums[b], xx: cross(a, a), yy: cross(b, b), xy: cross(a, b) });
};

/** An arm's metric and the same before the experiment, with what each user adds to their variances and covariance. */
export interface PrePost {
  n: number;
  /** The metric, R = Σy / Σd. */
  value: number;
  /** The metric before, S = Σx / Σe. */
  before: number;
  /** Of the users' linearised values (y − R d)/d̄: n times the variance of R. */
  variance: number;
  /** Of the users' linearised values (x − S e)/ē. */
  varianceBefore: number;
  covariance: number;
}

/**
 * What CUPED needs of an arm. Both ratios are linearised by the delta method, so that a ratio clustered
 * by user is treated as the mean it nearly is (A. Deng, U. Knoblich, J. Lu 2018, KDD, §3.1; Deng, Xu, Kohavi, Walker
 * 2013, appendix B). Users without a past count with zeros. undefined below two users or where a denominator is zero.
 */
export function prePost<Measure extends string>(
  moments: PairMoments<Measure>,
  { numerator, denominator, preNumerator, preDenominator }: AdjustedMetric<Measure>,
): PrePost | undefined {
  const [after, before] = [moments(numerator, denominator), moments(preNumerator, preDenominator)];
  const [metric, past] = [deltaRatio(after), deltaRatio(before)];
  if (!metric || !past) return undefined;
  const cross = (a: Measure | 'users', b: Measure | 'users') => moments(a, b).covariance;
  const [r, s] = [metric.value, past.value];
  // Covariance of y − R d with x − S e.
  const covariance =
    cross(numerator, preNumerator) -
    s * cross(numerator, preDenominator) -
    r * cross(denominator, preNumerator) +
    r * s * cross(denominator, preDenominator);
  return {
    n: metric.n,
    value: r,
    before: s,
    variance: metric.variance * metric.n,
    varianceBefore: past.variance * past.n,
    covariance: covariance / (after.meanY * before.meanY),
  };
}

export interface Cuped {
  /** One an arm, in their order: the metric less what its users' past explains. */
  estimates: Estimate[];
  /** θ, the same for all arms. */
  theta: number;
  /** ρ between users' values before and during, within arms. null where either does not vary. */
  correlation: number | null;
  /** Share of the variance that is gone: ρ² by theory. */
  varianceReduction: number;
}

/**
 * CUPED: R − θ (S − S̄) per arm, with S the metric before the experiment, S̄ its mean over all arms' users, and
 * θ = Cov(y, x)/Var(x) pooled within arms, which leaves variance (1 − ρ²) Var(R) (A. Deng, Y. Xu, R. Kohavi, T. Walker
 * 2013, "Improving the Sensitivity of Online Controlled Experiments by Utilizing Pre-Experiment Data", WSDM, eq. 4–6).
 * The difference of two arms is free of S̄; in a ratio of two, S̄'s own error counts by the lift and is neglected.
 * Where nobody's past varies, θ is 0 and nothing is changed.
 */
export function cuped(arms: readonly PrePost[]): Cuped {
  const pooled = (of: (arm: PrePost) => number) => arms.reduce((sum, arm) => sum + (arm.n - 1) * of(arm), 0);
  const [before, during, both] = [
    pooled((arm) => arm.varianceBefore),
    pooled((arm) => arm.variance),
    pooled((arm) => arm.covariance),
  ];
  const theta = before > 0 ? both / before : 0;
  const users = arms.reduce((sum, { n }) => sum + n, 0);
  const centre = arms.reduce((sum, arm) => sum + arm.n * arm.before, 0) / users;
  const estimates = arms.map((arm) => ({
    value: arm.value - theta * (arm.before - centre),
    variance: Math.max(0, arm.variance - 2 * theta * arm.covariance + theta * theta * arm.varianceBefore) / arm.n,
    n: arm.n,
  }));
  const correlation = before > 0 && during > 0 ? both / Math.sqrt(before * during) : null;
  return { estimates, theta, correlation, varianceReduction: (correlation ?? 0) ** 2 };
}
