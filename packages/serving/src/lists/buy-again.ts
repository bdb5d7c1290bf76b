import type { ServedDataset } from '../dataset.ts';
import type { Retrieved } from '../search.ts';
import type { RecentHistory } from '../users/recent-events.ts';
import { daySeconds, type ListData, ofPurchases } from './activity.ts';

/** Repeats that an item's usual interval is shrunk to the shop's by. */
const shrinkage = 5;

interface Intervals {
  /** Sum of ln days between purchases of an item by one user, and how many there are, by item row. */
  sums: Float64Array;
  counts: Int32Array;
  /** Geometric mean over all items, days. */
  usual: number;
}

const intervalsOf = ofPurchases(({ interactions, userStart, timed }): Intervals => {
  const { items, item, time } = interactions;
  const sums = new Float64Array(items.length);
  const counts = new Int32Array(items.length);
  const last = new Map<number, number>();
  let [sum, count] = [0, 0];
  for (let user = 0; timed && user + 1 < userStart.length; user++) {
    last.clear();
    for (let row = userStart[user]!; row < userStart[user + 1]!; row++) {
      const before = last.get(item[row]!);
      last.set(item[row]!, time[row]!);
      // Twice on one day is one purchase.
      if (before === undefined || time[row]! - before < daySeconds) continue;
      const days = Math.log((time[row]! - before) / daySeconds);
      sums[item[row]!]! += days;
      counts[item[row]!]!++;
      sum += days;
      count++;
    }
  }
  return { sums, counts, usual: count === 0 ? Number.NaN : Math.exp(sum / count) };
});

/** Days after which an item is usually bought again, geometric mean; NaN where nothing ever was, or without times. */
export function usualInterval(dataset: ListData, item: number): number {
  const { sums, counts, usual } = intervalsOf(dataset);
  const count = counts[item] ?? 0;
  return Math.exp(((sums[item] ?? 0) + shrinkage * Math.log(usual)) / (count + shrinkage));
}

/**
 * What a user bought before, by how likely they want it again: purchases of theirs, times the chance that its usual
 * interval is over, 1 − e^(−t / interval); without times by purchases, then the latest first.
 *
 * @param bought item rows, oldest first, with Unix seconds where there are any
 */
export function buyAgain(
  dataset: ListData,
  bought: readonly { item: number; at: number | undefined }[],
  now: number,
): Retrieved[] {
  const purchases = new Map<number, { count: number; at: number | undefined; place: number }>();
  bought.forEach(({ item, at }, place) => {
    purchases.set(item, { count: (purchases.get(item)?.count ?? 0) + 1, at, place });
  });
  const found = Array.from(purchases, ([item, { count, at, place }]) => {
    const interval = usualInterval(dataset, item);
    const isDue = at === undefined || Number.isNaN(interval) ? 1 : -Math.expm1((at - now) / (interval * daySeconds));
    return { item, score: count * Math.max(0, isDue), place };
  });
  found.sort((a, b) => b.score - a.score || b.place - a.place);
  return found.map(({ item, score }) => ({ item, score }));
}

/** What a user bought, oldest first: in the data up to a moment, and ordered since. */
export function purchasesOf(
  { interactions, userRow, userStart, timed, catalogue }: ServedDataset,
  userId: string,
  recent: RecentHistory | undefined,
  now: number,
): { item: number; at: number | undefined }[] {
  const user = userRow.get(userId);
  const bought: { item: number; at: number | undefined }[] = [];
  const { item, time, hides } = interactions;
  for (let row = user === undefined ? 0 : userStart[user]!; user !== undefined && row < userStart[user + 1]!; row++) {
    const isBought = hides === undefined || hides[row] === 1;
    if (isBought && !(timed && time[row]! > now)) bought.push({ item: item[row]!, at: timed ? time[row]! : undefined });
  }
  for (const itemId of recent?.ordered ?? []) {
    const row = catalogue.rowOf.get(itemId);
    if (row !== undefined) bought.push({ item: row, at: now });
  }
  return bought;
}
