import type { Retrieved } from '../search.ts';
import { type ListData, ofPurchases } from './activity.ts';

/** When each item row of the data was first bought, Unix seconds; NaN without times. */
const firstBoughtAt = ofPurchases(({ interactions, timed }): Float64Array => {
  const first = new Float64Array(interactions.items.length).fill(Number.NaN);
  const { item, time } = interactions;
  for (let row = 0; timed && row < item.length; row++) {
    const at = first[item[row]!]!;
    if (!(at <= time[row]!)) first[item[row]!] = time[row]!;
  }
  return first;
});

/**
 * The items that the catalogue has had for the shortest time, newest first. One is there since it was listed, or first
 * bought where that was earlier; of those that came with the first import only the latter is known.
 * @returns scores are Unix seconds
 */
export function newestItems(dataset: ListData): Retrieved[] {
  const { listedAt } = dataset.catalogue;
  const bought = firstBoughtAt(dataset);
  let firstImport = Infinity;
  for (const at of listedAt) if (at < firstImport) firstImport = at;
  const found: Retrieved[] = [];
  for (let item = 0; item < listedAt.length; item++) {
    const listed = listedAt[item]! > firstImport ? listedAt[item]! : Infinity;
    const since = Math.min(listed, bought[item] ?? Infinity) || listed;
    if (Number.isFinite(since)) found.push({ item, score: since });
  }
  return found.sort((a, b) => b.score - a.score || a.item - b.item);
}
