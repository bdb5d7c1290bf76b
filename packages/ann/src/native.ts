import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { DuetError } from '@duet/base';
import { type Factory, factoryName, keepsIds } from './factory.ts';
import { type IndexFile, replaceIndexFile } from './file.ts';
import { createMicroBatcher } from './micro-batch.ts';
import {
  cannot,
  checkIds,
  checkNewIds,
  checkRangeSearch,
  checkSearch,
  checkVectors,
  checkWhole,
  closed,
  type Filter,
  type Neighbours,
  type SearchOptions,
  tooManyWithin,
  type VectorIndex,
  type Within,
} from './vector-index.ts';

/** What native/addon.cc exports. Promises settle on this thread; the work is done on libuv's pool. */
interface FaissIndex {
  train(sample: Float32Array, seed: number, threads: number): Promise<void>;
  add(vectors: Float32Array, ids: Int32Array | undefined, threads: number): Promise<void>;
  remove(ids: Int32Array, threads: number): Promise<number>;
  /** nprobe and efSearch 0: the index's own. */
  search(queries: Float32Array, k: number, nprobe: number, efSearch: number, filter: Filter): Promise<Neighbours>;
  rangeSearch(queries: Float32Array, minScore: number, limit: number, nprobe: number, filter: Filter): Promise<Within>;
  reconstruct(ids: Int32Array): Promise<Float32Array>;
  merge(other: FaissIndex): Promise<void>;
  write(path: string): Promise<void>;
  setNprobe(nprobe: number): void;
  /** nprobe 0: not an IVF index. */
  info(): { dim: number; size: number; idLimit: number; nprobe: number };
  close(): void;
}
export interface Binding {
  version: number;
  FaissIndex: {
    create(factory: string, dim: number): FaissIndex;
    read(path: string, mmap: boolean): Promise<FaissIndex>;
  };
}
type NativeEngine = 'faiss-avx2' | 'faiss';

/** Vectors handed to one `add`: each is copied once, so this bounds the memory that building takes. */
const addBytes = 1 << 26;
const threads = availableParallelism();

const outputs: Record<NativeEngine, string> = {
  'faiss-avx2': fileURLToPath(new URL('../build/faiss-avx2.node', import.meta.url)),
  faiss: fileURLToPath(new URL('../build/faiss.node', import.meta.url)),
};

/** Of native/addon.cc. */
const version = 2;

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
  let binding: Binding;
  try {
    binding = createRequire(import.meta.url)(output) as Binding;
  } catch (cause) {
    throw new DuetError('unavailable', `build/${engine}.node does not load: ${(cause as Error).message}.`, { cause });
  }
  if (binding.version === version) return binding;
  throw new DuetError('unavailable', `build/${engine}.node was built from another version of Duet.`);
}

/** Searches that run at once: libuv's pool has four threads, and others need some too. */
const lanes = Math.min(4, availableParallelism());

/** What the binding checks itself is a TypeError; what FAISS throws an Error. */
function failed(cause: unknown): DuetError {
  if (cause instanceof DuetError) return cause;
  const code = cause instanceof TypeError ? 'bad-input' : 'internal';
  return new DuetError(code, `FAISS: ${(cause as Error).message}`, { cause });
}

/** An index in FAISS's memory. Every argument is checked before FAISS sees it: it aborts the process on some. */
export class NativeIndex implements VectorIndex {
  readonly dim: number;
  readonly factory: string;
  readonly engine: NativeEngine;
  readonly #factory: Factory;
  readonly #mmap: boolean;
  #index: FaissIndex | undefined;
  #size = 0;
  #idLimit = 0;
  #searches = 0;
  /** One for each k, nprobe and efSearch that single queries came with. */
  readonly #batchers = new Map<string, ReturnType<typeof createMicroBatcher>>();

  private constructor(engine: NativeEngine, factory: Factory, index: FaissIndex, mmap: boolean) {
    this.engine = engine;
    this.#factory = factory;
    this.#mmap = mmap;
    this.factory = factoryName(factory);
    this.dim = index.info().dim;
    this.#index = index;
    this.#refresh();
  }

  /** `vectors` has passed checkVectors, `ids` checkNewIds, and there are at least as many as lists. */
  static async build(
    engine: NativeEngine,
    vectors: Float32Array,
    dim: number,
    { factory, seed, ids }: { factory: Factory; seed: number; ids?: Int32Array },
  ): Promise<NativeIndex> {
    const { FaissIndex } = loadBinding(engine);
    const index = FaissIndex.create(factoryName(factory), dim);
    try {
      if (factory.lists > 0) await index.train(vectors, seed, threads);
      await addInParts(index, vectors, dim, ids);
      return new NativeIndex(engine, factory, index, false);
    } catch (cause) {
      index.close();
      throw failed(cause);
    }
  }

  /** `file` is what inspectIndexFile found at `path`. */
  static async read(engine: NativeEngine, path: string, file: IndexFile, mmap: boolean): Promise<NativeIndex> {
    try {
      const index = await loadBinding(engine).FaissIndex.read(path, mmap);
      return new NativeIndex(engine, file.factory, index, mmap && file.factory.lists > 0);
    } catch (cause) {
      if (cause instanceof DuetError) throw cause;
      throw new DuetError('corrupt', `FAISS cannot read it: ${(cause as Error).message}`, {
        where: { file: path },
        fix: 'The index has to be built again.',
        cause,
      });
    }
  }

  get size(): number {
    return this.#size;
  }

  get idLimit(): number {
    return this.#idLimit;
  }

  get nprobe(): number | undefined {
    return this.#open().info().nprobe || undefined;
  }

