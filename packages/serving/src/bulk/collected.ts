import type { RetrieveRequest, Shaping } from '../answer.ts';
import { type AnswerSource, candidateCount } from '../answered-by.ts';
import type { ServedDataset } from '../dataset.ts';
import type { Retriever } from '../retriever.ts';
import type { RecentHistory } from '../users/recent-events.ts';
import type { BulkKind } from './bulk-order.ts';

export interface BulkRequest
  extends Pick<
    RetrieveRequest,
    'datasetId' | 'k' | 'placement' | 'filter' | 'seen' | 'modelId' | 'rankerId' | 'diversity' | 'exclude'
  > {
  of: BulkKind;
  /** Users whose lists are made; everybody's where it is not said. */
  userIds?: readonly string[] | undefined;
}

/** Lists of users, or of items, as columns. */
export interface BulkLists {
  /** Whose they are. */
  ids: readonly string[];
  sources: readonly AnswerSource[];
  /** Of list i rows `start[i] … start[i + 1]`, best first. */
  start: Int32Array;
  /** Catalogue rows. */
  items: Int32Array;
  scores: Float64Array;
}

/** What lists are made with. */
export interface BulkContext {
  retriever: Retriever | undefined;
  dataset: ServedDataset;
  /** What a user did lately. */
  recentOf(userId: string): RecentHistory | undefined;
  shaping(): Promise<Shaping>;
}

/** Candidates of a list. */
export const candidatesFor = ({ k }: BulkRequest): number => Math.max(k, candidateCount);

/** Collects lists in the order of their places, in which they are not finished. */
export class Collected {
  readonly #k: number;
  readonly #ids: readonly string[];
  #sources: AnswerSource[];
  #lengths: Int32Array;
  #items: Int32Array;
  #scores: Float64Array;

  constructor(ids: readonly string[], k: number) {
    this.#ids = ids;
    this.#k = k;
    this.#sources = ids.map(() => 'model');
    this.#lengths = new Int32Array(ids.length);
    this.#items = new Int32Array(ids.length * k);
    this.#scores = new Float64Array(ids.length * k);
  }

  /** Adds an item to the list of a place, after those that it has. A list of k takes no more. */
  add(place: number, item: number, score: number): void {
    const length = this.#lengths[place]!;
    if (length === this.#k) return;
    this.#items[place * this.#k + length] = item;
    this.#scores[place * this.#k + length] = score;
    this.#lengths[place] = length + 1;
  }

  from(place: number, source: AnswerSource): void {
    this.#sources[place] = source;
  }

  lists(): BulkLists {
    const start = new Int32Array(this.#ids.length + 1);
    for (let place = 0; place < this.#ids.length; place++) {
      const length = this.#lengths[place]!;
      const from = place * this.#k;
      this.#items.copyWithin(start[place]!, from, from + length);
      this.#scores.copyWithin(start[place]!, from, from + length);
      start[place + 1] = start[place]! + length;
    }
    return { ids: this.#ids, sources: this.#sources, start, items: this.#items, scores: this.#scores };
  }
}
