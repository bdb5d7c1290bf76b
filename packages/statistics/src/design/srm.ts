import { chiSquareSurvival } from '../numerics/distributions.ts';
import { logGammaStep } from '../numerics/gamma.ts';

export interface SrmTest {
  observed: number[];
  expected: number[];
  chiSquare: number | null;
  df: number;
  p: number | null;
  /** p < 0.001: the split is not the planned one, and no lift can be trusted until the cause is found. */
  warning: boolean;
}

/**
 * Sample ratio mismatch: Pearson's χ² = Σ (Oᵢ − Eᵢ)²/Eᵢ of the users seen in each arm against the planned split, on
 * arms − 1 degrees of freedom (A. Fabijan et al. 2019, "Diagnosing Sample Ratio Mismatch in Online Controlled
 * Experiments", KDD). Arms planned at weight zero must be empty: a user there is a mismatch at once (p = 0). null with
 * no users or a single arm.
 */
export function srm(observed: readonly number[], weights: readonly number[]): SrmTest {
  const total = observed.reduce((sum, n) => sum + n, 0);
  const weight = weights.reduce((sum, w) => sum + w, 0);
  const expected = weights.map((w) => (total * w) / weight);
  const planned = weights.filter((w) => w > 0).length;
  const df = Math.max(0, planned - 1);
  const base = { observed: [...observed], expected, df };
  const stray = observed.some((n, arm) => n > 0 && weights[arm] === 0);
  if (stray) return { ...base, chiSquare: null, p: 0, warning: true };
  if (total === 0 || df === 0) return { ...base, chiSquare: null, p: null, warning: false };
  const chiSquare = observed.reduce(
    (sum, n, arm) => sum + (weights[arm]! > 0 ? (n - expected[arm]!) ** 2 / expected[arm]! : 0),
    0,
  );
  const p = chiSquareSurvival(chiSquare, df);
  return { ...base, chiSquare, p, warning: p < 0.001 };
}

/** Concentrations that find a gross mismatch among hundreds of users, and one of a per cent among many more. */
export const srmConcentrations = [100, 1_000, 10_000];

export interface SequentialSrm {
  /** Always valid: it may be looked at every day, and the first time it is ≤ α is significant at α. */
  p: number | null;
  /** p < 0.001 */
  warning: boolean;
}

/**
 * Sample ratio mismatch that may be looked at as often as one likes: one over the Bayes factor of the counts S under a
 * Dirichlet prior about the planned shares θ, against θ itself, is an always-valid p,
 * BF = Γ(c)/Γ(c + n) ∏ Γ(cθᵢ + Sᵢ)/Γ(cθᵢ) ∏ θᵢ^−Sᵢ (M. Lindon & A. Malek 2022, "Anytime-Valid Inference for Multinomial
 * Count Data", NeurIPS, eq. 4). Unlike χ² it does not cry wolf in the end where the split is as planned and looked at
 * daily. The same answers as {@link srm} for weight zero, no users and a single arm.
 *
 * @param concentration c: about how many users' worth of belief that the split is as planned. The default is that of
 * the authors' `ssrm` package, tuned for deviations of a per cent or so. Of several the mean Bayes factor is taken,
 * that of a mixture of their priors, which is as valid.
 */
export function sequentialSrm(
  observed: readonly number[],
  weights: readonly number[],
  concentration: number | readonly number[] = 10_000,
): SequentialSrm {
  if (observed.some((n, arm) => n > 0 && weights[arm] === 0)) return { p: 0, warning: true };
  const arms = observed.flatMap((count, arm) => (weights[arm]! > 0 ? [{ count, weight: weights[arm]! }] : []));
  const total = arms.reduce((sum, { count }) => sum + count, 0);
  if (total === 0 || arms.length < 2) return { p: null, warning: false };
  const weight = arms.reduce((sum, arm) => sum + arm.weight, 0);
  const bayesFactor = (c: number) =>
    Math.exp(
      arms.reduce(
        (sum, arm) =>
          sum + logGammaStep((c * arm.weight) / weight, arm.count) - arm.count * Math.log(arm.weight / weight),
        -logGammaStep(c, total),
      ),
    );
  const factors = [concentration].flat().map(bayesFactor);
  const p = Math.min(1, factors.length / factors.reduce((sum, factor) => sum + factor, 0));
  return { p, warning: p < 0.001 };
}
