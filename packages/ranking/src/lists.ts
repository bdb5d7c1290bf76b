import { buildIndex, searchBest } from '@duet/ann';
import type { LoadedModel } from '@duet/artifact';
import type { Situation } from '@duet/datasets';
import { describeCandidates, type ItemFacts, type Purchases } from './describe.ts';
import type { RankingList } from './fit.ts';
import { userProfile } from './profile.ts';

/** A list that a model is asked for, with what the user took; items are catalogue rows. */
export interface ListQuery {
  userId: string;
  /** In what situation; its time decides what is usual at that time of the week. */
  situation: Situation;
  bought: Purchases;
  /** Left out of the list. */
  seen: ReadonlySet<number>;
  taken: ReadonlySet<number>;
  /** Place that each item was shown at, from 0, where that is known. */
  shownAt?: ReadonlyMap<number, number>;
}

/** Candidates a list; the service retrieves as many. */
const listLength = 100;
/** Users searched at once. */
const block = 256;

/**
 * What the model retrieves for each, described as the ranker sees it. Users that it never saw have no list: the service
 * does not ask it for them either.
 * @param itemRow catalogue row of each item id
 */
export async function retrieveLists(
  model: LoadedModel,
  asked: readonly ListQuery[],
  { facts, itemRow }: { facts: ItemFacts; itemRow: ReadonlyMap<string, number> },
): Promise<RankingList[]> {
  await using index = await buildIndex(model.itemVectors, model.dimensions, { factory: 'Flat' });
  const itemOf = model.items.map((item) => itemRow.get(item)!);
  const lists: RankingList[] = [];
  for (let from = 0; from < asked.length; from += block) {
    const asks = asked.slice(from, from + block);
    const { vectors, known } = await model.encodeUsers(
      asks.map(({ userId }) => userId),
      asks.map(({ situation }) => situation),
    );
    const k = Math.min(index.size, listLength + Math.max(...asks.map(({ seen }) => seen.size)));
    const found = await searchBest(index, vectors, model.vectorsPerUser, k);
    asks.forEach(({ userId, situation, bought, seen, taken, shownAt }, u) => {
      if (!known[u]) return;
      const [items, scores] = [new Int32Array(listLength), new Float64Array(listLength)];
      let length = 0;
      for (let at = u * k; at < (u + 1) * k && length < listLength; at++) {
        const item = itemOf[found.ids[at]!];
        if (item === undefined || seen.has(item)) continue;
        items[length] = item;
        scores[length++] = found.scores[at]!;
      }
      const retrieved = items.subarray(0, length);
      lists.push({
        modelId: model.id,
        user: userId,
        profile: userProfile(bought.items, facts),
        candidates: describeCandidates({ items, scores, length }, bought.items, facts, situation.time),
        labels: Uint8Array.from(retrieved, (item) => (taken.has(item) ? 1 : 0)),
        targets: taken.size,
        ...(shownAt && { shown: retrieved.map((item) => shownAt.get(item) ?? -1) }),
      });
    });
  }
  return lists;
}
