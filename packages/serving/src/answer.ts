import type { Situation } from '@duet/datasets';
import { factorOf, type RankerParameters, type RulesInForce } from '@duet/ranking';
import { checkFilter, type Filter } from './catalogue/filter.ts';
import type { TitleSearch } from './catalogue/title-search.ts';
import {
  boughtBy,
  checkFeatures,
  requesterOf,
  rowOfItem,
  type ServedDataset,
  type ShownItem,
  showItem,
} from './dataset.ts';
import { asRetrieved, type RankedItem, rankedList } from './ranked.ts';
import type { Retriever } from './retriever.ts';
import { bestSellers, type Retrieved, searchVisible } from './search.ts';
import type { RecentHistory } from './users/recent-events.ts';
import { catalogueRows, inStockOnly, maySee, visibleTo, withoutBlocked } from './visible.ts';

/** Whose data may answer. */
export interface OfDataset {
  /** Of the caller's key; by default the one that the plan serves. */
  datasetId?: string | undefined;
}

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
  /** By default the control of the first experiment, else the newest model. */
  modelId?: string | undefined;
  /** By default the model's active index. */
  indexId?: string | null | undefined;
  /** By default the newest of the dataset; null leaves the retrieval order, whatever pins and boosts there are. */
  rankerId?: string | null | undefined;
  /** Exponent α of an item's value in probability × value^α; 0 where it is not said. */
  alpha?: number | undefined;
  /** How much categories are spread over the list, 0 (none, where it is not said) to 1. */
  diversity?: number | undefined;
  /** Item ids that must not be in the answer. */
  exclude?: readonly string[];
  /** Leave out what the user bought in the data that the model was trained on, and since. True by default. */
  hideSeen?: boolean;
}

interface FoundItem extends ShownItem {
  /** The retrieval score; 1 / retrievalRank × their factors where rules weigh items of the list. */
  score: number;
  retrievalScore: number;
  /** From 1. */
  retrievalRank: number;
  /** Ids of the shop's rules that moved it. */
  rules: string[];
}

/** An item of a list for a user. */
interface RecommendedItem extends ShownItem, Omit<RankedItem, 'item'> {}

/** Which model and index answered. */
export interface AnsweredBy {
  model: { id: string; name: string; kind: string };
  /** `version` counts the model's indexes from 1. */
  index: { id: string; version: number; factory: string; engine: string };
  currency: string;
}

export interface SimilarItemsRequest extends OfDataset {
  itemId: string;
  k: number;
  placement?: string | undefined;
  modelId?: string | undefined;
  filter?: Filter | undefined;
  exclude?: readonly string[];
}

export interface SearchRequest extends OfDataset {
  query: string;
  k: number;
  /** Who asks, whose experiment's model answers. */
  userId?: string | undefined;
  situation?: Situation | undefined;
  placement?: string | undefined;
  filter?: Filter | undefined;
  modelId?: string | undefined;
  indexId?: string | null | undefined;
}

/** How the list came about, for people. */
interface Explained {
  placement: string;
  /** Of what the list was made: "dat, from 34 items of the data and 2 since". */
  why: string;
}

export interface RetrieveAnswer extends AnsweredBy, Explained {
  /** False for a user of whom the model knows nothing, who gets the best sellers. */
  known: boolean;
  ranker: { id: string } | null;
  items: RecommendedItem[];
}

export interface SimilarItemsAnswer extends AnsweredBy {
  items: FoundItem[];
}

export interface SearchAnswer extends AnsweredBy, Explained {
  /** `model` where it learnt from queries; `titles` where the words of titles and categories were compared. */
  by: 'model' | 'titles';
  items: FoundItem[];
}

/** Candidates that are retrieved and ranked for one answer, whatever its length. */
const candidateCount = 100;

/** What a list is made with, beside what the request says. */
export interface Shaping {
  ranker: { id: string; parameters: RankerParameters } | undefined;
  rules: RulesInForce;
}

