import { DuetError } from '@duet/base';
import { z } from 'zod';
import { type Candidate, featureNames, featuresOf } from './candidate-features.ts';
import { sigmoid } from './logistic.ts';
import type { UserProfile } from './profile.ts';

const standardised = z.object({ mean: z.number(), scale: z.number().positive(), weight: z.number() });

/** A trained ranker: a logistic regression over standardised features. */
const rankerParameters = z.object({
  version: z.literal(2),
  /** What its probability is of: a purchase of a retrieved item, or a click on a shown one. */
  target: z.enum(['purchase', 'click']),
  intercept: z.number(),
  /** In the order of `featureNames`. A missing value (NaN) counts as the mean. */
  features: z.array(standardised.extend({ name: z.string() })),
  /** Of ln(1 + place shown at), where clicks taught it: in what follows every item is judged as if it stood first. */
  position: standardised.optional(),
});
export type RankerParameters = z.infer<typeof rankerParameters>;

/** Reads `Ranker.parameters`. @throws DuetError `corrupt` where it was made by another version or altered */
export function parseRanker(rankerId: string, parameters: unknown): RankerParameters {
  const parsed = rankerParameters.safeParse(parameters);
  const named = parsed.data?.features.map(({ name }) => name).join();
  if (parsed.success && named === featureNames.join()) return parsed.data;
  throw new DuetError('corrupt', `Ranker ${rankerId} has other features than this version ranks with.`, {
    fix: 'Train it anew: npx duet train-ranker.',
    cause: parsed.error,
  });
}

/** What a list is ordered by, beside how likely the user is to take an item. */
export interface Objective {
  /** Exponent α of an item's value in probability × value^α: 0 orders by probability, 1 by expected revenue. */
  alpha?: number | undefined;
  /** What further the score of each candidate is multiplied with; nothing where undefined. */
  factors?: ArrayLike<number> | undefined;
}

/** A candidate after ranking. */
export interface Ranked<C> {
  candidate: C;
  /**
   * What the list is ordered by: probability (without a ranker 1 / retrievalRank) × (price / the list's median price)^α
   * × factor.
   */
  score: number;
  /** Estimated probability that the user takes it, see `RankerParameters.target`; null without a ranker. */
  probability: number | null;
  /** Its place in the retrieved list, from 1. */
  retrievalRank: number;
}

/** Orders candidates (given in retrieval order) by the objective; ties keep the retrieval order. */
export function rank<C extends Candidate>(
  candidates: readonly C[],
  profile: UserProfile,
  parameters: RankerParameters | undefined,
  { alpha = 0, factors }: Objective = {},
): Ranked<C>[] {
  const probabilities = parameters && probabilitiesOf(candidates, profile, parameters);
  const usualPrice = alpha === 0 ? 1 : medianPrice(candidates);
  return candidates
    .map((candidate, i) => {
      // An item without a price is taken to cost what is usual.
      const value = candidate.priceMinor > 0 ? candidate.priceMinor / usualPrice : 1;
      const base = probabilities === undefined ? 1 / (i + 1) : probabilities[i]!;
      const score = base * (alpha === 0 ? 1 : value ** alpha) * (factors === undefined ? 1 : factors[i]!);
      return { candidate, score, probability: probabilities === undefined ? null : base, retrievalRank: i + 1 };
    })
    .sort((a, b) => b.score - a.score || a.retrievalRank - b.retrievalRank);
}

function probabilitiesOf(
  candidates: readonly Candidate[],
  profile: UserProfile,
  { intercept, features, position }: RankerParameters,
): Float64Array {
  const raw = featuresOf(candidates, profile);
  // Of clicks: as if each stood at place 0, where ln(1 + place) is 0.
  const first = intercept - (position ? (position.weight * position.mean) / position.scale : 0);
  const logits = new Float64Array(candidates.length).fill(first);
  features.forEach(({ mean, weight, scale }, f) => {
    const slope = weight / scale;
    for (let i = 0; i < logits.length; i++) {
      const value = raw[i * features.length + f]!;
      if (!Number.isNaN(value)) logits[i]! += slope * (value - mean);
    }
  });
  return logits.map(sigmoid);
}

function medianPrice(candidates: readonly Candidate[]): number {
  const prices = candidates.flatMap(({ priceMinor }) => (priceMinor > 0 ? priceMinor : [])).sort((a, b) => a - b);
  return prices[prices.length >> 1] ?? 1;
}
