import type { Estimate, Interval } from '../estimates/estimate.ts';
import { betaCdf, normalCdf, normalQuantile } from '../numerics/distributions.ts';
import { logGamma } from '../numerics/gamma.ts';
import { integrate } from '../numerics/integrate.ts';
import { rootOf } from '../numerics/root.ts';
import type { Proportion } from './two-proportions.ts';

/** What is believed of the relative lift before any data: normal. */
export interface LiftPrior {
  mean: number;
  sd: number;
}

/**
 * Nineteen lifts in twenty lie within ±59 %: a prior that only the smallest experiments feel (GrowthBook's default).
 */
export const liftPrior: LiftPrior = { mean: 0, sd: 0.3 };

export interface BayesianLift {
  /** Posterior mean of the relative lift, with the equal-tailed credible interval. */
  lift: Interval;
  /** Probability that treatment is better than control. null where the data do not determine it. */
  chanceToWin: number | null;
  /** What one loses on average, in relative lift, by choosing an arm that is worse: E max(0, −δ) and E max(0, δ). */
  expectedLoss: { treatment: number | null; control: number | null };
}

const unknown: BayesianLift = {
  lift: { value: null, low: null, high: null },
  chanceToWin: null,
  expectedLoss: { treatment: null, control: null },
};

/**
 * The relative lift δ as a Bayesian sees it: the data say N(m₂/m₁ − 1, v₂/m₁² + m₂² v₁/m₁⁴) (delta method, Deng et al.
 * 2018, §3.1), the prior is N(mean, sd²), so the posterior is normal with precision-weighted mean (A. Gelman et al.,
 * Bayesian Data Analysis 3rd ed., §2.5). Expected loss of the treatment is σ φ(μ/σ) − μ Φ(−μ/σ) (C. Stucchio 2015,
 * "Bayesian A/B Testing at VWO", §4). All null where control's value is not above zero or nothing varies.
 */
export function bayesianLift(
  control: Estimate,
  treatment: Estimate,
  { level = 0.95, prior = liftPrior }: { level?: number; prior?: LiftPrior } = {},
): BayesianLift {
  const [m1, m2] = [control.value, treatment.value];
  if (!(m1 > 0)) return unknown;
  const variance = treatment.variance / m1 ** 2 + (m2 ** 2 * control.variance) / m1 ** 4;
  if (!(variance > 0)) return unknown;
  const precision = 1 / variance + 1 / prior.sd ** 2;
  const mean = ((m2 / m1 - 1) / variance + prior.mean / prior.sd ** 2) / precision;
  const sd = Math.sqrt(1 / precision);
  const z = mean / sd;
  const half = normalQuantile(0.5 + level / 2) * sd;
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  return {
    lift: { value: mean, low: mean - half, high: mean + half },
    chanceToWin: normalCdf(z),
    expectedLoss: { treatment: sd * (density - z * normalCdf(-z)), control: sd * (density + z * normalCdf(z)) },
  };
}

/** Beta(a, b). The uniform one is Beta(1, 1). */
export interface SharePrior {
  a: number;
  b: number;
}

export interface BayesianShares {
  /** Posterior mean of treatment − control, with the equal-tailed credible interval. */
  difference: Interval;
  chanceToWin: number;
  /** In shares: E max(0, p₁ − p₂) and E max(0, p₂ − p₁). */
  expectedLoss: { treatment: number; control: number };
}

/**
 * Two proportions with independent Beta posteriors, Beta(a + k, b + n − k) each (Gelman et al., §2.4):
 * P(p₂ > p₁) = ∫ f₂ F₁ (E. Miller 2015, "Formulas for Bayesian A/B Testing", in closed form for whole a),
 * E max(0, p₁ − p₂) = ∫ (1 − F₁) F₂, and the interval's limits d solve P(p₂ − p₁ ≤ d) = ∫ f₁(x) F₂(x + d) dx. By
 * quadrature; a and b of the prior must be ½ or more.
 */
export function bayesianShares(
  control: Proportion,
  treatment: Proportion,
  { level = 0.95, prior = { a: 1, b: 1 } }: { level?: number; prior?: SharePrior } = {},
): BayesianShares {
  const [p1, p2] = [posterior(control, prior), posterior(treatment, prior)];
  const marks = [p1.low, p1.high, p2.low, p2.high];
  const loss = (one: Posterior, other: Posterior) =>
    overShares((x, angle) => (1 - one.cdf(x)) * other.cdf(x) * Math.sin(2 * angle), marks);
  const below = (d: number) =>
    overShares(
      (x, angle) => p1.density(angle) * p2.cdf(x + d),
      [p2.low - d, p2.high - d, p1.low, p1.high].map((x) => Math.min(p1.high, Math.max(p1.low, x))),
    );
  const quantile = (q: number) => rootOf((d) => below(d) - q, p2.low - p1.high, p2.high - p1.low);
  return {
    difference: { value: p2.mean - p1.mean, low: quantile(0.5 - level / 2), high: quantile(0.5 + level / 2) },
    chanceToWin: overShares((x, angle) => p2.density(angle) * p1.cdf(x), marks),
    expectedLoss: { treatment: loss(p1, p2), control: loss(p2, p1) },
  };
}

/**
 * Integrates over shares x by the angle arcsin √x, in which a posterior has no singular end and about the same width
 * wherever it lies. Each stretch between the marks, where one posterior begins or ends, gets points of its own: a
 * narrow posterior is not stepped over by a wide one's.
 */
function overShares(f: (x: number, angle: number) => number, marks: readonly number[]): number {
  const angles = marks.map((x) => Math.asin(Math.sqrt(Math.min(1, Math.max(0, x))))).sort((a, b) => a - b);
  const stretch = (low: number, high: number) =>
    low === high ? 0 : integrate((angle) => f(Math.sin(angle) ** 2, angle), low, high);
  return angles.slice(1).reduce((sum, high, i) => sum + stretch(angles[i]!, high), 0);
}

type Posterior = ReturnType<typeof posterior>;

function posterior({ k, n }: Proportion, prior: SharePrior) {
  const [a, b] = [prior.a + k, prior.b + n - k];
  const scale = Math.LN2 + logGamma(a + b) - logGamma(a) - logGamma(b);
  const mean = a / (a + b);
  const centre = Math.asin(Math.sqrt(mean));
  // The angle's standard deviation is about 1/(2√(a + b)): outside these limits lies less than 1e-16.
  const reach = 6 / Math.sqrt(a + b);
  return {
    mean,
    low: Math.sin(Math.max(0, centre - reach)) ** 2,
    high: Math.sin(Math.min(Math.PI / 2, centre + reach)) ** 2,
    cdf: (x: number) => betaCdf(Math.min(1, Math.max(0, x)), a, b),
    /** Per unit of the angle. */
    density: (angle: number) =>
      Math.exp(scale + (2 * a - 1) * Math.log(Math.sin(angle)) + (2 * b - 1) * Math.log(Math.cos(angle))),
  };
}
