import { z } from 'zod';
import { setting } from '../settings/setting.ts';
import { scorer } from './scorer-model.ts';

/** Cosine similarities between items that share users, as a sparse matrix by rows. */
export interface ItemNeighbours {
  /** Row i is `neighbour[start[i] … start[i+1])`. */
  start: Int32Array;
  neighbour: Int32Array;
  similarity: Float32Array;
}

/**
 * Item-based k-nearest neighbours (Sarwar et al., WWW 2001): cos(i, j) = |U_i ∩ U_j| / √(|U_i| |U_j|) over the sets
 * of users that interacted with i and j; the `neighbours` largest a row are kept (all of them by default). `shrinkage`
 * is added to the denominator, so that items that few users share count as less alike (Bell & Koren, ICDM 2007, §4; in
 * this form Ferrari Dacrema et al., RecSys 2019).
 *
 * @param lists Each user's distinct items.
 */
export function itemNeighbours(
  lists: readonly Int32Array[],
  items: number,
  { neighbours = items, shrinkage = 0 }: { neighbours?: number; shrinkage?: number } = {},
): ItemNeighbours {
  const count = new Int32Array(items);
  for (const list of lists) for (const i of list) count[i]!++;
  const usersOf = Array.from(count, (n) => new Int32Array(n));
  const filled = new Int32Array(items);
  lists.forEach((list, user) => {
    for (const i of list) usersOf[i]![filled[i]!++] = user;
  });

  const shared = new Int32Array(items);
  const cosine = new Float32Array(items);
  const start = new Int32Array(items + 1);
  const nearestRows: Int32Array[] = [];
  const similarities: Float32Array[] = [];
  for (let i = 0; i < items; i++) {
    const touched: number[] = [];
    for (const user of usersOf[i]!) {
      for (const j of lists[user]!) {
        if (shared[j]! === 0) touched.push(j);
        shared[j]!++;
      }
    }
    for (const j of touched) {
      cosine[j] = shared[j]! / (Math.sqrt(count[i]! * count[j]!) + shrinkage);
      shared[j] = 0;
    }
    const row = touched
      .filter((j) => j !== i)
      .sort((a, b) => cosine[b]! - cosine[a]! || a - b)
      .slice(0, neighbours);
    nearestRows.push(Int32Array.from(row));
    similarities.push(Float32Array.from(row, (j) => cosine[j]!));
    start[i + 1] = start[i]! + row.length;
  }
  const neighbour = new Int32Array(start[items]!);
  const similarity = new Float32Array(start[items]!);
  nearestRows.forEach((row, i) => {
    neighbour.set(row, start[i]!);
    similarity.set(similarities[i]!, start[i]!);
  });
  return { start, neighbour, similarity };
}

/** Score of each item for a user with these items: Σ over them of their similarity, written into `scores` [items]. */
export function scoreByNeighbours(model: ItemNeighbours, list: Int32Array, scores: Float32Array): void {
  scores.fill(0);
  for (const i of list) {
    for (let at = model.start[i]!; at < model.start[i + 1]!; at++) {
      scores[model.neighbour[at]!]! += model.similarity[at]!;
    }
  }
}

export const itemKnn = scorer({
  kind: 'item-knn',
  title: 'Item-kNN',
  summary: 'Items bought by the same users, by cosine similarity.',
  settings: {
    neighbours: setting({
      schema: z.int().min(1).max(1_000_000),
      meaning: 'Most similar items that an item keeps.',
      paper: 50,
      search: { log: [5, 2000], integer: true },
    }),
    shrinkage: setting({
      schema: z.number().min(0).max(10_000),
      meaning: 'Added below the fraction of the cosine: distrusts items that few users share.',
      paper: 0,
      search: { log: [0.1, 300], zero: 0.2 },
    }),
  },
  fit({ lists, items }, { neighbours, shrinkage }) {
    const similar = itemNeighbours(lists, items, { neighbours, shrinkage });
    return (list, scores) => scoreByNeighbours(similar, list, scores);
  },
});
