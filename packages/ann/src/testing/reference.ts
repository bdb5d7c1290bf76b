import { openEngine } from '../engines.ts';
import { parseFactory } from '../factory.ts';
import { type EngineName, engineNames, type VectorIndex } from '../vector-index.ts';

/** mulberry32: uniform in [0, 1), the same for the same seed everywhere. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Unit vectors [n, dim] around `clusters` random centres, as item vectors of a trained tower lie. */
export function clustered(seed: number, n: number, dim: number, clusters: number): Float32Array {
  const random = uniform(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  // The centres do not depend on the seed, so that queries of another seed look for the same clusters.
  const centre = uniform(1);
  const centres = Float32Array.from({ length: clusters * dim }, () => centre() - 0.5);
  const vectors = new Float32Array(n * dim);
  for (let row = 0; row < n; row++) {
    const cluster = Math.floor(random() * clusters);
    const vector = vectors.subarray(row * dim, (row + 1) * dim);
    for (let i = 0; i < dim; i++) vector[i] = centres[cluster * dim + i]! + 0.15 * normal();
    const length = Math.hypot(...vector);
    for (let i = 0; i < dim; i++) vector[i]! /= length;
  }
  return vectors;
}

export const isAllowed = (bitmap: Uint8Array, row: number) => ((bitmap[row >> 3]! >> (row & 7)) & 1) === 1;

/** Brute force by a full sort: the rows of the greatest inner product with one query, best first. */
export function neighbours(
  vectors: Float32Array,
  query: Float32Array,
  k: number,
  allowed?: Uint8Array,
): { id: number; score: number }[] {
  const dim = query.length;
  return Array.from({ length: vectors.length / dim }, (_, id) => ({
    id,
    score: query.reduce((sum, x, i) => sum + x * vectors[id * dim + i]!, 0),
  }))
    .filter(({ id }) => allowed === undefined || isAllowed(allowed, id))
    .sort((a, b) => b.score - a.score || a.id - b.id)
    .slice(0, k);
}

/** For `test`'s options: the reason to skip a test of an engine that does not work here. */
export function skipWithout(name: EngineName): { skip: string | false } {
  try {
    openEngine(name);
    return { skip: false };
  } catch (error) {
    return { skip: (error as Error).message };
  }
}

export const enginesHere = engineNames.filter((name) => skipWithout(name).skip === false);

/** An index of one engine, whichever is the best here. */
export const buildWith = (
  name: EngineName,
  vectors: Float32Array,
  dim: number,
  factory: string,
  { seed = 7, ids }: { seed?: number; ids?: Int32Array } = {},
): Promise<VectorIndex> => openEngine(name).build(vectors, dim, { factory: parseFactory(factory), seed, ids });
