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

/** How a list is made of what was retrieved. */
export interface Ranking {
  ranker: { id: string; parameters: RankerParameters } | undefined;
  /** Exponent α of the value in probability × value^α; 0 where it is not said. */
  alpha?: number | undefined;
  /** 0 (none, where it is not said) to 1. */
  diversity?: number | undefined;
  rules: RulesInForce;
  /** Tells why an item is there. */
  reasons: Reasons;
  /** What an item's score is multiplied by beside the rules; nothing where it is not said. */
  fatigue?: ((item: number) => number) | undefined;
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
  { ranker, alpha, diversity = 0, rules, reasons, fatigue }: Ranking,
  { k, mayPin }: { k: number; mayPin: (item: number) => boolean },
): RankedItem[] {
  const candidates = describeCandidates(retrieved, user.history, facts, user.time);
  const profile = userProfile(user.history, catalogue);
  const weighing = rules.weighing && candidates.map(({ item }) => rules.weighing!(item));
  const factors =
    weighing || fatigue
      ? candidates.map(({ item }, at) =>
          (weighing?.[at] ?? []).reduce((product, rule) => product * factorOf(rule), fatigue?.(item) ?? 1),
        )
      : undefined;
  const ordered = diversify(rank(candidates, profile, ranker?.parameters, { alpha, factors }), diversity);
  const shown = ({ candidate, score, probability, retrievalRank }: Ranked<DescribedCandidate>): RankedItem => ({
    item: candidate.item,
    score,
    probability,
    retrievalScore: candidate.retrievalScore,
    retrievalRank,
    reason: user.known ? reasonOf(candidate, profile, user, catalogue, reasons) : reasons.bestSeller,
    rules: weighing === undefined ? [] : weighing[retrievalRank - 1]!.map(({ id }) => id),
  });
  if (rules.pins.length === 0) return ordered.slice(0, k).map(shown);
  const list = ordered.map(shown);
  const pinned = rules.pins
    .filter(({ item }) => mayPin(item))
    .map(({ item, place, rule }) => {
      const found = list.find((one) => one.item === item) ?? { item, ...notRetrieved };
      return { ...found, reason: reasons.pinned, rules: [rule.id], place };
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
  reasons: Reasons,
): ShownReason {
  const reason = reasonFor(candidate, profile);
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
