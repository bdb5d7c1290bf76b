import { chiSquareSurvival } from './distributions.ts';

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
