import { type Neighbours, noScore, type SearchOptions, type VectorIndex } from './vector-index.ts';

/**
 * A search for askers with several vectors each: a row's score is the greatest of its inner products with one asker's.
 * Nothing is lost by searching for each vector alone, since a row among the asker's k best is among the k best of the
 * vector that puts it there.
 *
 * @param queries shape [askers, vectors, dim]
 * @returns [askers × k], as `VectorIndex.search`
 * @throws DuetError as `VectorIndex.search`
 */
export async function searchBest(
  index: Pick<VectorIndex, 'search'>,
  queries: Float32Array,
  vectors: number,
  k: number,
  options?: SearchOptions,
): Promise<Neighbours> {
  const found = await index.search(queries, k, options);
  if (vectors === 1) return found;
  const each = vectors * k;
  const ids = new Int32Array(found.ids.length / vectors);
  const scores = new Float32Array(ids.length);
  for (let from = 0, to = 0; from < found.ids.length; from += each, to += k) {
    const places = Array.from({ length: each }, (_, i) => from + i).sort(
      (a, b) => found.scores[b]! - found.scores[a]! || found.ids[a]! - found.ids[b]!,
    );
    const distinct = new Map<number, number>();
    for (const place of places) {
      const id = found.ids[place]!;
      if (id >= 0 && !distinct.has(id)) distinct.set(id, found.scores[place]!);
      if (distinct.size === k) break;
    }
    ids.fill(-1, to, to + k).set(distinct.keys().toArray(), to);
    scores.fill(noScore, to, to + k).set(distinct.values().toArray(), to);
  }
  return { ids, scores };
}
