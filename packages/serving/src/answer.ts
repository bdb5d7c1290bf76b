import type { Situation } from '@duet/datasets';
import type { RankerParameters, RulesInForce } from '@duet/ranking';
import {
  type AnsweredBy,
  answeredBy,
  answeredByNone,
  candidateCount,
  type Explained,
  type OfDataset,
} from './answered-by.ts';
import { checkFilter, type Filter } from './catalogue/filter.ts';
import { boughtBy, checkFeatures, requesterOf, type ServedDataset, type ShownItem, showItem } from './dataset.ts';
import { reasonsOf } from './language/reasons.ts';
import { buyAgain, purchasesOf, usualInterval } from './lists/buy-again.ts';
import { asRetrieved, type ListOrderer, type RankedItem, rankedList } from './ranked.ts';
import type { Retriever } from './retriever.ts';
import { bestSellers, type Retrieved, searchVisible } from './search.ts';
import type { RecentHistory } from './users/recent-events.ts';
import { catalogueRows, type MaySee, maySee, type Seen, visibleTo } from './visible.ts';

export interface RetrieveRequest extends OfDataset {
  /** Who asks, by whom experiments are split; nobody where only the rest of the request describes a user. */
  userId?: string | undefined;
  /** What was asked, where the dataset answers queries: a query's id, or any text. By default the user's id is it. */
  query?: string | undefined;
  /** In what situation, for models that heard of it: the time, and values of the dataset's context columns. */
  situation?: Situation | undefined;
  /** What is known of the user, by the dataset's columns: over what the data say of one who is in them. */
  features?: Readonly<Record<string, string>> | undefined;
  /** Items that the user had since the data, oldest first. */
  history?: readonly string[] | undefined;
  /** What the user did since the data, as the event log has it. */
  recent?: RecentHistory | undefined;
  /** Items to answer with. */
  k: number;
  /** Where the shop shows the list. */
  placement?: string | undefined;
  /** What every item of the answer must pass. */
  filter?: Filter | undefined;
  /** By default what is deployed at the placement or everywhere, else the control of the first experiment that runs. */
  modelId?: string | undefined;
  /** By default the model's active index. */
  indexId?: string | null | undefined;
  /** By default the newest of the dataset; null leaves the retrieval order, whatever pins and boosts there are. */
  rankerId?: string | null | undefined;
  /** Exponent α of an item's value in probability × value^α; 0 where it is not said. */
  alpha?: number | undefined;
  /** How much categories are spread over the list, 0 (none, where it is not said) to 1. */
  diversity?: number | undefined;
  /** Impressions without a click after which an item's score is halved; by default the dataset's, 0 for never. */
  demoteAfter?: number | undefined;
  /** Item ids that must not be in the answer. */
  exclude?: readonly string[];
  /** BCP 47 tag of the language that reasons are told in; by default the dataset's. */
  language?: string | undefined;
  /** Attributes of the items that the answer carries. */
  fields?: readonly string[] | undefined;
  /** What becomes of what the user bought up to the moment of the request; hidden by default. */
  seen?: Seen | undefined;
}

/** An item of a list for a user. */
interface RecommendedItem extends ShownItem, Omit<RankedItem, 'item'> {}

export interface RetrieveAnswer extends AnsweredBy, Explained {
  /** False for a user of whom the model knows nothing, who gets the best sellers. */
  known: boolean;
  ranker: { id: string } | null;
  items: RecommendedItem[];
}

/** What a list is made with, beside what the request says. */
export interface Shaping {
  ranker: { id: string; parameters: RankerParameters } | undefined;
  /** Its memory is used for one list after the other. */
  orderer: ListOrderer;
  rules: RulesInForce;
  /** Of reasons, where the request says none: the dataset's. */
  language?: string | undefined;
  /** Where the request says none: the dataset's. */
  demoteAfter?: number | undefined;
}

/** Retrieve, drop what must not be shown, rank, keep the shop's rules, cut. */
export async function recommend(
  retriever: Retriever,
  dataset: ServedDataset,
  request: RetrieveRequest,
  shaping: Shaping,
): Promise<RetrieveAnswer> {
  const { k, filter, features, history = [], recent, situation } = request;
  if (filter !== undefined) checkFilter(filter, dataset.catalogue);
  if (features !== undefined) checkFeatures(dataset, features);
  const userId = requesterOf(dataset, request);
  const isDescribed = features !== undefined || history.length > 0;
  const since = [...(recent?.items ?? []), ...history];
  const { vectors, known } = await retriever.userVectors(
    { id: userId, situation, attributes: features, history: since },
    isDescribed ? undefined : (recent?.version ?? 0),
  );
  if (request.seen === 'only') {
    return { ...answeredBy(retriever, dataset), ...listAgain(dataset, { ...request, userId }, shaping) };
  }
  const seen = retriever.seen(userId);
  const { visible, mayPin } = visibleTo(dataset, userId, seen, request, shaping.rules);
  const depth = Math.max(k, candidateCount);
  const retrieved = known
    ? await searchVisible(retriever, vectors, depth, visible)
    : bestSellers(dataset, depth, maySee(dataset.catalogue, visible));
  return {
    ...listFor(dataset, retrieved, { ...request, userId }, known, shaping, mayPin),
    why: whyThese(retriever, { known, seen: seen.length, since: since.length, features }),
    ...answeredBy(retriever, dataset, known ? undefined : `Model ${retriever.planned.name} knows nothing of who asks.`),
  };
}

