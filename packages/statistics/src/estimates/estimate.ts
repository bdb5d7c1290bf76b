/** What an arm's metric is, and how sure: every test here compares two of these. */
export interface Estimate {
  value: number;
  /** Variance of `value` as an estimate (the square of its standard error), not of single users. */
  variance: number;
  /** Users it was estimated from. */
  n: number;
}

/** A figure with its confidence limits. null where the data do not determine it. */
export interface Interval {
  value: number | null;
  low: number | null;
  high: number | null;
}

/** Mean, unbiased variance and covariance of users' values x and y. */
export interface Moments {
  n: number;
  meanX: number;
  meanY: number;
  varianceX: number;
  varianceY: number;
  covariance: number;
}

/** The mean of users' values: x̄ with variance s²/n. undefined below two users: their spread is unknown. */
export function meanEstimate({
  n,
  mean,
  variance,
}: {
  n: number;
  mean: number;
  variance: number;
}): Estimate | undefined {
  return n < 2 ? undefined : { value: mean, variance: variance / n, n };
}

/**
 * The ratio of sums R = Σx / Σy, such as CTR = clicks / impressions, where the user is the unit that was randomised:
 * clicks of one user go together, so their number is not binomial. By the delta method
 * Var(R) ≈ (s²ₓ − 2 R sₓᵧ + R² s²ᵧ) / (n ȳ²) (A. Deng, U. Knoblich, J. Lu 2018, "Applying the Delta Method in Metric
 * Analytics", KDD, eq. 3). undefined below two users or where the denominator is zero.
 */
export function deltaRatio({ n, meanX, meanY, varianceX, varianceY, covariance }: Moments): Estimate | undefined {
  if (n < 2 || meanY === 0) return undefined;
  const value = meanX / meanY;
  const variance = (varianceX - 2 * value * covariance + value * value * varianceY) / (n * meanY * meanY);
  // Rounding can leave a hair below zero where the ratio is the same for every user.
  return { value, variance: Math.max(0, variance), n };
}
