import type { Situation } from '@duet/datasets';
import type { RulesInForce } from '@duet/ranking';
import {
  type AnsweredBy,
  answeredBy,
  answeredByNone,
  candidateCount,
  type Explained,
  type OfDataset,
} from './answered-by.ts';
import { type Facet, facetsOf } from './catalogue/facets.ts';
import { checkFilter, type Filter } from './catalogue/filter.ts';
import type { TitleSearch } from './catalogue/title-search.ts';
import { requesterOf, rowOfItem, type ServedDataset, type ShownItem, showItem } from './dataset.ts';
import type { Retriever } from './retriever.ts';
import { bestSellers, type Retrieved, searchVisible } from './search.ts';
import { catalogueRows, inStockOnly, maySee, withoutBlocked } from './visible.ts';
import { weighed } from './weighed.ts';

export interface SimilarItemsRequest extends OfDataset {
  itemId: string;
  k: number;
  placement?: string | undefined;
  modelId?: string | undefined;
  filter?: Filter | undefined;
  exclude?: readonly string[];
  /** Attributes of the items that the answer carries. */
  fields?: readonly string[] | undefined;
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
  /** Attributes of the items that the answer carries. */
  fields?: readonly string[] | undefined;
  /** What what was found is counted by: category, price, inStock, or an attribute. */
  facets?: readonly string[] | undefined;
  exclude?: readonly string[] | undefined;
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

export interface SimilarItemsAnswer extends AnsweredBy {
  items: FoundItem[];
}

export interface SearchAnswer extends AnsweredBy, Explained {
  /** `model` where it learnt from queries; `titles` where the words of titles and categories were compared. */
  by: 'model' | 'titles';
  /** The query as it was understood, where a word had a typo; else null. */
  corrected: string | null;
  /** Items that have all the words, or most of them; of a model those that were retrieved. */
  total: number;
  /** Of those, by what was asked. */
  facets: Record<string, Facet>;
  items: FoundItem[];
}

/**
 * The items most like an item, as the model sees it; of one that it does not know the best sellers of its category.
 *
 * @throws DuetError `not-found`
 */
export async function similar(
  retriever: Retriever,
  dataset: ServedDataset,
  request: SimilarItemsRequest,
  rules: RulesInForce,
): Promise<SimilarItemsAnswer> {
  const { itemId, k, filter, exclude = [] } = request;
  if (filter !== undefined) checkFilter(filter, dataset.catalogue);
  const row = rowOfItem(dataset, itemId);
  const vector = await retriever.alike(row);
  if (vector === undefined) {
    const unknown = `Model ${retriever.planned.name} does not know item ${itemId}: it came after the training.`;
    return similarPopular(dataset, request, rules, answeredBy(retriever, dataset, unknown));
  }
  const hidden = catalogueRows(dataset, exclude).add(row);
  const visible = withoutBlocked({ hidden, filter: inStockOnly(dataset, filter) }, rules);
  const nearest = await searchVisible(retriever, vector, Math.max(k, candidateCount), visible);
  return { ...answeredBy(retriever, dataset), items: listed(dataset, nearest, k, rules) };
}

/** The best sellers of an item's category, then the others. @throws DuetError `not-found` */
export function similarPopular(
  dataset: ServedDataset,
  { itemId, k, filter, exclude = [] }: SimilarItemsRequest,
  rules: RulesInForce,
  answered: AnsweredBy,
): SimilarItemsAnswer {
  const { catalogue } = dataset;
  if (filter !== undefined) checkFilter(filter, catalogue);
  const row = rowOfItem(dataset, itemId);
  const hidden = catalogueRows(dataset, exclude).add(row);
  const visible = withoutBlocked({ hidden, filter: inStockOnly(dataset, filter) }, rules);
  const seen = maySee(catalogue, visible);
  const alike = (item: number) => catalogue.category[item] === catalogue.category[row];
  const best = bestSellers(dataset, candidateCount, (item) => alike(item) && seen(item));
  const rest = bestSellers(dataset, candidateCount - best.length, (item) => !alike(item) && seen(item));
  return { ...answered, items: listed(dataset, [...best, ...rest], k, rules) };
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
  { query, k, situation, filter, placement = '', facets = [], exclude = [] }: SearchRequest,
  rules: RulesInForce,
  because: string[],
): Promise<SearchAnswer> {
  if (filter !== undefined) checkFilter(filter, dataset.catalogue);
  const hidden = catalogueRows(dataset, exclude);
  const visible = withoutBlocked({ hidden, filter: inStockOnly(dataset, filter) }, rules);
  const counted = async (rows: Int32Array) => ({
    total: rows.length,
    facets: await facetsOf(dataset.catalogue, rows, facets),
  });
  const depth = Math.max(k, candidateCount);
  if (retriever !== undefined && dataset.queryId !== undefined) {
    const { vectors, known } = await retriever.userVectors({ id: requesterOf(dataset, { query }), situation }, 0);
    if (known) {
      const nearest = await searchVisible(retriever, vectors, depth, visible);
      const why = `Nearest to the query by model ${retriever.planned.name}.`;
      const items = listed(dataset, nearest, k, rules);
      const rows = Int32Array.from(nearest, ({ item }) => item);
      const summary = { by: 'model' as const, why, placement, corrected: null, ...(await counted(rows)) };
      return { ...summary, ...answeredBy(retriever, dataset), items };
    }
  }
  const { items, matched, corrected } = await (await titles()).find(query, depth, maySee(dataset.catalogue, visible));
  const learnt = dataset.queryId === undefined ? 'was not trained on queries' : 'knows no word of the query';
  const reason = retriever === undefined ? because.join(' ') : `Model ${retriever.planned.name} ${learnt}.`;
  const answered = retriever === undefined ? answeredByNone(dataset, because) : answeredBy(retriever, dataset);
  const why = `By the words of titles and categories. ${reason}`;
  const summary = { by: 'titles' as const, why, placement, corrected, ...(await counted(matched)) };
  return { ...summary, ...answered, items: listed(dataset, items, k, rules) };
}

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