  setNprobe(nprobe: number): void {
    const { lists } = this.#factory;
    if (lists === 0) throw cannot(this.factory, 'have an nprobe', 'Only IVF indexes have one.');
    this.#open().setNprobe(checkWhole('nprobe', nprobe, 1, lists));
  }

  async search(queries: Float32Array, k: number, options?: SearchOptions): Promise<Neighbours> {
    const index = this.#open();
    const { count, nprobe = 0, efSearch = 0, filter } = checkSearch(this, queries, k, options);
    this.#searches++;
    try {
      if (count > 1 || filter !== undefined) return await index.search(queries, k, nprobe, efSearch, filter);
      return await this.#batcher(index, k, nprobe, efSearch)(queries);
    } catch (cause) {
      throw failed(cause);
    } finally {
      this.#searches--;
      if (this.#index === undefined && this.#searches === 0) index.close();
    }
  }

  async rangeSearch(
    queries: Float32Array,
    minScore: number,
    options?: Parameters<VectorIndex['rangeSearch']>[2],
  ): Promise<Within> {
    const index = this.#open();
    const { nprobe = 0, filter, limit } = checkRangeSearch(this, queries, minScore, options);
    try {
      return await index.rangeSearch(queries, minScore, limit, nprobe, filter);
    } catch (cause) {
      throw cause instanceof RangeError ? tooManyWithin(limit) : failed(cause);
    }
  }

  async add(vectors: Float32Array): Promise<void> {
    const index = this.#changeable();
    checkVectors('vectors', vectors, this.dim);
    await this.#change(() => addInParts(index, vectors, this.dim, undefined));
  }

  async addWithIds(vectors: Float32Array, ids: Int32Array): Promise<void> {
    const index = this.#changeable();
    if (!keepsIds(this.#factory)) throw cannot(this.factory, 'be given ids', 'IVF indexes and IDMap,… can.');
    checkNewIds(ids, checkVectors('vectors', vectors, this.dim));
    await this.#change(() => addInParts(index, vectors, this.dim, ids));
  }

  async removeIds(ids: Int32Array): Promise<number> {
    const index = this.#changeable();
    if (!keepsIds(this.#factory) || this.#factory.links > 0) {
      throw cannot(this.factory, 'remove vectors', 'IVF indexes and IDMap,Flat can.');
    }
    return await this.#change(() => index.remove(checkIds(ids), threads));
  }

  async reconstruct(ids: Int32Array): Promise<Float32Array> {
    const index = this.#open();
    return await index.reconstruct(checkIds(ids)).catch((cause) => {
      throw failed(cause);
    });
  }

  async merge(other: VectorIndex): Promise<void> {
    const index = this.#changeable();
    if (this.#factory.links > 0) throw cannot(this.factory, 'be merged', 'Add the vectors instead.');
    if (
      !(other instanceof NativeIndex) ||
      other === this ||
      other.engine !== this.engine ||
      other.factory !== this.factory
    ) {
      throw new DuetError('bad-input', `must be another ${this.factory} of the engine ${this.engine}.`, {
        where: { field: 'other' },
      });
    }
    const from = other.#changeable();
    await this.#change(() => index.merge(from));
    other.#refresh();
  }

  async write(path: string): Promise<void> {
    const index = this.#open();
    if (this.#mmap) {
      throw new DuetError('bad-input', 'an index that was read with mmap is its file.', {
        where: { file: path },
        fix: 'Copy that.',
      });
    }
    await replaceIndexFile(path, this, (temporary) => index.write(temporary));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const index = this.#index;
    this.#index = undefined;
    // Single queries may still wait for a call: the last of them closes it.
    if (this.#searches === 0) index?.close();
  }

  /** Single queries of one kind share calls: see createMicroBatcher. */
  #batcher(index: FaissIndex, k: number, nprobe: number, efSearch: number): ReturnType<typeof createMicroBatcher> {
    const kind = `${k} ${nprobe} ${efSearch}`;
    let batcher = this.#batchers.get(kind);
    if (batcher === undefined) {
      // Callers use a few kinds; one that uses thousands must not fill the memory with them.
      if (this.#batchers.size >= 64) this.#batchers.clear();
      const call = async (queries: Float32Array) => await index.search(queries, k, nprobe, efSearch, undefined);
      batcher = createMicroBatcher(call, { dim: this.dim, k, lanes });
      this.#batchers.set(kind, batcher);
    }
    return batcher;
  }

  async #change<T>(change: () => Promise<T>): Promise<T> {
    try {
      return await change();
    } catch (cause) {
      throw failed(cause);
    } finally {
      this.#refresh();
    }
  }

  #refresh(): void {
    if (this.#index === undefined) return;
    const { size, idLimit } = this.#index.info();
    this.#size = size;
    this.#idLimit = idLimit;
  }

  #open(): FaissIndex {
    if (this.#index === undefined) throw closed();
    return this.#index;
  }

  #changeable(): FaissIndex {
    const index = this.#open();
    if (!this.#mmap) return index;
    throw new DuetError('bad-input', 'an index that was read with mmap cannot be changed.', {
      fix: 'Read it without mmap.',
    });
  }
}

async function addInParts(
  index: FaissIndex,
  vectors: Float32Array,
  dim: number,
  ids: Int32Array | undefined,
): Promise<void> {
  const rows = Math.max(1, Math.floor(addBytes / (4 * dim)));
  for (let row = 0; row * dim < vectors.length; row += rows) {
    const part = vectors.subarray(row * dim, (row + rows) * dim);
    await index.add(part, ids?.subarray(row, row + rows), threads);
  }
}
