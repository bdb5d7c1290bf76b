import { estimateInterval } from '../comparisons/welch.ts';
import { deltaRatio, type Interval } from '../estimates/estimate.ts';
import { momentsOf } from '../estimates/moments.ts';

/** What a logging policy that drew at random did once, and what came of it. */
export interface LoggedChoice {
  /** Such as 1 for a click. */
  reward: number;
  /** Probability with which the logging policy chose what it chose, above 0. */
  propensity: number;
  /** Probability with which the policy to be judged would have. */
  target: number;
  /** Choices of one user are not independent: they count together. Each choice is a user of its own without it. */
  user?: string | undefined;
}

/** With a model q̂ of the reward, for the doubly robust estimator. */
export interface ModelledChoice extends LoggedChoice {
  /** q̂ of what was chosen. */
  predicted: number;
  /** Σ π(a) q̂(a) over all that the judged policy could have chosen. */
  predictedTarget: number;
}

export interface OffPolicyOptions {
  level?: number;
  /** Importance weights above it become it: less variance, some bias. Not by default. */
  maxWeight?: number;
}

export interface OffPolicyEstimate extends Interval {
  choices: number;
  users: number;
  /**
   * (Σw)²/Σw² (A. Owen 2013, Monte Carlo Theory, Methods and Examples, §9.3): how many choices of its own these are
   * worth.
   */
  effectiveSampleSize: number;
  largestWeight: number;
  /** Choices whose weight was cut to `maxWeight`. */
  clipped: number;
}

/** Each estimator is a ratio of sums over users; the delta method gives its clustered interval. */
function estimate<Choice extends LoggedChoice>(
  choices: readonly Choice[],
  { level = 0.95, maxWeight = Infinity }: OffPolicyOptions,
  terms: (choice: Choice, weight: number) => [numerator: number, denominator: number],
): OffPolicyEstimate {
  const users = new Map<string | number, [number, number]>();
  let [sum, squares, largest, clipped] = [0, 0, 0, 0];
  for (const [i, choice] of choices.entries()) {
    const full = choice.target / choice.propensity;
    const weight = Math.min(full, maxWeight);
    if (full > maxWeight) clipped++;
    sum += weight;
    squares += weight * weight;
    largest = Math.max(largest, weight);
    const [x, y] = terms(choice, weight);
    const before = users.get(choice.user ?? i) ?? [0, 0];
    users.set(choice.user ?? i, [before[0] + x, before[1] + y]);
  }
  const perUser = [...users.values()];
  const ratio = deltaRatio(
    momentsOf(
      perUser.map(([x]) => x),
      perUser.map(([, y]) => y),
    ),
  );
  return {
    ...(ratio ? estimateInterval(ratio, level) : { value: null, low: null, high: null }),
    choices: choices.length,
    users: users.size,
    effectiveSampleSize: squares > 0 ? (sum * sum) / squares : 0,
    largestWeight: largest,
    clipped,
  };
}

/**
 * What a choice of the judged policy π would earn, by inverse propensity: (1/n) Σ wᵢ rᵢ, wᵢ = π(aᵢ)/p(aᵢ) (D. Horvitz &
 * D. Thompson 1952, JASA 47:663–685; L. Bottou et al. 2013, JMLR 14, §4). Unbiased where p > 0 wherever π > 0. The
 * value and limits are null below two users.
 */
export const ips = (choices: readonly LoggedChoice[], options: OffPolicyOptions = {}): OffPolicyEstimate =>
  estimate(choices, options, ({ reward }, weight) => [weight * reward, 1]);

/**
 * Self-normalised: Σ wᵢ rᵢ / Σ wᵢ (A. Swaminathan & T. Joachims 2015, "The Self-Normalized Estimator for Counterfactual
 * Learning", NIPS, eq. 8). A bias of order 1/n for less variance, and it stays within the rewards' range.
 */
export const snips = (choices: readonly LoggedChoice[], options: OffPolicyOptions = {}): OffPolicyEstimate =>
  estimate(choices, options, ({ reward }, weight) => [weight * reward, weight]);

/**
 * Doubly robust: (1/n) Σ [Σₐ π(a) q̂(a) + wᵢ (rᵢ − q̂(aᵢ))] (M. Dudík, J. Langford, L. Li 2011, "Doubly Robust Policy
 * Evaluation and Learning", ICML, eq. 2). Unbiased where either the propensities or q̂ are right, and the better q̂ the
 * narrower. q̂ must not have been fitted on these choices.
 */
export const doublyRobust = (choices: readonly ModelledChoice[], options: OffPolicyOptions = {}): OffPolicyEstimate =>
  estimate(choices, options, ({ reward, predicted, predictedTarget }, weight) => [
    predictedTarget + weight * (reward - predicted),
    1,
  ]);