/** Retrieve, drop what must not be shown, rank, keep the shop's rules, cut. */
export async function recommend(
  retriever: Retriever,
  dataset: ServedDataset,
  request: RetrieveRequest,
  { ranker, rules }: Shaping,
): Promise<RetrieveAnswer> {
  const { k, filter, features, history = [], recent, situation, alpha, diversity } = request;
  if (filter !== undefined) checkFilter(filter, dataset.catalogue);
  if (features !== undefined) checkFeatures(dataset, features);
  const userId = requesterOf(dataset, request);
  const isDescribed = features !== undefined || history.length > 0;
  const since = [...(recent?.items ?? []), ...history];
  const { vectors, known } = await retriever.userVectors(
    { id: userId, situation, attributes: features, history: since },
    isDescribed ? undefined : (recent?.version ?? 0),
  );
  const seen = retriever.seen(userId);
  const { visible, mayPin } = visibleTo(dataset, userId, seen, request, rules);
  const wanted = Math.max(k, candidateCount);
  const retrieved = known
    ? await searchVisible(retriever, vectors, wanted, visible)
    : bestSellers(dataset, wanted, visible);
  const ranked = (): RankedItem[] => {
    const bought = boughtBy(dataset, userId);
    const ordered = new Set([...(recent?.ordered ?? []), ...history]);
    const user = {
      known,
      history: [...bought, ...catalogueRows(dataset, since)],
      bought: (item: number) => bought.includes(item) || ordered.has(dataset.catalogue.ids[item]!),
      time: situation?.time,
    };
    return rankedList(dataset, retrieved, user, { ranker, alpha, diversity, rules }, { k, mayPin });
  };
  const items = request.rankerId === null ? asRetrieved(retrieved.slice(0, k), known) : ranked();
  return {
    known,
    ranker: ranker === undefined ? null : { id: ranker.id },
    placement: request.placement ?? '',
    why: whyThese(retriever, { known, seen: seen.length, since: since.length, features }),
    ...answeredBy(retriever, dataset),
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

/** The items most like an item, as the model sees it. @throws DuetError `not-found` */
export async function similar(
  retriever: Retriever,
  dataset: ServedDataset,
  { itemId, k, filter, exclude = [] }: SimilarItemsRequest,
  rules: RulesInForce,
): Promise<SimilarItemsAnswer> {
  if (filter !== undefined) checkFilter(filter, dataset.catalogue);
  const row = rowOfItem(dataset, itemId);
  const hidden = catalogueRows(dataset, exclude).add(row);
  const visible = withoutBlocked({ hidden, filter: inStockOnly(dataset, filter) }, rules);
  const nearest = await searchVisible(retriever, await retriever.alike(row), Math.max(k, candidateCount), visible);
  return { ...answeredBy(retriever, dataset), items: listed(dataset, nearest, k, rules) };
}

/**
 * Items for words: by the model where it learnt from queries and knows one of the words, else by the words of titles and
 * categories. The answer says which.
 */
export async function search(
  retriever: Retriever,
  dataset: ServedDataset,
  titles: () => Promise<TitleSearch>,
  { query, k, situation, filter, placement = '' }: SearchRequest,
  rules: RulesInForce,
): Promise<SearchAnswer> {
  if (filter !== undefined) checkFilter(filter, dataset.catalogue);
  const { planned } = retriever;
  const found = { placement, ...answeredBy(retriever, dataset) };
  const visible = withoutBlocked({ hidden: new Set(), filter: inStockOnly(dataset, filter) }, rules);
  const wanted = Math.max(k, candidateCount);
  if (dataset.queryId !== undefined) {
    const { vectors, known } = await retriever.userVectors({ id: requesterOf(dataset, { query }), situation }, 0);
    if (known) {
      const nearest = await searchVisible(retriever, vectors, wanted, visible);
      const why = `Nearest to the query by model ${planned.name}.`;
      return { by: 'model', why, ...found, items: listed(dataset, nearest, k, rules) };
    }
  }
  const items = (await titles()).find(query, wanted, maySee(dataset.catalogue, visible));
  const learnt = dataset.queryId === undefined ? 'was not trained on queries' : 'knows no word of the query';
  const why = `By the words of titles and categories: model ${planned.name} ${learnt}.`;
  return { by: 'titles', why, ...found, items: listed(dataset, items, k, rules) };
}

export function answeredBy({ planned, index }: Retriever, { currency }: ServedDataset): AnsweredBy {
  const { modelId, name, kind, indexId, version } = planned;
  return {
    model: { id: modelId, name, kind },
    index: { id: indexId, version, factory: index.factory, engine: index.engine },
    currency,
  };
}

/**
 * A list that answers for what was asked and not for who asks: boosts and buries move its items, and nothing is pinned into it
 * that does not fit.
 */
function listed(
  dataset: ServedDataset,
  retrieved: readonly Retrieved[],
  k: number,
  { weighing }: RulesInForce,
): FoundItem[] {
  const items = retrieved.map(({ item, score }, place) => {
    const rules = weighing?.(item) ?? [];
    const factor = rules.reduce((product, rule) => product * factorOf(rule), 1);
    return { item, score, retrievalScore: score, retrievalRank: place + 1, factor, rules: rules.map(({ id }) => id) };
  });
  if (items.some(({ rules }) => rules.length > 0)) {
    // Of ranks, as without a ranker: a factor says nothing of a score that may be below zero.
    for (const one of items) one.score = one.factor / one.retrievalRank;
    items.sort((a, b) => b.score - a.score || a.retrievalRank - b.retrievalRank);
  }
  return items.slice(0, k).map(({ item, factor: _, ...rest }) => ({ ...showItem(dataset, item), ...rest }));
}
