/** An item of a list that chance may have put where it is. */
export interface Explored<Item> {
  item: Item;
  /** Probability that this item came to this place: what off-policy estimates divide by. */
  propensity: number;
}

/**
 * The list that an answer shows under exploration: with probability `share` the pool in uniformly random order, else
 * the pool's first `k` as they are. Item a at place p of a pool of m then had the propensity share/m + (1 − share) · [a
 * is p-th in the pool], whichever of the two came to pass, so that every answer of the experiment can be used (S. Li,
 * Y. Abbasi-Yadkori, B. Kveton, S. Muthukrishnan, V. Vinay, Z. Wen 2018, "Offline
 * Evaluation of Ranking Policies with Click Models", KDD, §4.2, the item-position estimator).
 *
 * @param pool best first; longer than `k` where other items than the list's own are to be tried
 * @param rng decides by the request: the same for a request that is asked again
 */
export function explore<Item>(pool: readonly Item[], k: number, share: number, rng: () => number): Explored<Item>[] {
  const list = [...pool];
  const shown = Math.min(k, list.length);
  if (rng() < share) {
    // Fisher and Yates's shuffle of the places that are shown.
    for (let place = 0; place < shown; place++) {
      const drawn = place + Math.floor(rng() * (list.length - place));
      [list[place], list[drawn]] = [list[drawn]!, list[place]!];
    }
  }
  return list.slice(0, shown).map((item, place) => ({
    item,
    propensity: share / pool.length + (item === pool[place] ? 1 - share : 0),
  }));
}
