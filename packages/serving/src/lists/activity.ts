import type { ItemFacts } from '@duet/ranking';
import type { LiveCatalogue } from '../catalogue/catalogue.ts';
import type { ServedDataset } from '../dataset.ts';

/** What lists read of a dataset. */
export interface ListData extends Pick<ServedDataset, 'interactions' | 'userStart' | 'timed'> {
  catalogue: Pick<LiveCatalogue, 'ids' | 'rowOf' | 'listedAt'>;
  facts: Pick<ItemFacts, 'popularity'>;
}

const hourSeconds = 3_600;
export const daySeconds = 24 * hourSeconds;
/** Longest time that lists look back. */
const horizonDays = 35;

/** What happened to items: sums of weights by the hour, of the last five weeks. */
export class Activity {
  /** Hour since 1970 → key of an item → weight. */
  readonly #hours = new Map<number, Map<string, number>>();
  #newest = -Infinity;
  #events = 0;

  /** How many there were: another number after every change. */
  get events(): number {
    return this.#events;
  }

  /** The time of the newest, Unix seconds; −∞ where there was nothing. */
  get newest(): number {
    return this.#newest;
  }

  add(itemId: string, seconds: number, weight: number): void {
    const hour = Math.floor(seconds / hourSeconds);
    let items = this.#hours.get(hour);
    if (items === undefined) {
      items = new Map();
      this.#hours.set(hour, items);
      const oldest = hour - horizonDays * 24;
      for (const known of this.#hours.keys()) if (known < oldest) this.#hours.delete(known);
    }
    items.set(itemId, (items.get(itemId) ?? 0) + weight);
    this.#newest = Math.max(this.#newest, seconds);
    this.#events += 1;
  }

  /** Adds to `into`, by item, what happened in [from, to), Unix seconds, whole hours. */
  sum(from: number, to: number, into: (itemId: string, weight: number) => void): void {
    const [first, end] = [Math.floor(from / hourSeconds), Math.ceil(to / hourSeconds)];
    for (const [hour, items] of this.#hours) {
      if (hour < first || hour >= end) continue;
      for (const [itemId, weight] of items) into(itemId, weight);
    }
  }
}

/** The interactions of the last five weeks of a dataset, by day: what windows are counted from. */
interface DayCounts {
  /** The newest interaction, Unix seconds. */
  newest: number;
  /** Days before the newest → item rows of its interactions. */
  days: Int32Array[];
}

/** What follows from a dataset's purchases alone, computed when it is first asked and kept as long as they are. */
export function ofPurchases<T>(make: (data: Pick<ListData, 'interactions' | 'userStart' | 'timed'>) => T) {
  const made = new WeakMap<ListData['interactions'], { value: T }>();
  return (data: Pick<ListData, 'interactions' | 'userStart' | 'timed'>): T => {
    const known = made.get(data.interactions);
    if (known !== undefined) return known.value;
    const value = make(data);
    made.set(data.interactions, { value });
    return value;
  };
}

/** Of data that have an order and no times: undefined. */
export const dayCounts = ofPurchases(({ interactions, timed }): DayCounts | undefined => {
  if (!timed) return undefined;
  const { time, item, hides } = interactions;
  let newest = -Infinity;
  for (let row = 0; row < time.length; row++) if (time[row]! > newest) newest = time[row]!;
  const dayOf = (row: number) => Math.floor((newest - time[row]!) / daySeconds);
  const size = new Int32Array(horizonDays);
  const counts = (row: number) => (hides === undefined || hides[row] === 1) && dayOf(row) < horizonDays;
  for (let row = 0; row < time.length; row++) if (counts(row)) size[dayOf(row)]!++;
  const days = Array.from(size, (rows) => new Int32Array(rows));
  const at = new Int32Array(horizonDays);
  for (let row = 0; row < time.length; row++) {
    if (!counts(row)) continue;
    const day = dayOf(row);
    days[day]![at[day]!++] = item[row]!;
  }
  return { newest, days };
});

interface Counted<T> {
  events: number;
  items: number;
  value: T;
}

const countedLists = ofPurchases(() => new Map<string, Counted<unknown>>());

/** What is counted over all items, which requests share until an event, an item or a purchase comes. */
export function counted<T>(dataset: ListData, live: Activity | undefined, name: string, count: () => T): T {
  const lists = countedLists(dataset);
  const [events, items] = [live?.events ?? 0, dataset.catalogue.ids.length];
  const known = lists.get(name);
  if (known?.events === events && known.items === items) return known.value as T;
  const value = count();
  lists.set(name, { events, items, value });
  return value;
}

/**
 * What happened to each item in [from, to), Unix seconds: purchases of the data, whole days, and weighed events since.
 * @returns shape [items of the catalogue]
 */
export function activityIn(
  dataset: ListData,
  live: Activity | undefined,
  { from, to }: { from: number; to: number },
): Float64Array {
  const { catalogue } = dataset;
  const sums = new Float64Array(catalogue.ids.length);
  const data = dayCounts(dataset);
  data?.days.forEach((items, day) => {
    const at = data.newest - day * daySeconds;
    if (at >= from && at < to) for (const item of items) sums[item]! += 1;
  });
  // Events from before are in the data, as far as they are folded in.
  live?.sum(Math.max(from, (data?.newest ?? -Infinity) + 1), to, (itemId, weight) => {
    const row = catalogue.rowOf.get(itemId);
    if (row !== undefined) sums[row]! += weight;
  });
  return sums;
}
