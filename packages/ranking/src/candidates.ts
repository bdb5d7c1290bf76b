/** What is known of each candidate of a list, a number each. */
const columns = [
  /** Inner product of the user's and the item's vector. */
  'retrievalScore',
  /** ln(1 + purchases of the item by anybody). */
  'logPopularity',
  /** ln of its recent purchases over what is usual for it; NaN where unknown. */
  'trend',
  /** Category row, −1 for none. */
  'category',
  /** Share of all purchases that fall into the item's category: what a user without a history is expected to buy. */
  'categoryShare',
  /** ln of how much more the category is bought at this time of the week than at others; NaN where unknown. */
  'daypartAffinity',
  /** NaN where unknown. */
  'priceMinor',
  /** ln of the price in minor units; NaN where unknown. */
  'logPrice',
  /** Mean ln price of the category; NaN where unknown. */
  'usualLogPrice',
  /** Σ over the user's last items of the cosine similarity by common buyers. */
  'coPurchase',
] as const;

export type Candidate = Record<(typeof columns)[number], number>;

/**
 * The retrieved items of one list, best first, with what the ranker looks at: a column each, since an object each would
 * cost more than the ranking. Whoever makes many lists uses one again and again.
 */
export interface Candidates extends Record<(typeof columns)[number], Float64Array> {
  /** How many there are; the columns may have room for more. */
  length: number;
}

/** An empty list with room for some candidates. */
export function roomForCandidates(most: number): Candidates {
  const all = new Float64Array(most * columns.length);
  const named = columns.map((name, at) => [name, all.subarray(at * most, (at + 1) * most)]);
  return { ...(Object.fromEntries(named) as Record<(typeof columns)[number], Float64Array>), length: 0 };
}

/** The list of some candidates. */
export function candidatesOf(list: readonly Candidate[]): Candidates {
  const candidates = roomForCandidates(list.length);
  list.forEach((candidate, place) => {
    for (const name of columns) candidates[name][place] = candidate[name];
  });
  return { ...candidates, length: list.length };
}
