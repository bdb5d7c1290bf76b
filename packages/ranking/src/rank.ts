import { DuetError } from '@duet/config';
import { z } from 'zod';
import { type Candidate, featureNames, featuresOf } from './features.ts';
import { sigmoid } from './logistic.ts';
import type { UserProfile } from './profile.ts';

/** A trained ranker: a logistic regression over standardised features. */
const rankerParameters = z.object({
  version: z.literal(1),
  intercept: z.number(),
  /** In the order of `featureNames`. A missing value (NaN) counts as the mean. */
  features: z.array(z.object({ name: z.string(), mean: z.number(), scale: z.number().positive(), weight: z.number() })),
});
export type RankerParameters = z.infer<typeof rankerParameters>;

/** Reads `Ranker.parameters`. @throws DuetError `corrupt` where it was made by another version or altered */
export function parseRanker(rankerId: string, parameters: unknown): RankerParameters {
  const parsed = rankerParameters.safeParse(parameters);
  const named = parsed.data?.features.map(({ name }) => name).join();
  if (parsed.success && named === featureNames.join()) return parsed.data;
  throw new DuetError('corrupt', `Ranker ${rankerId} has other features than this version ranks with.`, {
    fix: 'Train it anew: npx duet start does so.',
    cause: parsed.error,
  });
}

/** A candidate after ranking. */
export type Ranked<C> = C & {
  /** Estimated probability that the user buys it. */
  score: number;
  /** Its place in the retrieved list, from 1. */
  retrievalRank: number;
};

/** Orders candidates (given in retrieval order) by the probability of a purchase; ties keep the retrieval order. */
export function rank<C extends Candidate>(
  candidates: readonly C[],
  profile: UserProfile,
  parameters: RankerParameters,
): Ranked<C>[] {
  const features = featuresOf(candidates, profile);
  return candidates
    .map((candidate, i) => {
      const logit = parameters.features.reduce((sum, { mean, scale, weight }, f) => {
        const value = features[i * featureNames.length + f]!;
        return Number.isNaN(value) ? sum : sum + (weight * (value - mean)) / scale;
      }, parameters.intercept);
      return { ...candidate, score: sigmoid(logit), retrievalRank: i + 1 };
    })
    .sort((a, b) => b.score - a.score || a.retrievalRank - b.retrievalRank);
}
