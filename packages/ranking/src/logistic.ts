/** Examples of a logistic regression: `x` [examples, width] row by row, `y` 0 or 1. */
export interface Examples {
  x: Float64Array;
  y: Uint8Array;
  width: number;
}

export const sigmoid = (z: number): number => 1 / (1 + Math.exp(-z));

/**
 * Mean negative log-likelihood + (l2 / 2) |w|² at `w` [width + 1] (the intercept last, not penalised), with its
 * gradient and Hessian [(width + 1)²].
 */
export function logisticLoss({ x, y, width }: Examples, w: Float64Array, l2: number) {
  const size = width + 1;
  const n = y.length;
  const gradient = new Float64Array(size);
  const hessian = new Float64Array(size * size);
  const row = new Float64Array(size).fill(1);
  let loss = 0;
  for (let i = 0; i < n; i++) {
    row.set(x.subarray(i * width, (i + 1) * width));
    let z = 0;
    for (let a = 0; a < size; a++) z += row[a]! * w[a]!;
    // ln(1 + e^z) − y z, without overflow.
    loss += Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - y[i]! * z;
    const p = sigmoid(z);
    const slope = p - y[i]!;
    const curvature = p * (1 - p);
    for (let a = 0; a < size; a++) {
      gradient[a]! += slope * row[a]!;
      const scaled = curvature * row[a]!;
      for (let b = 0; b <= a; b++) hessian[a * size + b]! += scaled * row[b]!;
    }
  }
  loss /= n;
  for (let a = 0; a < size; a++) {
    gradient[a]! /= n;
    for (let b = 0; b <= a; b++) {
      hessian[a * size + b]! /= n;
      hessian[b * size + a] = hessian[a * size + b]!;
    }
    if (a === width) break;
    loss += (l2 / 2) * w[a]! ** 2;
    gradient[a]! += l2 * w[a]!;
    hessian[a * size + a]! += l2;
  }
  return { loss, gradient, hessian };
}

/** Solves A s = b for a symmetric positive definite A [n, n] by Cholesky's factorisation; A is overwritten. */
function solve(a: Float64Array, b: Float64Array): Float64Array {
  const n = b.length;
  const s = b.slice();
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * n + j]!;
      for (let k = 0; k < j; k++) sum -= a[i * n + k]! * a[j * n + k]!;
      a[i * n + j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / a[j * n + j]!;
    }
    for (let k = 0; k < i; k++) s[i]! -= a[i * n + k]! * s[k]!;
    s[i]! /= a[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) s[i]! -= a[k * n + i]! * s[k]!;
    s[i]! /= a[i * n + i]!;
  }
  return s;
}

/**
 * Fits a logistic regression by Newton's method (iteratively reweighted least squares; Hastie, Tibshirani & Friedman,
 * "The Elements of Statistical Learning", §4.4.1) with step halving. The same examples give the same weights.
 * @returns weights [width + 1], the intercept last
 */
export function fitLogistic(examples: Examples, { l2 = 1e-4, steps = 50, tolerance = 1e-9 } = {}): Float64Array {
  let w = new Float64Array(examples.width + 1);
  let at = logisticLoss(examples, w, l2);
  for (let step = 0; step < steps; step++) {
    if (at.gradient.every((g) => Math.abs(g) < tolerance)) break;
    const direction = solve(at.hessian, at.gradient);
    let next = w;
    let there = at;
    for (let stepSize = 1; stepSize > 1e-4; stepSize /= 2) {
      next = w.map((value, a) => value - stepSize * direction[a]!);
      there = logisticLoss(examples, next, l2);
      if (there.loss <= at.loss) break;
    }
    if (!(there.loss < at.loss)) break;
    w = next;
    at = there;
  }
  return w;
}
