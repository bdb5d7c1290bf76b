import { DuetError } from '@duet/config';
import type { Situation } from '@duet/datasets';
import { describeCandidates, type RankerParameters, rank, userProfile } from '@duet/ranking';
import { askerOf, boughtBy, rowOfItem, type ServedDataset, type ShownItem, showItem } from './dataset.ts';
import type { Retriever } from './retriever.ts';
import { bestSellers, type Retrieved, searchVisible } from './search.ts';

export interface RetrieveRequest {
  /** Who asks, by whom experiments are split. */
  userId: string;
  /** What was asked, where the dataset answers queries: a query's id, or any text. By default the user's id is it. */
  query?: string | undefined;
  /** In what situation, for models that heard of it: the time, and values of the dataset's context columns. */
  situation?: Situation | undefined;
  /** Items to answer with. */
  k: number;
  /** By default the control of the first experiment, else the newest model. */
  modelId?: string;
  /** By default the model's active index. */
  indexId?: string | null;
  /** By default the newest of the dataset; null leaves the retrieval order. */
  rankerId?: string | null;
  /** Item ids that must not be in the answer. */
  exclude?: readonly string[];
  /** Leave out what the user bought in the data that the model was trained on. True by default. */
  hideSeen?: boolean;
}

interface AnsweredItem extends ShownItem {
  /** Probability of a purchase by the ranker; the retrieval score where the list is not ranked. */
  score: number;
  retrievalScore: number;
  /** From 1. */
  retrievalRank: number;
}

/** Which model and index answered. */
export interface AnsweredBy {
  model: { id: string; name: string; kind: string };
  index: { id: string; factory: string; engine: string };
  currency: string;
}

export interface SimilarItemsRequest {
  itemId: string;
  k: number;
  modelId?: string;
}

export interface RetrieveAnswer extends AnsweredBy {
  /** False for a user that the model never saw, who gets the best sellers. */
  known: boolean;
  ranker: { id: string } | null;
  items: AnsweredItem[];
}

export interface SimilarItemsAnswer extends AnsweredBy {
  items: AnsweredItem[];
}

/** Candidates that are retrieved and ranked for one answer, whatever its length. */
const candidateCount = 100;

/** Retrieve, drop what must not be shown, rank, cut. */
export async function recommend(
  retriever: Retriever,
  dataset: ServedDataset,
  request: RetrieveRequest,
  ranker: { id: string; parameters: RankerParameters } | undefined,
): Promise<RetrieveAnswer> {
  const { k, exclude = [], hideSeen = true } = request;
  const asker = askerOf(dataset, request);
  const { vectors, known } = await retriever.userVectors(asker, request.situation);
  const hidden = catalogueRows(dataset, hideSeen ? [...retriever.model.seen(asker), ...exclude] : exclude);
  const hiddenRows = new Set([...hidden].map((item) => retriever.rowOf[item]!).filter((row) => row >= 0));
  const wanted = Math.max(k, candidateCount);
  const retrieved = known
    ? await searchVisible(retriever, vectors, wanted, hiddenRows)
    : bestSellers(dataset, wanted, hidden);
  return {
    known,
    ranker: ranker === undefined ? null : { id: ranker.id },
    ...answeredBy(retriever, dataset),
    items:
      ranker === undefined
        ? listed(dataset, retrieved, k)
        : ranked({ asker, k }, dataset, retrieved, ranker.parameters),
  };
}

/** The items most like an item, as the model sees it. @throws DuetError `not-found` */
export async function similar(
  retriever: Retriever,
  dataset: ServedDataset,
  { itemId, k }: SimilarItemsRequest,
): Promise<SimilarItemsAnswer> {
  const { model, rowOf, planned } = retriever;
  const row = rowOf[rowOfItem(dataset, itemId)]!;
  if (row < 0) throw new DuetError('not-found', `Model ${planned.name} does not know item ${itemId}.`);
  const nearest = await searchVisible(retriever, await model.alike(row), k, new Set([row]));
  return { ...answeredBy(retriever, dataset), items: listed(dataset, nearest, k) };
}

function answeredBy({ planned, index }: Retriever, { currency }: ServedDataset): AnsweredBy {
  const { modelId, name, kind, indexId } = planned;
  return {
    model: { id: modelId, name, kind },
    index: { id: indexId, factory: index.factory, engine: index.engine },
    currency,
  };
}

/** Catalogue rows of those items that there are. */
const catalogueRows = ({ itemRow }: ServedDataset, itemIds: readonly string[]): Set<number> =>
  new Set(itemIds.flatMap((itemId) => itemRow.get(itemId) ?? []));

function listed(dataset: ServedDataset, retrieved: readonly Retrieved[], k: number): AnsweredItem[] {
  return retrieved.slice(0, k).map(({ item, score }, place) => ({
    ...showItem(dataset, item),
    score,
    retrievalScore: score,
    retrievalRank: place + 1,
  }));
}

function ranked(
  { asker, k }: { asker: string; k: number },
  dataset: ServedDataset,
  retrieved: readonly Retrieved[],
  parameters: RankerParameters,
): AnsweredItem[] {
  const bought = boughtBy(dataset, asker);
  const candidates = describeCandidates(retrieved, bought, dataset.facts);
  return rank(candidates, userProfile(bought, dataset.catalogue), parameters)
    .slice(0, k)
    .map(({ item, score, retrievalScore, retrievalRank }) => ({
      ...showItem(dataset, item),
      score,
      retrievalScore,
      retrievalRank,
    }));
}
