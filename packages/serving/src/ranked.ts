import {
  type DescribedCandidate,
  describeCandidates,
  diversify,
  factorOf,
  type Ranked,
  type RankerParameters,
  type RulesInForce,
  rank,
  reasonFor,
  type UserProfile,
  userProfile,
  withPins,
} from '@duet/ranking';
import type { LiveCatalogue } from './catalogue/catalogue.ts';
import type { ServedDataset } from './dataset.ts';
import type { Retrieved } from './search.ts';

/** Why an item is in the list. */
export interface ShownReason {
  kind: 'bought-together' | 'seen-together' | 'category' | 'taste' | 'best-seller' | 'pinned' | 'buy-again';
  /** For the shopper, in English. */
  text: string;
  /** Of bought-together and seen-together: the item that it goes with. */
  itemId?: string;
  title?: string;
  category?: string;
}

const closeToTaste: ShownReason = { kind: 'taste', text: 'Close to your taste' };
const chosenByShop: ShownReason = { kind: 'pinned', text: 'Chosen by the shop' };
const bestSeller: ShownReason = { kind: 'best-seller', text: 'Popular with everybody' };

/** @param days after which the item is usually bought again; NaN where nobody knows */
export const againReason = (days: number): ShownReason => ({
  kind: 'buy-again',
  text: days >= 1 ? `Usually bought again after ${Math.round(days)} days` : 'You bought it before',
});

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

/** How a list is made of what was retrieved. */
export interface Ranking {
  ranker: { id: string; parameters: RankerParameters } | undefined;
  /** Exponent α of the value in probability × value^α; 0 where it is not said. */
  alpha?: number | undefined;
  /** 0 (none, where it is not said) to 1. */
  diversity?: number | undefined;
  rules: RulesInForce;
}

/** What the ranker and the reasons know of the user at the time of the request. */
export interface UserSnapshot {
  /** False for one of whom the model knows nothing. */
  known: boolean;
  /** Item rows, oldest first. */
  history: readonly number[];
  /** Whether an item of the history was bought, and not only looked at. */
  bought(item: number): boolean;
  /** Unix seconds of the request. */
  time?: number | undefined;
}

/**
 * Ranks what was retrieved by the ranker that all arms share, spreads categories, keeps the shop's rules, and says of
 * each item why it is there.
 * @param mayPin whether a pinned item may be shown to this user at all
 */
export function rankedList(
  { catalogue, facts }: ServedDataset,
  retrieved: readonly Retrieved[],
  user: UserSnapshot,
  { ranker, alpha, diversity = 0, rules }: Ranking,
  { k, mayPin }: { k: number; mayPin: (item: number) => boolean },
): RankedItem[] {
  const candidates = describeCandidates(retrieved, user.history, facts, user.time);
  const profile = userProfile(user.history, catalogue);
  const weighing = rules.weighing && candidates.map(({ item }) => rules.weighing!(item));
  const factors = weighing?.map((of) => of.reduce((product, rule) => product * factorOf(rule), 1));
  const ordered = diversify(rank(candidates, profile, ranker?.parameters, { alpha, factors }), diversity);
  const shown = ({ candidate, score, probability, retrievalRank }: Ranked<DescribedCandidate>): RankedItem => ({
    item: candidate.item,
    score,
    probability,
    retrievalScore: candidate.retrievalScore,
    retrievalRank,
    reason: user.known ? reasonOf(candidate, profile, user, catalogue) : bestSeller,
    rules: weighing === undefined ? [] : weighing[retrievalRank - 1]!.map(({ id }) => id),
  });
  if (rules.pins.length === 0) return ordered.slice(0, k).map(shown);
  const list = ordered.map(shown);
  const pinned = rules.pins
    .filter(({ item }) => mayPin(item))
    .map(({ item, place, rule }) => {
      const found = list.find((one) => one.item === item) ?? { item, ...notRetrieved };
      return { ...found, reason: chosenByShop, rules: [rule.id], place };
    });
  const places = withPins<RankedItem & { place?: number }>(list, pinned).slice(0, k);
  return places.map(({ place: _, ...one }) => one);
}

/** Why an item is in a list, with the names that a shopper knows. */
function reasonOf(
  candidate: DescribedCandidate,
  profile: UserProfile,
  { bought }: UserSnapshot,
  catalogue: LiveCatalogue,
): ShownReason {
  const reason = reasonFor(candidate, profile);
  if (reason.kind === 'bought-together') {
    const title = catalogue.title[reason.item] || catalogue.ids[reason.item]!;
    const itemId = catalogue.ids[reason.item]!;
    if (bought(reason.item)) return { kind: 'bought-together', text: `Because you bought ${title}`, itemId, title };
    return { kind: 'seen-together', text: `Because you looked at ${title}`, itemId, title };
  }
  if (reason.kind === 'category') {
    const category = catalogue.categories[reason.category]!;
    return { kind: 'category', text: `You often buy ${category}`, category };
  }
  return reason.kind === 'taste' ? closeToTaste : bestSeller;
}

/** What was retrieved, as it was: in its order, whatever a ranker, pins and boosts would say. */
export const asRetrieved = (retrieved: readonly Retrieved[], known: boolean): RankedItem[] =>
  retrieved.map(({ item, score }, place) => ({
    ...{ item, score, probability: null, retrievalScore: score, retrievalRank: place + 1, rules: [] },
    reason: known ? closeToTaste : bestSeller,
  }));

const notRetrieved = { score: 0, probability: null, retrievalScore: null, retrievalRank: null };
