import {
  type DescribedCandidates,
  Describer,
  diversify,
  factorOf,
  Ranker,
  type RankerParameters,
  type RetrievedRows,
  type RulesInForce,
  reasonFor,
  type UserProfile,
  userProfile,
  withPins,
} from '@duet/ranking';
import type { LiveCatalogue } from './catalogue/catalogue.ts';
import type { ServedDataset } from './dataset.ts';
import type { Reasons, ShownReason } from './language/reasons.ts';
import type { Retrieved } from './search.ts';

/** A place of the finished list; `item` is a catalogue row. */
export interface RankedItem {
  item: number;
  /** What the list is ordered by. */
  score: number;
  /** By the ranker; null without one, and for a pinned item that was not retrieved. */
  probability: number | null;
  /** Null for a pinned item that was not retrieved. */
  retrievalScore: number | null;
  retrievalRank: number | null;
  reason: ShownReason;
  /** Ids of the shop's rules that moved it. */
  rules: string[];
}

/** How a list is ordered. */
export interface Ordering {
  /** Of the ranker; without one the order of retrieval counts. */
  parameters: RankerParameters | undefined;
  /** Exponent α of the value in probability × value^α; 0 where it is not said. */
  alpha?: number | undefined;
  /** 0 (none, where it is not said) to 1. */
  diversity?: number | undefined;
  rules: RulesInForce;
  /** What an item's score is multiplied by beside the rules; nothing where it is not said. */
  fatigue?: ((item: number) => number) | undefined;
}

/** How a list is made of what was retrieved. */
export interface Ranking extends Ordering {
  orderer: ListOrderer;
  /** Tells why an item is there. */
  reasons: Reasons;
}

/** What the ranker knows of the user at the time of the request. */
interface Requester {
  /** Item rows, oldest first. */
  history: ArrayLike<number>;
  /** Unix seconds of the request. */
  time?: number | undefined;
}

/** What the ranker and the reasons know of the user at the time of the request. */
export interface UserSnapshot extends Requester {
  /** False for one of whom the model knows nothing. */
  known: boolean;
  /** Whether an item of the history was bought, and not only looked at. */
  bought(item: number): boolean;
}

/** Retrieved items as columns. */
export const asColumns = (retrieved: readonly Retrieved[]): RetrievedRows => ({
  items: Int32Array.from(retrieved, ({ item }) => item),
  scores: Float64Array.from(retrieved, ({ score }) => score),
  length: retrieved.length,
});

/**
 * Orders lists by the ranker that all arms share, spreads categories and weighs by the shop's rules; one after the
 * other in the same memory.
 */
export class ListOrderer {
  #describer = new Describer();
  #ranker = new Ranker();

  /**
   * @param best how many of the best are wanted
   * @returns places of what was retrieved, best first, with the score of each place; until the next list is ordered
   */
  order(
    { catalogue, facts }: Pick<ServedDataset, 'catalogue' | 'facts'>,
    retrieved: RetrievedRows,
    { history, time }: Requester,
    { parameters, alpha, diversity = 0, rules, fatigue }: Ordering,
    best: number,
  ) {
    const candidates = this.#describer.describe(retrieved, history, facts, time);
    const profile = userProfile(history, catalogue);
    const { weighing } = rules;
    let factors: Float64Array | undefined;
    if (weighing || fatigue) {
      factors = new Float64Array(candidates.length).fill(1);
      for (let place = 0; place < factors.length; place++) {
        const item = candidates.items[place]!;
        factors[place]! *= fatigue?.(item) ?? 1;
        for (const rule of weighing?.(item) ?? []) factors[place]! *= factorOf(rule);
      }
    }
    const needed = diversity > 0 ? candidates.length : best;
    const ranked = this.#ranker.rank(candidates, profile, parameters, { alpha, factors }, needed);
    const order = diversify(ranked.order, { score: ranked.score, category: candidates.category }, diversity);
    return { candidates, profile, ...ranked, order: order.subarray(0, best) };
  }
}

/**
 * Ranks what was retrieved, keeps the shop's rules, and says of each item why it is there.
 * @param mayPin whether a pinned item may be shown to this user at all
 */
export function rankedList(
  dataset: ServedDataset,
  retrieved: readonly Retrieved[],
  user: UserSnapshot,
  { orderer, reasons, ...ordering }: Ranking,
  { k, mayPin }: { k: number; mayPin: (item: number) => boolean },
): RankedItem[] {
  const { rules } = ordering;
  const best = k + rules.pins.length;
  const ordered = orderer.order(dataset, asColumns(retrieved), user, ordering, best);
  const { candidates, profile, score, probability } = ordered;
  const shown = (place: number): RankedItem => ({
    item: candidates.items[place]!,
    score: score[place]!,
    probability: probability === undefined ? null : probability[place]!,
    retrievalScore: candidates.retrievalScore[place]!,
    retrievalRank: place + 1,
    reason: user.known
      ? reasonOf({ candidates, place, profile }, user, dataset.catalogue, reasons)
      : reasons.bestSeller,
    rules: rules.weighing === undefined ? [] : rules.weighing(candidates.items[place]!).map(({ id }) => id),
  });
  const list = Array.from(ordered.order, shown);
  if (rules.pins.length === 0) return list;
  const pinned = rules.pins
    .filter(({ item }) => mayPin(item))
    .map(({ item, place, rule }) => {
      const found = candidates.items.subarray(0, candidates.length).indexOf(item);
      const one = found < 0 ? { item, ...notRetrieved } : shown(found);
      return { ...one, reason: reasons.pinned, rules: [rule.id], place };
    });
  const places = withPins<RankedItem & { place?: number }>(list, pinned).slice(0, k);
  return places.map(({ place: _, ...one }) => one);
}

/** Why an item is in a list, with the names that a shopper knows. */
function reasonOf(
  { candidates, place, profile }: { candidates: DescribedCandidates; place: number; profile: UserProfile },
  { bought }: UserSnapshot,
  catalogue: LiveCatalogue,
  reasons: Reasons,
): ShownReason {
  const reason = reasonFor(candidates, place, profile);
  if (reason.kind === 'bought-together') {
    const title = catalogue.title[reason.item] || catalogue.ids[reason.item]!;
    const itemId = catalogue.ids[reason.item]!;
    return reasons.with(bought(reason.item) ? 'bought-together' : 'seen-together', itemId, title);
  }
  if (reason.kind === 'category') return reasons.category(catalogue.categories[reason.category]!);
  return reason.kind === 'taste' ? reasons.taste : reasons.bestSeller;
}

/** What was retrieved, as it was: in its order, whatever a ranker, pins and boosts would say. */
export const asRetrieved = (retrieved: readonly Retrieved[], known: boolean, reasons: Reasons): RankedItem[] =>
  retrieved.map(({ item, score }, place) => ({
    ...{ item, score, probability: null, retrievalScore: score, retrievalRank: place + 1, rules: [] },
    reason: known ? reasons.taste : reasons.bestSeller,
  }));

const notRetrieved = { score: 0, probability: null, retrievalScore: null, retrievalRank: null };
