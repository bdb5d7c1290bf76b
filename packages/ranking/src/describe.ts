import { type ItemNeighbours, itemNeighbours } from '@duet/models';
import type { Candidate } from './candidate-features.ts';
import { daypartOf, dayparts } from './daypart.ts';

interface Items {
  category: Int32Array;
  categories: readonly string[];
  priceMinor: Float64Array;
}

/** What a user bought, oldest first. */
export interface Purchases {
  items: ArrayLike<number>;
  /** Unix seconds of each; undefined where the data have an order and no clock. */
  times?: ArrayLike<number> | undefined;
}

/** What of the purchases alone does not change with an edit of the catalogue. */
interface PurchaseFacts {
  /** Purchases by item row. */
  popularity: Int32Array;
  /**
   * ln of the item's purchases in the data's last four weeks over what its share of all would give; NaN without a
   * clock.
   */
  trend: Float64Array;
  /** Purchases by daypart and item row, [dayparts × items]; undefined without a clock. */
  byDaypart: Int32Array | undefined;
  /** Items bought by the same users. */
  neighbours: ItemNeighbours;
}

/** What the ranker knows of the items of a dataset; rows are those of the catalogue. */
export interface ItemFacts extends PurchaseFacts {
  category: Int32Array;
  priceMinor: Float64Array;
  /** Share of all purchases by category row. */
  categoryShare: Float64Array;
  /**
   * ln of a daypart's smoothed share of a category over its share of all, [dayparts × categories]; undefined without a
   * clock.
   */
  daypartAffinity: Float64Array | undefined;
  /** Mean ln price by category row; NaN where none has a price. */
  categoryLogPrice: Float64Array;
  /**
   * Popularity, trend, category and price of each item, [items × 4]: in a large catalogue, one cache line to fetch and
   * not four.
   */
  together: Float64Array;
}

/** Neighbours kept of each item. */
const neighbourCount = 100;
/**
 * A user's last items count alone: the cost of counting pairs grows with their square, and wholesalers buy thousands.
 */
const lastItems = 50;
const recentSeconds = 28 * 86_400;
/** Purchases that the prior of the trend, and of a daypart's shares, weighs as much as. */
const trendPrior = 5;
const daypartPrior = 500;

/** The last distinct items, newest first. */
function lastBought(history: ArrayLike<number>): Int32Array {
  const last = new Set<number>();
  for (let i = history.length - 1; i >= 0 && last.size < lastItems; i--) last.add(history[i]!);
  return Int32Array.from(last);
}

/** @param purchases of each user, in a dataset or in its training part */
export function itemFacts(catalogue: Items, purchases: readonly Purchases[]): ItemFacts {
  const items = catalogue.category.length;
  const popularity = new Int32Array(items);
  const recent = new Int32Array(items);
  const timed = purchases.some(({ times }) => times !== undefined);
  const byDaypart = timed ? new Int32Array(dayparts * items) : undefined;
  let newest = -Infinity;
  for (const { times = [] } of purchases) for (let i = 0; i < times.length; i++) newest = Math.max(newest, times[i]!);
  let all = 0;
  let allRecent = 0;
  for (const { items: bought, times } of purchases) {
    for (let i = 0; i < bought.length; i++) {
      const item = bought[i]!;
      popularity[item]!++;
      all += 1;
      if (times === undefined) continue;
      byDaypart![daypartOf(times[i]!) * items + item]!++;
      if (times[i]! <= newest - recentSeconds) continue;
      recent[item]!++;
      allRecent += 1;
    }
  }
  const trend = Float64Array.from(popularity, (count, item) =>
    timed ? Math.log((recent[item]! + trendPrior) / ((count * allRecent) / all + trendPrior)) : Number.NaN,
  );
  const lists = purchases.map(({ items: bought }) => lastBought(bought));
  const neighbours = itemNeighbours(lists, items, { neighbours: neighbourCount });
  return withCatalogue({ popularity, trend, byDaypart, neighbours }, catalogue);
}

/**
 * The same purchases, with categories and prices as they are in another edition of the catalogue, which may have more
 * items.
 */
