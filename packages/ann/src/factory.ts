import { inspect } from 'node:util';
import { DuetError } from '@duet/base';

/** How an index keeps its vectors: Float32, Float16, or 8 bits a number. */
type Storage = 'Flat' | 'SQfp16' | 'SQ8';

export interface Factory {
  /** Keeps an id for each vector, so that it can be given ids and lose vectors. IVF indexes do so without. */
  mapped: boolean;
  /** Inverted lists; 0 for none. */
  lists: number;
  /** Links a vertex of an HNSW graph; 0 for none. */
  links: number;
  storage: Storage;
}

export const flatFactory: Factory = { mapped: false, lists: 0, links: 0, storage: 'Flat' };

const minLinks = 4;
const maxLinks = 128;
const pattern =
  /^(?:(?<mapped>IDMap,)?(?:Flat|HNSW(?<links>[1-9]\d{0,2})(?:,Flat)?)|IVF(?<lists>[1-9]\d{0,6}),(?<storage>Flat|SQfp16|SQ8))$/;

export function factoryName({ mapped, lists, links, storage }: Factory): string {
  if (lists > 0) return `IVF${lists},${storage}`;
  return `${mapped ? 'IDMap,' : ''}${links > 0 ? `HNSW${links}` : storage}`;
}

/** Whether its vectors' ids are its own to give, and stay when others are removed; else they are the rows' numbers. */
export const keepsIds = ({ mapped, lists }: Factory): boolean => mapped || lists > 0;

/**
 * Reads `[IDMap,]Flat`, `[IDMap,]HNSW<links>[,Flat]`, `IVF<lists>,Flat`, `IVF<lists>,SQfp16` or `IVF<lists>,SQ8`: the
 * part of FAISS's index_factory that Duet searches, filters and reads safely.
 */
export function parseFactory(name: string): Factory {
  const found = typeof name === 'string' ? pattern.exec(name)?.groups : undefined;
  const links = Number(found?.links ?? minLinks);
  if (found === undefined || links < minLinks || links > maxLinks) {
    throw new DuetError('bad-input', `${inspect(name, { depth: 0 })} is not an index that Duet builds.`, {
      where: { field: 'factory' },
      fix: 'Use Flat, IVF<lists>,Flat, IVF<lists>,SQfp16, IVF<lists>,SQ8 or HNSW<links>, for instance IVF256,Flat; IDMap,Flat keeps ids.',
    });
  }
  return {
    mapped: found.mapped !== undefined,
    lists: Number(found.lists ?? 0),
    links: Number(found.links ?? 0),
    storage: (found.storage ?? 'Flat') as Storage,
  };
}

/**
 * Bytes a vector takes in an index of n, in memory and in its file: its numbers, its id where ids are kept, its share
 * of the centroids, and in a graph 4 a link: twice `links` on the lowest level, `links` on each other, which holds one
 * in `links` of the one below; and 12 that say where they are.
 */
export function bytesPerVector(factory: Factory, n: number, dim: number): number {
  const { lists, links, storage } = factory;
  const numbers = dim * { Flat: 4, SQfp16: 2, SQ8: 1 }[storage];
  const graph = links === 0 ? 0 : 12 + 8 * links + (4 * links) / (links - 1);
  return numbers + (keepsIds(factory) ? 8 : 0) + (4 * lists * dim) / n + graph;
}
