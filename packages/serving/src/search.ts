import type { ServedDataset } from './dataset.ts';
import type { Retriever } from './retriever.ts';

/** A retrieved item: its catalogue row and score, in lists that are best first. */
export interface Retrieved {
  item: number;
  score: number;
}

/**
 * The `k` items nearest to a vector that are not hidden. Over-fetches by the number of hidden items, so that none is
 * missing for their sake.
 * @param hidden rows of the model's items
 */
export async function searchVisible(
  { index, planned, catalogueRow }: Retriever,
  vector: Float32Array,
  k: number,
  hidden: ReadonlySet<number>,
): Promise<Retrieved[]> {
  const fetched = Math.min(index.size, k + hidden.size, 65_536);
  if (fetched === 0) return [];
  const { ids, scores } = await index.search(
    vector,
    fetched,
    planned.nprobe === null ? {} : { nprobe: planned.nprobe },
  );
  const found: Retrieved[] = [];
  for (let at = 0; at < fetched && found.length < k; at++) {
    const row = ids[at]!;
    if (row >= 0 && !hidden.has(row)) found.push({ item: catalogueRow[row]!, score: scores[at]! });
  }
  return found;
}

/** Weight of a place in reciprocal rank fusion: 60, as in Cormack, Clarke & Büttcher (SIGIR 2009). */
const fusion = 60;

/**
 * For a user that the model never saw: its cold-start list and the best sellers, merged by reciprocal rank fusion
 * (score = Σ 1 / (60 + rank)). The items on both lists come first.
 */
export function blendWithPopular(
  list: readonly Retrieved[],
  { popular }: ServedDataset,
  k: number,
  hidden: ReadonlySet<number>,
): Retrieved[] {
  const best: number[] = [];
  for (const item of popular) {
    if (best.length === k) break;
    if (!hidden.has(item)) best.push(item);
  }
  const scores = new Map<number, number>();
  for (const items of [list.map(({ item }) => item), best]) {
    items.forEach((item, place) => {
      scores.set(item, (scores.get(item) ?? 0) + 1 / (fusion + place + 1));
    });
  }
  return Array.from(scores, ([item, score]) => ({ item, score }))
    .sort((a, b) => b.score - a.score || a.item - b.item)
    .slice(0, k);
}
