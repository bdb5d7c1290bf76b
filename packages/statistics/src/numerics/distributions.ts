import { incompleteBeta, logGamma, upperGamma } from './gamma.ts';

/** P(Z > x) of the standard normal: erfc(x/√2)/2 with erfc(x) = Q(1/2, x²) (DLMF 7.11.2). */
export function normalSurvival(x: number): number {
  const tail = upperGamma(0.5, (x * x) / 2) / 2;
  return x >= 0 ? tail : 1 - tail;
}

/** Φ(x) = P(Z ≤ x) of the standard normal. */
export const normalCdf = (x: number): number => normalSurvival(-x);

const polynomial = (r: number, coefficients: readonly number[]) => coefficients.reduce((sum, c) => sum * r + c, 0);

/**
 * Φ⁻¹(p) by algorithm AS 241, PPND16 (M. Wichura 1988, Applied Statistics 37:477–484), relative error about 1e-16.
 * ±Infinity at 1 and 0.
 */
export function normalQuantile(p: number): number {
  if (p <= 0) return p === 0 ? -Infinity : Number.NaN;
  if (p >= 1) return p === 1 ? Infinity : Number.NaN;
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180_625 - q * q;
    return (q * polynomial(r, central.numerator)) / polynomial(r, central.denominator);
  }
  const r = Math.sqrt(-Math.log(Math.min(p, 1 - p)));
  const [shifted, { numerator, denominator }] = r <= 5 ? [r - 1.6, middle] : [r - 5, far];
  return (Math.sign(q) * polynomial(shifted, numerator)) / polynomial(shifted, denominator);
}

// biome-ignore-start lint/correctness/noPrecisionLoss: the coefficients as published
const central = {
  numerator: [
    2509.0809287301226727, 33430.575583588128105, 67265.770927008700853, 45921.953931549871457, 13731.693765509461125,
    1971.5909503065514427, 133.14166789178437745, 3.387132872796366608,
  ],
  denominator: [
    5226.495278852545925, 28729.085735721942674, 39307.89580009271061, 21213.794301586595867, 5394.1960214247511077,
    687.1870074920579083, 42.313330701600911252, 1,
  ],
};
const middle = {
  numerator: [
    7.7454501427834140764e-4, 0.0227238449892691845833, 0.24178072517745061177, 1.27045825245236838258,
    3.64784832476320460504, 5.7694972214606914055, 4.6303378461565452959, 1.42343711074968357734,
  ],
  denominator: [
    1.05075007164441684324e-9, 5.475938084995344946e-4, 0.0151986665636164571966, 0.14810397642748007459,
    0.68976733498510000455, 1.6763848301838038494, 2.05319162663775882187, 1,
  ],
};
const far = {
  numerator: [
    2.01033439929228813265e-7, 2.71155556874348757815e-5, 0.0012426609473880784386, 0.026532189526576123093,
    0.29656057182850489123, 1.7848265399172913358, 5.4637849111641143699, 6.6579046435011037772,
  ],
  denominator: [
    2.04426310338993978564e-15, 1.4215117583164458887e-7, 1.8463183175100546818e-5, 7.868691311456132591e-4,
    0.0148753612908506148525, 0.13692988092273580531, 0.59983220655588793769, 1,
  ],
};
// biome-ignore-end lint/correctness/noPrecisionLoss: the coefficients as published

/**
 * P(T > t) of Student's t with `df` degrees of freedom, not necessarily whole: I_x(df/2, 1/2)/2, x = df/(df + t²) (DLMF
 * 8.17).
 */
export function studentSurvival(t: number, df: number): number {
  if (df === Infinity) return normalSurvival(t);
  const square = t * t;
  const tail = incompleteBeta(df / (df + square), square / (df + square), df / 2, 0.5) / 2;
  return t >= 0 ? tail : 1 - tail;
}

/** P(T ≤ t) of Student's t. */
export const studentCdf = (t: number, df: number): number => studentSurvival(-t, df);

/** Student's t quantile: the root of its distribution function by Newton's steps kept inside a shrinking bracket. */
export function studentQuantile(p: number, df: number): number {
  if (df === Infinity || p <= 0 || p >= 1) return normalQuantile(p);
  if (p === 0.5) return 0;
  const tail = Math.min(p, 1 - p);
  const logScale = logGamma((df + 1) / 2) - logGamma(df / 2) - 0.5 * Math.log(df * Math.PI);
  const density = (t: number) => Math.exp(logScale - ((df + 1) / 2) * Math.log1p((t * t) / df));
  let low = 0;
  let high = 1;
  while (studentSurvival(high, df) > tail && high < 1e300) high *= 2;
  let t = Math.min(high, Math.max(low, -normalQuantile(tail)));
  for (let i = 0; i < 1100; i++) {
    const excess = studentSurvival(t, df) - tail;
    if (excess > 0) low = t;
    else high = t;
    const newton = t + excess / density(t);
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    const moved = Math.abs(next - t);
    t = next;
    if (moved <= 1e-15 * t) break;
  }
  return p < 0.5 ? -t : t;
}

/** P(X > x) of χ² with `df` degrees of freedom: Q(df/2, x/2). */
export const chiSquareSurvival = (x: number, df: number): number => upperGamma(df / 2, x / 2);

/** P(X ≤ x) of the Beta distribution: I_x(a, b). */
export const betaCdf = (x: number, a: number, b: number): number => incompleteBeta(x, 1 - x, a, b);

/** P(X ≤ k) of the binomial with `n` trials: I₁₋ₚ(n − k, k + 1) (DLMF 8.17.24). */
export function binomialCdf(k: number, n: number, p: number): number {
  if (k < 0) return 0;
  return k >= n ? 1 : incompleteBeta(1 - p, p, n - k, k + 1);
}
