import { DuetError } from '@duet/base';
import { z } from 'zod';
import { featureNames, featuresOf } from './candidate-features.ts';
import type { Candidates } from './candidates.ts';
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

/** How a list is ordered, by places of the retrieved list, from 0. A list holds until the next one is ranked. */
export interface Ranked {
  /** Places, best first. */
  order: Int32Array;
  /**
   * What the list is ordered by, of each place: probability (without a ranker 1 / retrieval rank) × (price / the list's
   * median price)^α × factor.
   */
  score: Float64Array;
  /** Estimated probability that the user takes it, see `RankerParameters.target`; undefined without a ranker. */
  probability: Float64Array | undefined;
}

/** Ranks lists one after the other in the same memory. */
export class Ranker {
  #features = new Float64Array(0);
  #score = new Float64Array(0);
  #probability = new Float64Array(0);
  #order = new Int32Array(0);

  /**
   * Orders candidates (given in retrieval order) by the objective; ties keep the retrieval order.
   *
   * @param parameters undefined to order by retrieval rank, value and factors alone
   * @param best how many of the best are wanted, by default all: it costs less to find a few
   */
  rank(
    candidates: Candidates,
    profile: UserProfile,
    parameters: RankerParameters | undefined,
    { alpha = 0, factors }: Objective = {},
    best: number = candidates.length,
  ): Ranked {
    const n = candidates.length;
    if (this.#score.length < n) {
      this.#features = new Float64Array(n * featureNames.length);
      this.#score = new Float64Array(n);
      this.#probability = new Float64Array(n);
      this.#order = new Int32Array(n);
    }
    const [score, base] = [this.#score, this.#probability];
    if (parameters) this.#judge(candidates, profile, parameters);
    else for (let i = 0; i < n; i++) base[i] = 1 / (i + 1);
    for (let i = 0; i < n; i++) score[i] = base[i]! * (factors === undefined ? 1 : factors[i]!);
    if (alpha !== 0) {
      const usualPrice = medianPrice(candidates);
      // An item without a price is taken to cost what is usual.
      for (let i = 0; i < n; i++) {
        const price = candidates.priceMinor[i]!;
        if (price > 0) score[i] = base[i]! * (price / usualPrice) ** alpha * (factors?.[i] ?? 1);
      }
    }
    const order = bestPlaces(score, n, best, this.#order);
    return { order, score, probability: parameters && base };
  }

  /** Writes the candidates' probabilities. */
  #judge(candidates: Candidates, profile: UserProfile, { intercept, features, position }: RankerParameters): void {
    const raw = featuresOf(candidates, profile, this.#features);
    const logits = this.#probability;
    const [n, width] = [candidates.length, features.length];
    // Of clicks: as if each stood at place 0, where ln(1 + place) is 0.
    const first = intercept - (position ? (position.weight * position.mean) / position.scale : 0);
    logits.fill(first, 0, n);
    for (let f = 0; f < width; f++) {
      const { mean, weight, scale } = features[f]!;
      const slope = weight / scale;
      for (let i = 0; i < n; i++) {
        const value = raw[i * width + f]!;
        if (!Number.isNaN(value)) logits[i]! += slope * (value - mean);
      }
    }
    for (let i = 0; i < n; i++) logits[i] = sigmoid(logits[i]!);
  }
}

/** Ranks one list, in memory of its own: as {@link Ranker.rank}. */
export const rank = (
  candidates: Candidates,
  profile: UserProfile,
  parameters: RankerParameters | undefined,
  objective?: Objective,
): Ranked => new Ranker().rank(candidates, profile, parameters, objective);

/** The places of the greatest scores, the greatest first, of equal ones the lower. */
function bestPlaces(score: Float64Array, n: number, most: number, order: Int32Array): Int32Array {
  if (most > 64) {
    for (let i = 0; i < n; i++) order[i] = i;
    return order
      .subarray(0, n)
      .sort((a, b) => score[b]! - score[a]! || a - b)
      .subarray(0, most);
  }
  let found = 0;
  for (let place = 0; place < n; place++) {
    if (found === most && score[place]! <= score[order[found - 1]!]!) continue;
    let at = found < most ? found++ : most - 1;
    for (; at > 0 && score[order[at - 1]!]! < score[place]!; at--) order[at] = order[at - 1]!;
    order[at] = place;
  }
  return order.subarray(0, found);
}

function medianPrice({ priceMinor, length }: Candidates): number {
  const prices = priceMinor
    .slice(0, length)
    .filter((price) => price > 0)
    .sort();
  return prices[prices.length >> 1] ?? 1;
}
