import { onlyViewed, type ServedDataset } from '../dataset.ts';
import type { Retrieved } from '../search.ts';
import type { RecentHistory } from '../users/recent-events.ts';

type Viewed = Pick<ServedDataset, 'interactions' | 'userRow' | 'userStart'> & {
  catalogue: Pick<ServedDataset['catalogue'], 'rowOf'>;
};

/** What a user clicked or put into a cart and did not buy, newest first: events, then views of the data. */
export function recentlyViewed(
  dataset: Viewed,
  userId: string | undefined,
  recent: RecentHistory | undefined,
): Retrieved[] {
  const rows = (recent?.items ?? [])
    .filter((itemId) => !recent!.ordered.has(itemId))
    .flatMap((itemId) => dataset.catalogue.rowOf.get(itemId) ?? [])
    .reverse();
  const before = userId === undefined ? [] : [...onlyViewed(dataset, userId)].reverse();
  return Array.from(new Set([...rows, ...before]), (item, place) => ({ item, score: 1 / (place + 1) }));
}
