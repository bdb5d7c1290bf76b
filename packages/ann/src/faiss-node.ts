import { createRequire } from 'node:module';
import { setImmediate } from 'node:timers/promises';
import { isMainThread } from 'node:worker_threads';
import { DuetError } from '@duet/base';
import { ExactIndex } from './exact.ts';
import { type IndexFile, readFlatVectors } from './file.ts';
import {
  checkSearch,
  closed,
  type Neighbours,
  noScore,
  type SearchOptions,
  type VectorIndex,
  type Within,
} from './vector-index.ts';

/** The part of npm's faiss-node that cannot abort the process once its arguments are checked. */
interface FaissNode {
  IndexFlatIP: new (
    dim: number,
  ) => {
    add(vectors: number[]): void;
    search(queries: number[], k: number): { distances: number[]; labels: number[] };
  };
}

/** Numbers that become a JavaScript array at once. */
const chunkNumbers = 1 << 20;

/** @throws DuetError 'unavailable' that says why not */
export function loadFaissNode(): FaissNode {
  if (!isMainThread) {
    throw new DuetError('unavailable', 'faiss-node crashes the process when a second thread loads it.');
  }
  try {
    return createRequire(import.meta.url)('faiss-node') as FaissNode;
  } catch (cause) {
    throw new DuetError('unavailable', 'the npm package faiss-node has no binary here.', { cause });
  }
}

/**
 * Flat search through npm's faiss-node: synchronous, in arrays of numbers, without filters. So it answers only plain
 * searches, one query at a time; filtered ones, the rest of reading and the file are the exact engine's, over the same
 * vectors. It does not change: who needs that gets the exact engine (see engines.ts).
 */
export class FaissNodeIndex implements VectorIndex {
  readonly dim: number;
  readonly size: number;
  readonly idLimit: number;
  readonly factory = 'Flat';
  readonly engine = 'faiss-node';
  readonly nprobe = undefined;
  readonly #exact: ExactIndex;
  #flat: InstanceType<FaissNode['IndexFlatIP']> | undefined;

  private constructor(exact: ExactIndex, flat: InstanceType<FaissNode['IndexFlatIP']>) {
    this.dim = exact.dim;
    this.size = exact.size;
    this.idLimit = exact.size;
    this.#exact = exact;
    this.#flat = flat;
  }

  /** `vectors` has passed checkVectors, or comes from a file that inspectIndexFile passed. */
  static async build(vectors: Float32Array, dim: number): Promise<FaissNodeIndex> {
    const flat = new (loadFaissNode().IndexFlatIP)(dim);
    const step = Math.max(1, Math.floor(chunkNumbers / dim)) * dim;
    for (let at = 0; at < vectors.length; at += step) {
      flat.add(Array.from(vectors.subarray(at, at + step)));
      await setImmediate();
    }
    return new FaissNodeIndex(new ExactIndex(vectors, dim), flat);
  }

  static async read(path: string, file: IndexFile): Promise<FaissNodeIndex> {
    return await FaissNodeIndex.build((await readFlatVectors(path, file)).vectors, file.dim);
  }

  setNprobe(): void {
    this.#exact.setNprobe();
  }

  async search(queries: Float32Array, k: number, options?: SearchOptions): Promise<Neighbours> {
    const flat = this.#flat;
    if (flat === undefined || this.size === 0) return await this.#exact.search(queries, k, options);
    const { count, filter } = checkSearch(this, queries, k, options);
    if (filter !== undefined) return await this.#exact.search(queries, k, options);
    const asked = queries.slice();
    const ids = new Int32Array(count * k).fill(-1);
    const scores = new Float32Array(count * k).fill(noScore);
    for (let q = 0; q < count; q++) {
      if (q > 0) await setImmediate();
      const query = Array.from(asked.subarray(q * this.dim, (q + 1) * this.dim));
      const { distances, labels } = flat.search(query, Math.min(k, this.size));
      ids.set(labels, q * k);
      scores.set(distances, q * k);
    }
    return { ids, scores };
  }

  async rangeSearch(...args: Parameters<VectorIndex['rangeSearch']>): Promise<Within> {
    return await this.#exact.rangeSearch(...args);
  }

  async reconstruct(ids: Int32Array): Promise<Float32Array> {
    return await this.#exact.reconstruct(ids);
  }

  async add(): Promise<void> {
    throw this.#unchangeable();
  }

  async addWithIds(): Promise<void> {
    throw this.#unchangeable();
  }

  async removeIds(): Promise<number> {
    throw this.#unchangeable();
  }

  async merge(): Promise<void> {
    throw this.#unchangeable();
  }

  async write(path: string): Promise<void> {
    await this.#exact.write(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#flat = undefined;
    await this.#exact[Symbol.asyncDispose]();
  }

  #unchangeable(): DuetError {
    if (this.#flat === undefined) return closed();
    return new DuetError('unavailable', 'the engine faiss-node cannot change an index.', {
      fix: 'Build it as IDMap,Flat, which another engine takes, or see npx duet doctor for a better one.',
    });
  }
}
