import { inspect } from 'node:util';
import { DuetError } from '@duet/config';

/** How an index keeps its vectors: Float32, Float16, or 8 bits a number. */
type Storage = 'Flat' | 'SQfp16' | 'SQ8';

export interface Factory {
  /** Inverted lists; 0 for an exhaustive Flat index. */
  lists: number;
  storage: Storage;
}

const flatUpTo = 20_000;
const fullPrecisionUpToBytes = 4 * 2 ** 30;

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

/**
 * The index for n vectors: exhaustive up to 20,000 (about 0.1 ms a query), then about √n inverted lists, in half
 * precision where the vectors would fill more than 4 GiB. See README.md for the measurements behind it.
 */
export function chooseFactory(n: number, dim: number): string {
  if (n <= flatUpTo) return 'Flat';
  const lists = 2 ** Math.round(Math.log2(Math.sqrt(n)));
  return factoryName({ lists, storage: n * dim * 4 > fullPrecisionUpToBytes ? 'SQfp16' : 'Flat' });
}
