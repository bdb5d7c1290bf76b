import { type ItemNeighbours, itemNeighbours } from '@duet/models';
import { type Candidates, roomForCandidates } from './candidates.ts';
import { daypartOf, dayparts } from './daypart.ts';
import { RowPlaces } from './row-places.ts';

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
   * ln(1 + purchases), trend, category, price and ln price of each item, [items × 8]: in a large catalogue, half a cache
   * line to fetch and not five.
   */
  together: Float32Array;
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
  const last = new Int32Array(Math.min(lastItems, history.length));
  let count = 0;
  for (let i = history.length - 1; i >= 0 && count < last.length; i--) {
    let known = 0;
    while (known < count && last[known] !== history[i]) known++;
    if (known === count) last[count++] = history[i]!;
  }
  return last.subarray(0, count);
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
    const shares = new Float64Array(categories.length);
    let total = 0;
    for (let item = 0; item < counts.length; item++) {
      if (category[item]! < 0) continue;
      shares[category[item]!]! += counts[item]!;
      total += counts[item]!;
    }
    return { share: shares.map((count) => count / (total || 1)), total };
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
    together: interleaved([
      ...[Float64Array.from(popularity, Math.log1p), trend, category, priceMinor],
      priceMinor.map((price) => (price > 0 ? Math.log(price) : Number.NaN)),
    ]),
  };
}

/** Columns as rows of `width`, which fill no cache line in part. */
function interleaved(columns: readonly ArrayLike<number>[]): Float32Array {
  const rows = new Float32Array(columns[0]!.length * width);
  columns.forEach((column, c) => {
    for (let i = 0; i < column.length; i++) rows[i * width + c] = column[i]!;
  });
  return rows;
}

/** Columns of `ItemFacts.together`, which has five and room for three. */
const width = 8;

/** Retrieved items, best first: catalogue rows and their scores. */
export interface RetrievedRows {
  items: Int32Array;
  scores: Float64Array;
  /** How many there are; the columns may have room for more. */
  length: number;
}

/** Candidates of which it is known which item each is. */
export interface DescribedCandidates extends Candidates {
  items: Int32Array;
  /**
   * The bought item that each is bought together with most, and their cosine similarity; −1 and 0 where there is none.
   */
  because: Int32Array;
  similarity: Float64Array;
}

/** Describes lists for the ranker, one after the other in the same memory: a list holds until the next is described. */
export class Describer {
  #room = this.#roomFor(128);
  #places = new RowPlaces();
  /** A bit for each 8192nd row, set where one of them is in the list: nearly all of a thousand neighbours are in none. */
  #maybe = new Int32Array(256);
  /** Where the neighbours begin that a list needs; and what was touched of them, or touching would be left out. */
  #from = new Int32Array(lastItems + 1);

  /**
   * Candidates in retrieval order, as the ranker takes them.
   * @param bought item rows, oldest first
   * @param time of the request, Unix seconds
   */
  describe(
    { items, scores, length }: RetrievedRows,
    bought: ArrayLike<number>,
    facts: ItemFacts,
    time?: number | undefined,
  ): DescribedCandidates {
    if (this.#room.items.length < length) this.#room = this.#roomFor(length);
    const list = this.#room;
    list.length = length;
    for (let place = 0; place < length; place++) list.items[place] = items[place]!;
    for (let place = 0; place < length; place++) list.retrievalScore[place] = scores[place]!;
    this.#neighboursOf(list, bought, facts);
    const { together, categoryShare, daypartAffinity, categoryLogPrice } = facts;
    // The first loop does nothing else, so that the processor waits for many rows at once and not for one after the
    // other; the others find them in its cache.
    for (let place = 0; place < length; place++) list.logPopularity[place] = together[items[place]! * width]!;
    for (let place = 0; place < length; place++) {
      const from = items[place]! * width;
      list.trend[place] = together[from + 1]!;
      list.category[place] = together[from + 2]!;
      list.priceMinor[place] = together[from + 3]!;
      list.logPrice[place] = together[from + 4]!;
    }
    const part = time === undefined || daypartAffinity === undefined ? undefined : daypartOf(time);
    for (let place = 0; place < length; place++) {
      const itemCategory = list.category[place]!;
      list.categoryShare[place] = itemCategory < 0 ? 0 : categoryShare[itemCategory]!;
      list.usualLogPrice[place] = itemCategory < 0 ? Number.NaN : categoryLogPrice[itemCategory]!;
      list.daypartAffinity[place] =
        itemCategory < 0 || part === undefined
          ? Number.NaN
          : daypartAffinity![part * categoryShare.length + itemCategory]!;
    }
    return list;
  }

  /** Which of the candidates are neighbours of what was bought. */
  #neighboursOf(list: DescribedCandidates, bought: ArrayLike<number>, { neighbours }: ItemFacts): void {
    const { items, coPurchase, because, similarity, length } = list;
    const { start, neighbour, similarity: similarities } = neighbours;
    coPurchase.fill(0, 0, length);
    similarity.fill(0, 0, length);
    because.fill(-1, 0, length);
    const places = this.#places;
    places.clear();
    const maybe = this.#maybe.fill(0);
    for (let place = 0; place < length; place++) {
      places.add(items[place]!, place);
      maybe[(items[place]! >> 5) & 255]! |= 1 << (items[place]! & 31);
    }
    const last = lastBought(bought);
    this.#fetch(last, neighbours);
    for (const item of last) {
      const end = start[item + 1]!;
      for (let at = start[item]!; at < end; at++) {
        const other = neighbour[at]!;
        if (((maybe[(other >> 5) & 255]! >>> (other & 31)) & 1) === 0) continue;
        const place = places.placeOf(other);
        if (place < 0) continue;
        coPurchase[place]! += similarities[at]!;
        if (similarities[at]! <= similarity[place]!) continue;
        because[place] = item;
        similarity[place] = similarities[at]!;
      }
    }
  }

  /** Touches the neighbours of some items, so that the processor waits for many cache lines at once. */
  #fetch(items: Int32Array, { start, neighbour }: ItemNeighbours): void {
    const from = this.#from;
    for (let i = 0; i < items.length; i++) from[i] = start[items[i]!]!;
    let touched = 0;
    for (let line = 0; line < neighbourCount; line += 16) {
      for (let i = 0; i < items.length; i++) touched ^= neighbour[from[i]! + line]!;
    }
    from[lastItems] = touched;
  }

  #roomFor(most: number): DescribedCandidates {
    return {
      ...roomForCandidates(most),
      items: new Int32Array(most),
      because: new Int32Array(most),
      similarity: new Float64Array(most),
    };
  }
}

/** One list, in memory of its own: as {@link Describer.describe}. */
export const describeCandidates = (...of: Parameters<Describer['describe']>): DescribedCandidates =>
  new Describer().describe(...of);
