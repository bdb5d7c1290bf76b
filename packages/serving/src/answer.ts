import type { Situation } from '@duet/datasets';
import type { RankerParameters, RulesInForce } from '@duet/ranking';
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
import { buyAgain, purchasesOf, usualInterval } from './lists/buy-again.ts';
import { againReason, asRetrieved, type RankedItem, rankedList } from './ranked.ts';
import type { Retriever } from './retriever.ts';
import { bestSellers, type Retrieved, searchVisible } from './search.ts';
import type { RecentHistory } from './users/recent-events.ts';
import { catalogueRows, inStockOnly, type MaySee, maySee, type Seen, visibleTo, withoutBlocked } from './visible.ts';
import { weighed } from './weighed.ts';

/** Whose data may answer. */
export interface OfDataset {
  /** Of the caller's key; by default the only one. */
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
  /** Item ids that must not be in the answer. */
  exclude?: readonly string[];
  /** What becomes of what the user bought up to the moment of the request; hidden by default. */
  seen?: Seen | undefined;
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

export interface AnsweredModel {
  id: string;
  name: string;
  kind: string;
}

export interface AnsweredIndex {
  id: string;
  /** Counts the model's indexes from 1. */
  version: number;
  factory: string;
  engine: string;
}

/** What answered. */
export interface AnsweredBy {
  /** `model`: nearest by the model's vectors. `popular`: the best sellers. */
  source: 'model' | 'popular';
  /** Why what should have answered did not, in the order in which it was tried: a sentence each. */
  fallbacks: string[];
  /** Null where none was asked. */
  model: AnsweredModel | null;
  index: AnsweredIndex | null;
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
    return { ...listAgain(dataset, { ...request, userId }, rules), ...answeredBy(retriever, dataset) };
  }
  const seen = retriever.seen(userId);
  const { visible, mayPin } = visibleTo(dataset, userId, seen, request, rules);
  const wanted = Math.max(k, candidateCount);
  const retrieved = known
    ? await searchVisible(retriever, vectors, wanted, visible)
    : bestSellers(dataset, wanted, visible);
  return {
    ...listFor(dataset, retrieved, { ...request, userId }, known, { ranker, rules }, mayPin),
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
    return { ...listAgain(dataset, { ...request, userId }, shaping.rules), ...answeredByNone(dataset, because) };
  }
  const { visible, mayPin } = visibleTo(dataset, userId, [], request, shaping.rules);
  const retrieved = bestSellers(dataset, Math.max(k, candidateCount), visible);
  return {
    ...listFor(dataset, retrieved, { ...request, userId }, false, shaping, mayPin),
    why: `The best sellers. ${because.join(' ')}`,
    ...answeredByNone(dataset, because),
  };
}

/** What the user bought before, by how likely they want it again. */
function listAgain(
  dataset: ServedDataset,
  request: RetrieveRequest & { userId: string },
  rules: RulesInForce,
): Pick<RetrieveAnswer, 'known' | 'ranker' | 'placement' | 'why' | 'items'> {
  const { k, userId, recent, situation, placement = '' } = request;
  const { visible } = visibleTo(dataset, userId, [], request, rules);
  const seen = maySee(dataset.catalogue, visible);
  const now = situation?.time ?? Date.now() / 1000;
  const again = buyAgain(dataset, purchasesOf(dataset, userId, recent, now), now);
  const found = again.filter(({ item }) => seen(item)).slice(0, k);
  return {
    known: again.length > 0,
    ranker: null,
    placement,
    why: 'What was bought before, by when it is usually bought again.',
    items: asRetrieved(found, true).map(({ item, ...one }) => ({
      ...showItem(dataset, item),
      ...one,
      reason: againReason(usualInterval(dataset, item)),
    })),
  };
}

