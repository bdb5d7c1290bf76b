import { type ItemNeighbours, itemNeighbours } from '@duet/models';
import type { Candidate } from './features.ts';

interface Items {
  category: Int32Array;
  categories: readonly string[];
  priceMinor: Float64Array;
}

/** What the ranker knows of the items of a dataset; rows are those of the catalogue. */
export interface ItemFacts {
  category: Int32Array;
  priceMinor: Float64Array;
  /** Purchases by item row. */
  popularity: Int32Array;
  /** Share of all purchases by category row. */
  categoryShare: Float64Array;
  /** Items bought by the same users. */
  neighbours: ItemNeighbours;
}

/** Neighbours kept of each item. */
const neighbourCount = 100;
/** A user's last items count alone: the cost of counting pairs grows with their square, and wholesalers buy thousands. */
const lastItems = 50;

/** The last distinct items, newest first. */
function lastBought(history: ArrayLike<number>): Int32Array {
  const last = new Set<number>();
  for (let i = history.length - 1; i >= 0 && last.size < lastItems; i--) last.add(history[i]!);
  return Int32Array.from(last);
}

/** @param histories item rows that each user bought, in a dataset or in its training part */
export function itemFacts(catalogue: Items, histories: readonly ArrayLike<number>[]): ItemFacts {
  const popularity = new Int32Array(catalogue.category.length);
  for (const history of histories) for (let i = 0; i < history.length; i++) popularity[history[i]!]!++;
  const neighbours = itemNeighbours(histories.map(lastBought), popularity.length, { neighbours: neighbourCount });
  return withCatalogue({ popularity, neighbours }, catalogue);
}

/** The same purchases, with categories and prices as they are in another edition of the catalogue, which may have more items. */
export function withCatalogue(
  { popularity, neighbours }: Pick<ItemFacts, 'popularity' | 'neighbours'>,
  { category, categories, priceMinor }: Items,
): ItemFacts {
  const count = new Float64Array(categories.length);
  let total = 0;
  popularity.forEach((purchases, item) => {
    if (category[item]! < 0) return;
    count[category[item]!]! += purchases;
    total += purchases;
  });
  const categoryShare = count.map((purchases) => purchases / (total || 1));
  // Items that joined the catalogue since then have not been bought.
  const bought = new Int32Array(category.length);
  bought.set(popularity);
  return { category, priceMinor, popularity: bought, categoryShare, neighbours };
}

/** Candidates in retrieval order, as the ranker takes them, from retrieved catalogue rows and their scores. */
export function describeCandidates(
  retrieved: readonly { item: number; score: number }[],
  bought: ArrayLike<number>,
  { category, categoryShare, popularity, priceMinor, neighbours }: ItemFacts,
): (Candidate & { item: number })[] {
  const coPurchase = new Map(retrieved.map(({ item }) => [item, 0]));
  for (const item of lastBought(bought)) {
    for (let at = neighbours.start[item]!; at < neighbours.start[item + 1]!; at++) {
      const sum = coPurchase.get(neighbours.neighbour[at]!);
      if (sum !== undefined) coPurchase.set(neighbours.neighbour[at]!, sum + neighbours.similarity[at]!);
    }
  }
  return retrieved.map(({ item, score }) => ({
    item,
    retrievalScore: score,
    popularity: popularity[item]!,
    category: category[item]!,
    categoryShare: category[item]! < 0 ? 0 : categoryShare[category[item]!]!,
    priceMinor: priceMinor[item]!,
    coPurchase: coPurchase.get(item)!,
  }));
}