export function withCatalogue(purchases: PurchaseFacts, { category, categories, priceMinor }: Items): ItemFacts {
  const items = category.length;
  const { byDaypart, neighbours } = purchases;
  // Items that joined the catalogue since then have not been bought.
  const popularity = new Int32Array(items);
  popularity.set(purchases.popularity);
  const trend = new Float64Array(items).fill(Number.NaN);
  trend.set(purchases.trend);
  const shareOf = (counts: Int32Array) => {
    const share = new Float64Array(categories.length);
    let total = 0;
    for (let item = 0; item < counts.length; item++) {
      if (category[item]! < 0) continue;
      share[category[item]!]! += counts[item]!;
      total += counts[item]!;
    }
    return { share: share.map((count) => count / (total || 1)), total };
  };
  const { share: categoryShare } = shareOf(popularity);
  let daypartAffinity: Float64Array | undefined;
  if (byDaypart !== undefined) {
    daypartAffinity = new Float64Array(dayparts * categories.length);
    for (let part = 0; part < dayparts; part++) {
      const known = byDaypart.length / dayparts;
      const { share, total } = shareOf(byDaypart.subarray(part * known, (part + 1) * known));
      for (let c = 0; c < categories.length; c++) {
        const smoothed = (share[c]! * total + daypartPrior * categoryShare[c]!) / (total + daypartPrior);
        daypartAffinity[part * categories.length + c] =
          categoryShare[c] === 0 ? 0 : Math.log(smoothed / categoryShare[c]!);
      }
    }
  }
  const sum = new Float64Array(categories.length);
  const priced = new Int32Array(categories.length);
  for (let item = 0; item < items; item++) {
    if (category[item]! < 0 || !(priceMinor[item]! > 0)) continue;
    sum[category[item]!]! += Math.log(priceMinor[item]!);
    priced[category[item]!]!++;
  }
  const categoryLogPrice = sum.map((logs, c) => logs / priced[c]!);
  return {
    category,
    priceMinor,
    popularity,
    trend,
    byDaypart,
    neighbours,
    categoryShare,
    daypartAffinity,
    categoryLogPrice,
    together: interleaved([popularity, trend, category, priceMinor]),
  };
}

/** Columns as rows. */
function interleaved(columns: readonly ArrayLike<number>[]): Float64Array {
  const width = columns.length;
  const rows = new Float64Array(columns[0]!.length * width);
  columns.forEach((column, c) => {
    for (let i = 0; i < column.length; i++) rows[i * width + c] = column[i]!;
  });
  return rows;
}

/** A candidate of the ranker that knows which item it is. */
export interface DescribedCandidate extends Candidate {
  item: number;
  /**
   * The bought item that it is bought together with most, and their cosine similarity; −1 and 0 where there is none.
   */
  because: number;
  similarity: number;
}

/**
 * Candidates in retrieval order, as the ranker takes them, from retrieved catalogue rows and their scores.
 * @param bought item rows, oldest first
 * @param time of the request, Unix seconds
 */
export function describeCandidates(
  retrieved: readonly { item: number; score: number }[],
  bought: ArrayLike<number>,
  facts: ItemFacts,
  time?: number | undefined,
): DescribedCandidate[] {
  const { categoryShare, daypartAffinity, categoryLogPrice, together } = facts;
  const { start, neighbour, similarity: similarities } = facts.neighbours;
  const n = retrieved.length;
  const sums = new Float64Array(n);
  const because = new Int32Array(n).fill(-1);
  const strongest = new Float64Array(n);
  const placeOf = new Map<number, number>();
  // Nearly all of a thousand neighbours are no candidates: 8 KB that know it stay in the processor's cache.
  const maybe = new Uint8Array(8192);
  for (let place = 0; place < n; place++) {
    const { item } = retrieved[place]!;
    placeOf.set(item, place);
    maybe[(item >> 3) & 8191]! |= 1 << (item & 7);
  }
  for (const item of lastBought(bought)) {
    const end = start[item + 1]!;
    for (let at = start[item]!; at < end; at++) {
      const other = neighbour[at]!;
      if ((maybe[(other >> 3) & 8191]! & (1 << (other & 7))) === 0) continue;
      const place = placeOf.get(other);
      if (place === undefined) continue;
      const similarity = similarities[at]!;
      sums[place]! += similarity;
      if (similarity <= strongest[place]!) continue;
      because[place] = item;
      strongest[place] = similarity;
    }
  }
  // Fetched in a loop that does nothing else, so that the processor waits for many rows at once and not for one after
  // the other.
  const fetched = new Float64Array(n * 4);
  for (let place = 0; place < n; place++) {
    const from = retrieved[place]!.item * 4;
    for (let column = 0; column < 4; column++) fetched[place * 4 + column] = together[from + column]!;
  }
  const part = time === undefined ? undefined : daypartOf(time);
  return retrieved.map(({ item, score }, place) => {
    const row = place * 4;
    const own = fetched[row + 2]!;
    return {
      item,
      retrievalScore: score,
      popularity: fetched[row]!,
      trend: fetched[row + 1]!,
      category: own,
      categoryShare: own < 0 ? 0 : categoryShare[own]!,
      daypartAffinity:
        own < 0 || part === undefined || daypartAffinity === undefined
          ? Number.NaN
          : daypartAffinity[part * categoryShare.length + own]!,
      priceMinor: fetched[row + 3]!,
      usualLogPrice: own < 0 ? Number.NaN : categoryLogPrice[own]!,
      coPurchase: sums[place]!,
      because: because[place]!,
      similarity: strongest[place]!,
    };
  });
}