/** The best sellers, for whom nothing is deployed. @param because a sentence for each that should have answered */
export function recommendPopular(
  dataset: ServedDataset,
  request: RetrieveRequest,
  shaping: Shaping,
  because: string[],
): RetrieveAnswer {
  const { k, filter, features } = request;
  if (filter !== undefined) checkFilter(filter, dataset.catalogue);
  if (features !== undefined) checkFeatures(dataset, features);
  const userId = requesterOf(dataset, request);
  if (request.seen === 'only') {
    return { ...answeredByNone(dataset, because), ...listAgain(dataset, { ...request, userId }, shaping) };
  }
  const { visible, mayPin } = visibleTo(dataset, userId, [], request, shaping.rules);
  const retrieved = bestSellers(dataset, Math.max(k, candidateCount), maySee(dataset.catalogue, visible));
  return {
    ...listFor(dataset, retrieved, { ...request, userId }, false, shaping, mayPin),
    why: `The best sellers. ${because.join(' ')}`,
    ...answeredByNone(dataset, because),
  };
}

/** What the user bought before and may see, by how likely they want it again. */
export function boughtBefore(
  dataset: ServedDataset,
  request: RetrieveRequest & { userId: string },
  rules: RulesInForce,
): Retrieved[] {
  const { userId, recent, situation } = request;
  const { visible } = visibleTo(dataset, userId, [], request, rules);
  const now = situation?.time ?? Date.now() / 1000;
  const again = buyAgain(dataset, purchasesOf(dataset, userId, recent, now), now);
  const seen = maySee(dataset.catalogue, visible);
  return again.filter(({ item }) => seen(item));
}

/** The list of what the user bought before. */
function listAgain(
  dataset: ServedDataset,
  request: RetrieveRequest & { userId: string },
  { rules, language }: Pick<Shaping, 'rules' | 'language'>,
): Pick<RetrieveAnswer, 'source' | 'fallbacks' | 'known' | 'ranker' | 'placement' | 'why' | 'items'> {
  const { k, placement = '' } = request;
  const found = boughtBefore(dataset, request, rules);
  const reasons = reasonsOf(request.language, language);
  return {
    source: 'bought',
    fallbacks: [],
    known: found.length > 0,
    ranker: null,
    placement,
    why: 'What was bought before, by when it is usually bought again.',
    items: asRetrieved(found.slice(0, k), true, reasons).map(({ item, ...one }) => ({
      ...showItem(dataset, item),
      ...one,
      reason: reasons.again(usualInterval(dataset, item)),
    })),
  };
}

/** Ranks what was retrieved, keeps the shop's rules, cuts, and shows it. */
function listFor(
  dataset: ServedDataset,
  retrieved: readonly Retrieved[],
  request: RetrieveRequest & { userId: string },
  known: boolean,
  { ranker, orderer, rules, language, demoteAfter: usual }: Shaping,
  mayPin: MaySee,
): Pick<RetrieveAnswer, 'known' | 'ranker' | 'placement' | 'items'> {
  const { k, userId, history = [], recent, situation, alpha, diversity } = request;
  const reasons = reasonsOf(request.language, language);
  const ranked = (): RankedItem[] => {
    const bought = boughtBy(dataset, userId);
    const ordered = new Set([...(recent?.ordered ?? []), ...history]);
    const user = {
      known,
      history: historyOf(dataset, { ...request, userId }),
      bought: (item: number) => bought.includes(item) || ordered.has(dataset.catalogue.ids[item]!),
      time: situation?.time,
    };
    const fatigue = fatigueOf(dataset, recent, request.demoteAfter ?? usual ?? 0);
    const ordering = { parameters: ranker?.parameters, alpha, diversity, rules, fatigue };
    return rankedList(dataset, retrieved, user, { orderer, reasons, ...ordering }, { k, mayPin });
  };
  const items = request.rankerId === null ? asRetrieved(retrieved.slice(0, k), known, reasons) : ranked();
  return {
    known,
    ranker: ranker === undefined ? null : { id: ranker.id },
    placement: request.placement ?? '',
    // Field by field: a rest of each item would take a tenth of the answer's time.
    items: items.map(({ item, score, probability, retrievalScore, retrievalRank, reason, rules: moved }) => ({
      ...showItem(dataset, item),
      score,
      probability,
      retrievalScore,
      retrievalRank,
      reason,
      rules: moved,
    })),
  };
}

/** What the ranker knows that a user had: item rows, oldest first, of the data and since. */
export function historyOf(
  dataset: ServedDataset,
  { userId, recent, history = [] }: Pick<RetrieveRequest, 'recent' | 'history'> & { userId: string },
): ArrayLike<number> {
  const bought = boughtBy(dataset, userId);
  const since = [...(recent?.items ?? []), ...history];
  return since.length === 0 ? bought : [...bought, ...catalogueRows(dataset, since)];
}

/** What the score of an item is multiplied by that was shown again and again and never clicked: a half for each time. */
export function fatigueOf(
  { catalogue }: ServedDataset,
  recent: RecentHistory | undefined,
  demoteAfter: number,
): ((item: number) => number) | undefined {
  if (demoteAfter === 0 || recent === undefined || recent.shown.size === 0) return undefined;
  return (item) => 0.5 ** Math.floor((recent.shown.get(catalogue.ids[item]!) ?? 0) / demoteAfter);
}

function whyThese(
  { planned, model }: Retriever,
  from: { known: boolean; seen: number; since: number; features: RetrieveRequest['features'] },
): string {
  if (!from.known) return `The best sellers: model ${planned.name} knows nothing of who asks.`;
  const read = Object.keys(from.features ?? {}).filter((name) => model.userAttributes.includes(name));
  const parts = [
    from.seen > 0 ? `${from.seen} items of the data` : '',
    from.since > 0 ? `${from.since} since` : '',
    read.length > 0 ? `the ${read.join(', ')} that the request says` : '',
  ].filter((part) => part !== '');
  return `Nearest by model ${planned.name}${parts.length > 0 ? `, from ${parts.join(' and ')}` : ''}.`;
}
