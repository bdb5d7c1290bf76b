/** Lanczos coefficients for g = 7, n = 9 (P. Godfrey 2001, "A note on the computation of the convergent Lanczos Γ"). */
const lanczos = [
  0.999_999_999_999_809_93, 676.520_368_121_885_1, -1_259.139_216_722_402_8, 771.323_428_777_653_13,
  -176.615_029_162_140_59, 12.507_343_278_686_905, -0.138_571_095_265_720_12, 9.984_369_578_019_571_6e-6,
  1.505_632_735_149_311_6e-7,
];

/** log Γ(x) for x > 0, relative error about 1e-15. */
export function logGamma(x: number): number {
  let sum = lanczos[0]!;
  for (let i = 1; i < lanczos.length; i++) sum += lanczos[i]! / (x - 1 + i);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

/**
 * log Γ(a + b) − log Γ(a). Large a goes through Stirling's series (DLMF 5.11.1), whose leading terms are subtracted
 * analytically: the difference of two huge log gammas would lose its digits.
 */
export function logGammaStep(a: number, b: number): number {
  if (a < 30) return logGamma(a + b) - logGamma(a);
  const tail = (z: number) => 1 / (12 * z) - 1 / (360 * z ** 3) + 1 / (1260 * z ** 5) - 1 / (1680 * z ** 7);
  return (a - 0.5) * Math.log1p(b / a) + b * Math.log(a + b) - b + tail(a + b) - tail(a);
}

/**
 * Evaluates b₀ + a₁/(b₁ + a₂/(b₂ + …)) by the modified Lentz method (Press et al., Numerical Recipes 3rd ed., §5.2).
 */
function continuedFraction(first: number, term: (i: number) => { a: number; b: number }): number {
  const tiny = 1e-300;
  let f = first === 0 ? tiny : first;
  let c = f;
  let d = 0;
  let settled = 0;
  for (let i = 1; i <= 100_000; i++) {
    const { a, b } = term(i);
    d = b + a * d;
    if (d === 0) d = tiny;
    c = b + a / c;
    if (c === 0) c = tiny;
    d = 1 / d;
    const delta = c * d;
    f *= delta;
    // Numbers just above 1 are ε apart: a smaller bound might never be met. Odd and even terms shrink unevenly.
    settled = Math.abs(delta - 1) <= Number.EPSILON ? settled + 1 : 0;
    if (settled === 3) break;
  }
  return f;
}

/** Q(a, x) = Γ(a, x) / Γ(a), the regularised upper incomplete gamma (DLMF 8.11.4 and 8.9.2). a > 0, x ≥ 0. */
export function upperGamma(a: number, x: number): number {
  if (x <= 0) return 1;
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a;
    let sum = term;
    for (let n = 1; term > sum * 1e-17; n++) {
      term *= x / (a + n);
      sum += term;
    }
    return 1 - scale * sum;
  }
  return scale / continuedFraction(x + 1 - a, (i) => ({ a: -i * (i - a), b: x + 2 * i + 1 - a }));
}

/**
 * I_x(a, b), the regularised incomplete beta (DLMF 8.17.22). a, b > 0, 0 ≤ x ≤ 1; `y` is 1 − x, given without rounding.
 */
export function incompleteBeta(x: number, y: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(y, x, b, a);
  const [small, large] = a < b ? [a, b] : [b, a];
  const inverseBeta = logGammaStep(large, small) - logGamma(small);
  // Near 1 a number's logarithm comes from its complement, which was not rounded.
  const log = (part: number, rest: number) => (part < 0.5 ? Math.log(part) : Math.log1p(-rest));
  const scale = Math.exp(a * log(x, y) + b * log(y, x) + inverseBeta) / a;
  const fraction = continuedFraction(1, (i) => {
    const m = i >> 1;
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    return { a: i % 2 === 0 ? even : odd, b: 1 };
  });
  return scale / fraction;
}
