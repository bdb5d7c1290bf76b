import { type RetrieveRequest, recommend, recommendPopular, type Shaping } from '../answer.ts';
import { answeredByNone } from '../answered-by.ts';
import type { ServedDataset } from '../dataset.ts';
import { similar, similarPopular } from '../item-lists.ts';
import type { Retriever } from '../retriever.ts';
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

/** One list: of a user, or of an item. */
export interface BulkList {
  id: string;
  source: 'model' | 'popular';
  items: readonly { itemId: string; score: number }[];
}

/** What of a service makes the lists of one run. */
export interface BulkMaker {
  /** What made them: a run that was cut goes on where this is the same. */
  by: { datasetId: string; snapshotId: string; modelId: string | null; indexId: string | null };
  /** Of users, or of items, in an order that stays. */
  ids: readonly string[];
  /** The lists of ids[from … to). */
  lists(from: number, to: number): Promise<BulkList[]>;
}

interface Made {
  retriever: Retriever | undefined;
  dataset: ServedDataset;
  /** A request with what its user did lately. */
  withRecent(request: RetrieveRequest): RetrieveRequest;
  shaping(): Promise<Shaping>;
  because: string[];
}

/**
 * Makes lists as `retrieve` and `similarItems` answer them, many at once: the requests of one turn share the calls of
 * the user tower and of the index.
 */
export function bulkMaker({ of, userIds, ...wanted }: BulkRequest, made: Made): BulkMaker {
  const { retriever, dataset } = made;
  const by = {
    ...{ datasetId: dataset.id, snapshotId: dataset.snapshotId },
    ...{ modelId: retriever?.planned.modelId ?? null, indexId: retriever?.planned.indexId ?? null },
  };
  if (of === 'items') {
    const { ids, withdrawn } = dataset.catalogue;
    return {
      by,
      ids: ids.filter((_, row) => withdrawn[row] === 0),
      async lists(from, to) {
        const { rules } = await made.shaping();
        const listOf = async (itemId: string): Promise<BulkList> => {
          const request = { ...wanted, itemId };
          const answer =
            retriever === undefined
              ? similarPopular(dataset, request, rules, answeredByNone(dataset, made.because))
              : await similar(retriever, dataset, request, rules);
          return asList(itemId, answer);
        };
        return Promise.all(this.ids.slice(from, to).map(listOf));
      },
    };
  }
  return {
    by,
    ids: userIds ?? dataset.interactions.users,
    async lists(from, to) {
      const shaping = await made.shaping();
      // One moment for all: what depends on the time of the day is the same for everybody of a batch.
      const situation = { time: Date.now() / 1000 };
      const listOf = async (userId: string): Promise<BulkList> => {
        const request = made.withRecent({ ...wanted, userId, situation });
        const answer =
          retriever === undefined
            ? recommendPopular(dataset, request, shaping, made.because)
            : await recommend(retriever, dataset, request, shaping);
        return asList(userId, answer);
      };
      return Promise.all(this.ids.slice(from, to).map(listOf));
    },
  };
}

const asList = (id: string, { source, items }: Pick<BulkList, 'source' | 'items'>): BulkList => ({ id, source, items });
