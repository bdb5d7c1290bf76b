import type { ServedDataset } from './dataset.ts';
import type { Retriever } from './retriever.ts';

/** Whose data may answer. */
export interface OfDataset {
  /** Of the caller's key; by default the only one. */
  datasetId?: string | undefined;
}

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

/** `model`: nearest by the model's vectors. `popular`: the best sellers. `bought`: what the user bought before. */
export const answerSources = ['model', 'popular', 'bought'] as const;
export type AnswerSource = (typeof answerSources)[number];

/** What answered. */
export interface AnsweredBy {
  source: AnswerSource;
  /** Why what should have answered did not, in the order in which it was tried: a sentence each. */
  fallbacks: string[];
  /** Null where none was asked. */
  model: AnsweredModel | null;
  index: AnsweredIndex | null;
  currency: string;
}

/** How the list came about, for people. */
export interface Explained {
  placement: string;
  /** Of what the list was made: "dat, from 34 items of the data and 2 since". */
  why: string;
}

/** Candidates that are retrieved and ranked for one answer, whatever its length. */
export const candidateCount = 100;

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

export const answeredByNone = ({ currency }: ServedDataset, fallbacks: string[]): AnsweredBy => ({
  ...{ source: 'popular', fallbacks, model: null, index: null, currency },
});
