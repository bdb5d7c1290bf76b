import type { Act } from './shoppers/visit.ts';

/** What one shopper saw and did, in a day or in all. */
export interface Deeds {
  impressions: number;
  clicks: number;
  /** Value of ordered lines, in minor units. */
  gmvMinor: number;
}

const none = (): Deeds => ({ impressions: 0, clicks: 0, gmvMinor: 0 });

/** The simulation's own books: by arm and by UTC day ('YYYY-MM-DD'), each shopper's deeds. */
export class Tally {
  readonly #books = new Map<string, Map<string, Map<string, Deeds>>>();
  readonly #days = new Set<string>();

  /** A page of `impressions` items that an arm answered with, and what came of it. */
  add(armId: string, userId: string, atMs: number, impressions: number, acts: readonly Act[]): void {
    this.#deeds(armId, userId, atMs).impressions += impressions;
    for (const { type, afterMs, valueMinor = 0 } of acts) {
      const deeds = this.#deeds(armId, userId, atMs + afterMs);
      if (type === 'click') deeds.clicks += 1;
      if (type === 'order') deeds.gmvMinor += valueMinor;
    }
  }

  #deeds(armId: string, userId: string, atMs: number): Deeds {
    const day = new Date(atMs).toISOString().slice(0, 10);
    this.#days.add(day);
    const arm = entry(this.#books, armId, () => new Map());
    return entry(
      entry(arm, day, () => new Map<string, Deeds>()),
      userId,
      none,
    );
  }

  get days(): string[] {
    return [...this.#days].sort();
  }

  /** One entry a shopper who came that day. */
  onDay(armId: string, day: string): Deeds[] {
    return [...(this.#books.get(armId)?.get(day)?.values() ?? [])];
  }

  /** One entry a shopper, all days summed. */
  inAll(armId: string): Deeds[] {
    const sums = new Map<string, Deeds>();
    for (const day of this.#books.get(armId)?.values() ?? []) {
      for (const [userId, deeds] of day) {
        const sum = entry(sums, userId, none);
        for (const key of ['impressions', 'clicks', 'gmvMinor'] as const) sum[key] += deeds[key];
      }
    }
    return [...sums.values()];
  }
}

function entry<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
