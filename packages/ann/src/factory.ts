import { inspect } from 'node:util';
import { DuetError } from '@duet/config';

/** How an index keeps its vectors: Float32, Float16, or 8 bits a number. */
type Storage = 'Flat' | 'SQfp16' | 'SQ8';

export interface Factory {
  /** Inverted lists; 0 for an exhaustive Flat index. */
  lists: number;
  storage: Storage;
}

export const factoryName = ({ lists, storage }: Factory): string => (lists === 0 ? storage : `IVF${lists},${storage}`);

/**
 * Reads `Flat`, `IVF<lists>,Flat`, `IVF<lists>,SQfp16` or `IVF<lists>,SQ8`: the part of FAISS's index_factory whose
 * search and filter are known not to abort the process.
 */
export function parseFactory(name: string): Factory {
  if (name === 'Flat') return { lists: 0, storage: 'Flat' };
  const [, lists, storage] = /^IVF([1-9]\d{0,6}),(Flat|SQfp16|SQ8)$/.exec(typeof name === 'string' ? name : '') ?? [];
  if (lists === undefined) {
    throw new DuetError('bad-input', `${inspect(name, { depth: 0 })} is not an index that Duet builds.`, {
      where: { field: 'factory' },
      fix: 'Use Flat, IVF<lists>,Flat, IVF<lists>,SQfp16 or IVF<lists>,SQ8, for instance IVF256,Flat.',
    });
  }
  return { lists: Number(lists), storage: storage as Storage };
}

/** Bytes a vector takes in an index of n, in memory and in its file: its numbers, in lists its id, and its share of the centroids. */
export function bytesPerVector({ lists, storage }: Factory, n: number, dim: number): number {
  const numbers = dim * { Flat: 4, SQfp16: 2, SQ8: 1 }[storage];
  return lists === 0 ? numbers : numbers + 8 + (4 * lists * dim) / n;
}
