import type { Moments } from './estimate.ts';

/** Sums over users of x, y, their squares and product. Whole numbers, kept exact. */
export interface Sums {
  n: bigint;
  x: bigint;
  y: bigint;
  xx: bigint;
  yy: bigint;
  xy: bigint;
}

/**
 * Moments from sums: (n Σxy − Σx Σy) / (n (n − 1)). That textbook formula cancels in floating point; counts and minor
 * units are whole numbers, so the subtraction is exact here. Variances are NaN below two users.
 */
export function momentsFromSums({ n, x, y, xx, yy, xy }: Sums): Moments {
  const divisor = Number(n * (n - 1n));
  return {
    n: Number(n),
    meanX: Number(x) / Number(n),
    meanY: Number(y) / Number(n),
    varianceX: Number(n * xx - x * x) / divisor,
    varianceY: Number(n * yy - y * y) / divisor,
    covariance: Number(n * xy - x * y) / divisor,
  };
}

/**
 * Moments from users' values, in two passes (T. Chan, G. Golub, R. LeVeque 1983, eq. 1.2). `xs` and `ys` have equal
 * length.
 */
export function momentsOf(xs: readonly number[], ys: readonly number[]): Moments {
  const n = xs.length;
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / n;
  const [meanX, meanY] = [mean(xs), mean(ys)];
  let [xx, yy, xy] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [dx, dy] = [xs[i]! - meanX, ys[i]! - meanY];
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  return { n, meanX, meanY, varianceX: xx / (n - 1), varianceY: yy / (n - 1), covariance: xy / (n - 1) };
}
