import type { Candidates } from './candidates.ts';
import type { UserProfile } from './profile.ts';

/**
 * The ranker's features, in order. None knows which arm or model retrieved the candidate: scores are taken relative to
 * the list they came in, so that one ranker is fair to all arms.
 */
export const featureNames = [
  'reciprocalRank',
  'listScore',
  'logPopularity',
  'trend',
  'categoryAffinity',
  'daypartAffinity',
  'priceDistance',
  'priceLevel',
  'coPurchase',
  'activity',
] as const;

/** Purchases that the prior of the category affinity weighs as much as. */
const affinityPrior = 10;

/**
 * Raw features of a list, shape [candidates, featureNames]. NaN where there is nothing to say.
 *
 * - reciprocalRank: 1 / rank, from 1
 * - listScore: (score − mean) / standard deviation over the list
 * - logPopularity: ln(1 + purchases)
 * - trend: ln of the item's purchases in the last four weeks over what its share of all would give
 * - categoryAffinity: ln of the user's smoothed share of the category over everybody's share of it
 * - daypartAffinity: ln of the category's share at this time of the week over its share of all
 * - priceDistance: |ln price − the user's usual ln price|
 * - priceLevel: ln price − the category's mean ln price
 * - coPurchase: ln(0.01 + the sum), relative to its mean over the list
 * - activity: ln(1 + the user's purchases), which says how likely any purchase is and moves no item
 *
 * @param features written to, with room for them
 */
export function featuresOf(
  candidates: Candidates,
  profile: UserProfile,
  features = new Float64Array(candidates.length * featureNames.length),
): Float64Array {
  const { length: n, retrievalScore, category, categoryShare, coPurchase, logPrice } = candidates;
  const width = featureNames.length;
  const { mean, deviation } = spreadOf(retrievalScore, n);
  const activity = Math.log1p(profile.purchases);
  let meanCoPurchase = 0;
  let last = Number.NaN;
  let affinity = Number.NaN;
  for (let i = 0; i < n; i++) {
    const itemCategory = category[i]!;
    if (itemCategory !== last) {
      // Neighbours in a list are often of one category.
      const usualShare = categoryShare[i]!;
      const bought = profile.categoryPurchases.get(itemCategory) ?? 0;
      const smoothed = (bought + affinityPrior * usualShare) / (profile.purchases + affinityPrior);
      affinity = itemCategory < 0 || usualShare === 0 ? Number.NaN : Math.log(smoothed / usualShare);
      last = itemCategory;
    }
    const together = coPurchase[i]! === 0 ? logOfNone : Math.log(0.01 + coPurchase[i]!);
    meanCoPurchase += together;
    // In the order of `featureNames`.
    const at = i * width;
    features[at] = 1 / (i + 1);
    features[at + 1] = (retrievalScore[i]! - mean) / deviation;
    features[at + 2] = candidates.logPopularity[i]!;
    features[at + 3] = candidates.trend[i]!;
    features[at + 4] = affinity;
    features[at + 5] = candidates.daypartAffinity[i]!;
    features[at + 6] = Math.abs(logPrice[i]! - profile.usualLogPrice);
    features[at + 7] = logPrice[i]! - candidates.usualLogPrice[i]!;
    features[at + 8] = together;
    features[at + 9] = activity;
  }
  meanCoPurchase /= n;
  for (let i = 0; i < n; i++) features[i * width + 8]! -= meanCoPurchase;
  return features;
}

const logOfNone = Math.log(0.01);

function spreadOf(scores: Float64Array, n: number): { mean: number; deviation: number } {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < n; i++) {
    sum += scores[i]!;
    squares += scores[i]! * scores[i]!;
  }
  const mean = sum / n;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / n - mean * mean)) || 1 };
}
