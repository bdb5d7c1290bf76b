import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { DuetError } from '@duet/config';
import { type Factory, factoryName, parseFactory } from './factory.ts';
import { type IndexFile, replaceIndexFile } from './file.ts';
import {
  checkSearch,
  checkWhole,
  closed,
  type Neighbours,
  type SearchOptions,
  type VectorIndex,
} from './vector-index.ts';

/** What native/addon.cc exports. Promises settle on this thread; the work is done on libuv's pool. */
interface FaissIndex {
  train(sample: Float32Array, seed: number, threads: number): Promise<void>;
  add(vectors: Float32Array, threads: number): Promise<void>;
  /** nprobe 0: the index's own. */
  search(queries: Float32Array, k: number, nprobe: number, allowed: Uint8Array | undefined): Promise<Neighbours>;
  write(path: string): Promise<void>;
  setNprobe(nprobe: number): void;
  /** nprobe 0: not an IVF index. */
  info(): { dim: number; size: number; nprobe: number };
  close(): void;
}
export interface Binding {
  FaissIndex: {
    create(factory: string, dim: number): FaissIndex;
    read(path: string): Promise<FaissIndex>;
  };
}
type NativeEngine = 'faiss-avx2' | 'faiss';

/** Vectors handed to one `add`: each is copied once, so this bounds the memory that building takes. */
const addBytes = 1 << 26;

const outputs: Record<NativeEngine, string> = {
  'faiss-avx2': fileURLToPath(new URL('../build/faiss-avx2.node', import.meta.url)),
  faiss: fileURLToPath(new URL('../build/faiss.node', import.meta.url)),
};

/** Instructions that scripts/build-native.mjs compiles for. */
const avx2Flags = ['avx2', 'fma', 'f16c', 'popcnt'];

/** Loads one build of the binding. @throws DuetError 'unavailable' that says why not */
export function loadBinding(engine: NativeEngine): Binding {
  const output = outputs[engine];
  if (!existsSync(output)) {
    throw new DuetError('unavailable', `build/${engine}.node has not been built.`);
  }
  if (engine === 'faiss-avx2') {
    const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' ') ?? [];
    const lacking = avx2Flags.filter((flag) => !flags.includes(flag));
    if (lacking.length > 0) throw new DuetError('unavailable', `this CPU has no ${lacking.join(', ')}.`);
  }
  // GCC's OpenMP reads it when it is loaded: waiting threads must sleep, not spin beside the service's own.
  process.env.OMP_WAIT_POLICY ??= 'passive';
  try {
    return createRequire(import.meta.url)(output) as Binding;
  } catch (cause) {
    throw new DuetError('unavailable', `build/${engine}.node does not load: ${(cause as Error).message}.`, { cause });
  }
}

const failed = (cause: Error) => new DuetError('internal', `FAISS: ${cause.message}`, { cause });

/** An index in FAISS's memory. Every argument is checked before FAISS sees it: it aborts the process on some. */
export class NativeIndex implements VectorIndex {
  readonly dim: number;
  readonly size: number;
  readonly factory: string;
  readonly engine: NativeEngine;
  #index: FaissIndex | undefined;

  private constructor(engine: NativeEngine, factory: Factory, index: FaissIndex) {
    const { dim, size } = index.info();
    this.engine = engine;
    this.factory = factoryName(factory);
    this.dim = dim;
    this.size = size;
    this.#index = index;
  }

  /** `vectors` has passed checkVectors, and there are at least as many as lists. */
  static async build(
    engine: NativeEngine,
    vectors: Float32Array,
    dim: number,
    factory: Factory,
    seed: number,
  ): Promise<NativeIndex> {
    const { FaissIndex } = loadBinding(engine);
    const threads = availableParallelism();
    const index = FaissIndex.create(factoryName(factory), dim);
    try {
      if (factory.lists > 0) await index.train(vectors, seed, threads);
      const step = Math.max(1, Math.floor(addBytes / (4 * dim))) * dim;
      for (let at = 0; at < vectors.length; at += step) await index.add(vectors.subarray(at, at + step), threads);
      return new NativeIndex(engine, factory, index);
    } catch (cause) {
      index.close();
      throw failed(cause as Error);
    }
  }

  /** `file` is what inspectIndexFile found at `path`. */
  static async read(engine: NativeEngine, path: string, file: IndexFile): Promise<NativeIndex> {
    try {
      return new NativeIndex(engine, file.factory, await loadBinding(engine).FaissIndex.read(path));
    } catch (cause) {
      if (cause instanceof DuetError) throw cause;
      throw new DuetError('corrupt', `FAISS cannot read it: ${(cause as Error).message}`, {
        where: { file: path },
        fix: 'The index has to be built again.',
        cause,
      });
    }
  }

  get nprobe(): number | undefined {
    return this.#open().info().nprobe || undefined;
  }

  setNprobe(nprobe: number): void {
    const { lists } = parseFactory(this.factory);
    if (lists === 0) throw new DuetError('bad-input', 'a Flat index has no nprobe.', { where: { field: 'nprobe' } });
    this.#open().setNprobe(checkWhole('nprobe', nprobe, 1, lists));
  }

  async search(queries: Float32Array, k: number, options?: SearchOptions): Promise<Neighbours> {
    const index = this.#open();
    const { nprobe, allowed } = checkSearch(this, queries, k, options);
    // An empty index has no filter that the binding accepts, and nothing to filter.
    const filter = this.size === 0 ? undefined : allowed;
    return await index.search(queries, k, nprobe ?? 0, filter).catch((cause) => {
      throw failed(cause);
    });
  }

  async write(path: string): Promise<void> {
    const index = this.#open();
    await replaceIndexFile(path, this, (temporary) => index.write(temporary));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#index?.close();
    this.#index = undefined;
  }

  #open(): FaissIndex {
    if (this.#index === undefined) throw closed();
    return this.#index;
  }
}
