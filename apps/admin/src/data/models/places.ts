/** An item of a finished list, as far as its places are concerned. */
export interface PlacedItem {
  /** What the list was ordered by, rules included. */
  score: number;
  /** From 1; null for a pinned item that was not retrieved. */
  retrievalRank: number | null;
  /** What boosts and buries multiplied its score with. */
  factor: number;
}

/**
 * The place, from 1, that each item of a finished list had after ranking and before the shop's rules: by its score
 * without what rules multiplied it with; null of one that only a pin brought in.
 */
export function placesBeforeRules(items: readonly PlacedItem[]): (number | null)[] {
  const modelScores = items.map(({ score, factor }) => score / factor);
  const order = items
    .flatMap(({ retrievalRank }, at) => (retrievalRank === null ? [] : [{ at, retrievalRank }]))
    .sort((a, b) => modelScores[b.at]! - modelScores[a.at]! || a.retrievalRank - b.retrievalRank);
  const places: (number | null)[] = items.map(() => null);
  order.forEach(({ at }, place) => {
    places[at] = place + 1;
  });
  return places;
}
