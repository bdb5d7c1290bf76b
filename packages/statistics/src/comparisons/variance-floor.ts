import type { Estimate } from '../estimates/estimate.ts';

/**
 * Both arms of a comparison with variances that the luck of a small arm cannot shrink: where the variance of the
 * difference is larger under the arms' pooled variance, s²ₚ (1/n₁ + 1/n₂) with
 * s²ₚ = Σ (nᵢ − 1) sᵢ² / Σ (nᵢ − 1), each arm's is s²ₚ/nᵢ; else they stay as they are (B. Welch 1938, "The Significance
 * of the Difference Between Two Means When the Population Variances Are Unequal", Biometrika 29:350–362, compares the
 * two).
 *
 * Orders are so skewed that an arm with few of them mostly misses the large ones, which lowers its mean and its
 * variance together: with its own variance alone, a small arm looks worse than it is, and sure of it. Pooled, the large
 * arm says how much orders vary. At equal sizes the two are the same number, so that nothing changes there, and the
 * intervals are never narrower than Welch's (docs/decisions/0047-a-floor-under-a-small-arms-variance.md).
 */
export function withVarianceFloor(control: Estimate, treatment: Estimate): [control: Estimate, treatment: Estimate] {
  const [n1, n2] = [control.n, treatment.n];
  const ofUsers = ({ n, variance }: Estimate) => (n - 1) * n * variance;
  const pooled = (ofUsers(control) + ofUsers(treatment)) / (n1 + n2 - 2);
  if (!(pooled * (1 / n1 + 1 / n2) > control.variance + treatment.variance)) return [control, treatment];
  return [
    { ...control, variance: pooled / n1 },
    { ...treatment, variance: pooled / n2 },
  ];
}