/** Ranks what was retrieved, keeps the shop's rules, cuts, and shows it. */
function listFor(
  dataset: ServedDataset,
  retrieved: readonly Retrieved[],
  request: RetrieveRequest & { userId: string },
  known: boolean,
  { ranker, rules }: Shaping,
  mayPin: MaySee,
): Pick<RetrieveAnswer, 'known' | 'ranker' | 'placement' | 'items'> {
  const { k, userId, history = [], recent, situation, alpha, diversity } = request;
  const ranked = (): RankedItem[] => {
    const bought = boughtBy(dataset, userId);
    const ordered = new Set([...(recent?.ordered ?? []), ...history]);
    const user = {
      known,
      history: [...bought, ...catalogueRows(dataset, [...(recent?.items ?? []), ...history])],
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

/** The best sellers of an item's category, then the others. @throws DuetError `not-found` */
export function similarPopular(
  dataset: ServedDataset,
  { itemId, k, filter, exclude = [] }: SimilarItemsRequest,
  rules: RulesInForce,
  because: string[],
): SimilarItemsAnswer {
  const { catalogue } = dataset;
  if (filter !== undefined) checkFilter(filter, catalogue);
  const row = rowOfItem(dataset, itemId);
  const hidden = catalogueRows(dataset, exclude).add(row);
  const visible = withoutBlocked({ hidden, filter: inStockOnly(dataset, filter) }, rules);
  const alike = (item: number) => catalogue.category[item] === catalogue.category[row];
  const best = bestSellers(dataset, candidateCount, visible, alike);
  const rest = bestSellers(dataset, candidateCount - best.length, visible, (item) => !alike(item));
  return { ...answeredByNone(dataset, because), items: listed(dataset, [...best, ...rest], k, rules) };
}

/**
 * Items for words: by the model where it learnt from queries and knows one of the words, else by the words of titles
 * and categories. The answer says which.
 *
 * @param retriever undefined where nothing is deployed
 */
export async function search(
  retriever: Retriever | undefined,
  dataset: ServedDataset,
  titles: () => Promise<TitleSearch>,
  { query, k, situation, filter, placement = '' }: SearchRequest,
  rules: RulesInForce,
  because: string[],
): Promise<SearchAnswer> {
  if (filter !== undefined) checkFilter(filter, dataset.catalogue);
  const visible = withoutBlocked({ hidden: new Set(), filter: inStockOnly(dataset, filter) }, rules);
  const wanted = Math.max(k, candidateCount);
  if (retriever !== undefined && dataset.queryId !== undefined) {
    const { vectors, known } = await retriever.userVectors({ id: requesterOf(dataset, { query }), situation }, 0);
    if (known) {
      const nearest = await searchVisible(retriever, vectors, wanted, visible);
      const why = `Nearest to the query by model ${retriever.planned.name}.`;
      const items = listed(dataset, nearest, k, rules);
      return { by: 'model', why, placement, ...answeredBy(retriever, dataset), items };
    }
  }
  const items = (await titles()).find(query, wanted, maySee(dataset.catalogue, visible));
  const learnt = dataset.queryId === undefined ? 'was not trained on queries' : 'knows no word of the query';
  const reason = retriever === undefined ? because.join(' ') : `Model ${retriever.planned.name} ${learnt}.`;
  const answered = retriever === undefined ? answeredByNone(dataset, because) : answeredBy(retriever, dataset);
  const why = `By the words of titles and categories. ${reason}`;
  return { by: 'titles', why, placement, ...answered, items: listed(dataset, items, k, rules) };
}

/** @param unknown why the best sellers answer though there is a model */
export function answeredBy(
  { planned, index }: Retriever,
  { currency }: ServedDataset,
  unknown?: string,
): AnsweredBy & { model: AnsweredModel; index: AnsweredIndex } {
  const { modelId, name, kind, indexId, version } = planned;
  return {
    source: unknown === undefined ? 'model' : 'popular',
    fallbacks: unknown === undefined ? [] : [unknown],
    model: { id: modelId, name, kind },
    index: { id: indexId, version, factory: index.factory, engine: index.engine },
    currency,
  };
}

const answeredByNone = ({ currency }: ServedDataset, fallbacks: string[]): AnsweredBy => ({
  ...{ source: 'popular', fallbacks, model: null, index: null, currency },
});

/**
 * A list that answers for what was asked and not for who asks: boosts and buries move its items, and nothing is pinned
 * into it that does not fit.
 */
function listed(dataset: ServedDataset, retrieved: readonly Retrieved[], k: number, rules: RulesInForce): FoundItem[] {
  const items = weighed(retrieved, rules);
  const isMoved = items.some(({ rules: moved }) => moved.length > 0);
  return items.slice(0, k).map(({ item, score, retrievalRank, weight, rules: moved }) => ({
    ...showItem(dataset, item),
    score: isMoved ? weight : score,
    retrievalScore: score,
    retrievalRank,
    rules: moved,
  }));
}
