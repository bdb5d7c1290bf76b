import type { UserProfile } from './profile.ts';

/** One retrieved item, with what the ranker looks at. A list of them is in retrieval order, best first. */
export interface Candidate {
  /** Inner product of the user's and the item's vector. */
  retrievalScore: number;
  /** Purchases of the item by anybody. */
  popularity: number;
  /** ln of its recent purchases over what is usual for it; NaN where unknown. */
  trend: number;
  /** Category row, −1 for none. */
  category: number;
  /** Share of all purchases that fall into the item's category: what a user without a history is expected to buy. */
  categoryShare: number;
  /** ln of how much more the category is bought at this time of the week than at others; NaN where unknown. */
  daypartAffinity: number;
  /** NaN where unknown. */
  priceMinor: number;
  /** Mean ln price of the category; NaN where unknown. */
  usualLogPrice: number;
  /** Σ over the user's last items of the cosine similarity by common buyers. */
  coPurchase: number;
}

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
 */
export function featuresOf(candidates: readonly Candidate[], profile: UserProfile): Float64Array {
  const n = candidates.length;
  const width = featureNames.length;
  let sum = 0;
  let squares = 0;
  for (const { retrievalScore } of candidates) {
    sum += retrievalScore;
    squares += retrievalScore * retrievalScore;
  }
  const mean = sum / n;
  const deviation = Math.sqrt(Math.max(0, squares / n - mean * mean)) || 1;
  const meanCoPurchase = candidates.reduce((total, c) => total + Math.log(0.01 + c.coPurchase), 0) / n;
  const activity = Math.log1p(profile.purchases);
  const features = new Float64Array(n * width);
  candidates.forEach((candidate, i) => {
    const { category, categoryShare } = candidate;
    const bought = profile.categoryPurchases.get(category) ?? 0;
    const share = (bought + affinityPrior * categoryShare) / (profile.purchases + affinityPrior);
    const logPrice = candidate.priceMinor > 0 ? Math.log(candidate.priceMinor) : Number.NaN;
    // In the order of `featureNames`.
    let at = i * width;
    features[at++] = 1 / (i + 1);
    features[at++] = (candidate.retrievalScore - mean) / deviation;
    features[at++] = Math.log1p(candidate.popularity);
    features[at++] = candidate.trend;
    features[at++] = category < 0 || categoryShare === 0 ? Number.NaN : Math.log(share / categoryShare);
    features[at++] = candidate.daypartAffinity;
    features[at++] = Math.abs(logPrice - profile.usualLogPrice);
    features[at++] = logPrice - candidate.usualLogPrice;
    features[at++] = Math.log(0.01 + candidate.coPurchase) - meanCoPurchase;
    features[at] = activity;
  });
  return features;
}
