import { parseFactory } from './factory.ts';
import type { VectorIndex } from './vector-index.ts';

const k = 100;
const timedSearches = 500;
const warmUps = 20;

export interface Measurement {
  /** Share of the exact 100 best that the index finds, at `nprobe`. */
  recallAt100: number;
  /** Of one query at a time, k = 100, as a caller sees it. */
  p50Us: number;
  p99Us: number;
  nprobe: number | undefined;
  /** By rising nprobe; one row with null for Flat. */
  curve: { nprobe: number | null; recall: number; p50Us: number; p99Us: number }[];
}

/** Each query's exact 100 best rows (fewer where there are fewer), [queries × depth], from a Flat index. */
export async function exactNeighbours(flat: VectorIndex, queries: Float32Array): Promise<Int32Array> {
  return (await flat.search(queries, Math.min(k, flat.size))).ids;
}

/**
 * Measures an index with `queries` [m, dim], whose exact best are `exact`, and sets its nprobe to the least one that
 * finds `recallTarget` of them: doubled until it does, then bisected.
 */
export async function measureIndex(
  index: VectorIndex,
  queries: Float32Array,
  exact: Int32Array,
  recallTarget: number,
): Promise<Measurement> {
  const points = new Map<number, Measurement['curve'][number]>();
  const measure = async (nprobe: number | undefined) => {
    const known = points.get(nprobe ?? 0);
    if (known !== undefined) return known;
    const recall = await recallOf(index, queries, exact, nprobe);
    const point = { nprobe: nprobe ?? null, recall, ...(await latencyOf(index, queries, nprobe)) };
    points.set(nprobe ?? 0, point);
    return point;
  };

  const { lists } = parseFactory(index.factory);
  let chosen = await measure(lists === 0 ? undefined : 1);
  if (lists > 0) {
    let tooFew = 0;
    let enough = 1;
    while (chosen.recall < recallTarget && enough < lists) {
      tooFew = enough;
      enough = Math.min(2 * enough, lists);
      chosen = await measure(enough);
    }
    while (enough - tooFew > Math.max(1, enough / 16) && chosen.recall >= recallTarget) {
      const middle = Math.floor((tooFew + enough) / 2);
      const point = await measure(middle);
      if (point.recall >= recallTarget) {
        enough = middle;
        chosen = point;
      } else tooFew = middle;
    }
    index.setNprobe(enough);
  }
  const curve = [...points.values()].sort((a, b) => (a.nprobe ?? 0) - (b.nprobe ?? 0));
  const { recall: recallAt100, p50Us, p99Us } = chosen;
  return { recallAt100, p50Us, p99Us, nprobe: index.nprobe, curve };
}

/** The mean share of each query's exact ids, [m × depth], that the index finds. */
async function recallOf(
  index: VectorIndex,
  queries: Float32Array,
  exact: Int32Array,
  nprobe: number | undefined,
): Promise<number> {
  const count = queries.length / index.dim;
  const depth = exact.length / count;
  const { ids } = await index.search(queries, depth, { nprobe });
  let found = 0;
  for (let q = 0; q < count; q++) {
    const exactIds = new Set(exact.subarray(q * depth, (q + 1) * depth));
    for (const id of ids.subarray(q * depth, (q + 1) * depth)) if (exactIds.has(id)) found++;
  }
  return found / exact.length;
}

async function latencyOf(
  index: VectorIndex,
  queries: Float32Array,
  nprobe: number | undefined,
): Promise<{ p50Us: number; p99Us: number }> {
  const count = queries.length / index.dim;
  const times = new Float64Array(timedSearches);
  for (let i = -warmUps; i < timedSearches; i++) {
    const q = (i + warmUps) % count;
    const query = queries.subarray(q * index.dim, (q + 1) * index.dim);
    const began = performance.now();
    await index.search(query, k, { nprobe });
    if (i >= 0) times[i] = 1000 * (performance.now() - began);
  }
  times.sort();
  const quantile = (share: number) => Number(times[Math.ceil(share * timedSearches) - 1]!.toFixed(1));
  return { p50Us: quantile(0.5), p99Us: quantile(0.99) };
}
