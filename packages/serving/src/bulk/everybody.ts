import type { BulkContext, BulkLists, BulkRequest } from './collected.ts';
import { itemLists } from './item-lists.ts';
import { userLists } from './user-lists.ts';

/** What of a service makes the lists of one run. */
export interface BulkMaker {
  /** What made them: a run that was cut goes on where this is the same. */
  by: { datasetId: string; snapshotId: string; modelId: string | null; indexId: string | null };
  /** Of users, or of items, in an order that stays. */
  ids: readonly string[];
  /** Item ids by catalogue row. */
  itemIds: readonly string[];
  /** The lists of ids[from … to). */
  lists(from: number, to: number): Promise<BulkLists>;
}

/**
 * Makes lists as `retrieve` and `similarItems` answer them, many at once: they share the calls of the user tower and of
 * the index, and no object is made of a candidate.
 */
export function bulkMaker(request: BulkRequest, context: BulkContext): BulkMaker {
  const { retriever, dataset } = context;
  const { ids: itemIds, withdrawn } = dataset.catalogue;
  const isForUsers = request.of === 'users';
  const ids = isForUsers
    ? (request.userIds ?? dataset.interactions.users)
    : itemIds.filter((_, row) => withdrawn[row] === 0);
  const lists = isForUsers ? userLists(request, context) : itemLists(request, context);
  return {
    by: {
      ...{ datasetId: dataset.id, snapshotId: dataset.snapshotId },
      ...{ modelId: retriever?.planned.modelId ?? null, indexId: retriever?.planned.indexId ?? null },
    },
    ids,
    itemIds,
    lists: (from, to) => lists(ids.slice(from, to)),
  };
}
