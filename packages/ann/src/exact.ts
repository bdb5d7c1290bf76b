import { setImmediate } from 'node:timers/promises';
import { DuetError } from '@duet/base';
import { factoryName, flatFactory } from './factory.ts';
import { type IndexFile, readFlatVectors, replaceIndexFile, writeFlat } from './file.ts';
import {
  cannot,
  checkIds,
  checkNewIds,
  checkRangeSearch,
  checkSearch,
  checkVectors,
  checkWhole,
  closed,
  type EngineName,
  type Filter,
  maxSize,
  type Neighbours,
  noScore,
  type SearchOptions,
  tooManyWithin,
  type VectorIndex,
  type Within,
} from './vector-index.ts';

/** Multiplications between two turns of the event loop: about a millisecond. */
const productsPerTurn = 1 << 20;

/** The k best of a stream of (row, score): a binary heap whose root is the worst kept. Ties go to the lower row. */
class Best implements Sink {
  readonly rows: Int32Array;
  readonly scores: Float64Array;
  count = 0;
  readonly k: number;

  constructor(k: number) {
    this.k = k;
    this.rows = new Int32Array(k);
    this.scores = new Float64Array(k);
  }

  /** A score has to be greater than this to get in. */
  get threshold(): number {
    return this.count < this.k ? Number.NEGATIVE_INFINITY : this.scores[0]!;
  }

  offer(row: number, score: number): void {
    if (this.count < this.k) {
      let child = this.count++;
      while (child > 0) {
        const parent = (child - 1) >> 1;
        if (!this.#worse(row, score, parent)) break;
        this.#move(parent, child);
        child = parent;
      }
      this.#put(child, row, score);
    } else if (score > this.scores[0]!) this.#sink(row, score);
  }

  /** Writes the kept rows, best first, and empties itself. */
  drain(ids: Int32Array, scores: Float32Array): void {
    while (this.count > 0) {
      const last = --this.count;
      ids[last] = this.rows[0]!;
      scores[last] = this.scores[0]!;
      this.#sink(this.rows[last]!, this.scores[last]!);
    }
  }

  /** Replaces the root. */
  #sink(row: number, score: number): void {
    let parent = 0;
    for (;;) {
      let child = 2 * parent + 1;
      if (child >= this.count) break;
      if (child + 1 < this.count && this.#worse(this.rows[child + 1]!, this.scores[child + 1]!, child)) child++;
      if (this.#worse(row, score, child)) break;
      this.#move(child, parent);
      parent = child;
    }
    this.#put(parent, row, score);
  }

  #worse(row: number, score: number, than: number): boolean {
    return score < this.scores[than]! || (score === this.scores[than]! && row > this.rows[than]!);
  }

  #move(from: number, to: number): void {
    this.rows[to] = this.rows[from]!;
    this.scores[to] = this.scores[from]!;
  }

  #put(at: number, row: number, score: number): void {
    this.rows[at] = row;
    this.scores[at] = score;
  }
}

/** Everything that offers a row: the k best, or all within a score. */
interface Sink {
  /** A score has to be greater than this to get in. */
  readonly threshold: number;
  offer(row: number, score: number): void;
}

/** All rows of at least a score. */
class WithinScore implements Sink {
  readonly found: { row: number; score: number }[] = [];
  readonly threshold = Number.NEGATIVE_INFINITY;
  readonly #minScore: number;
  readonly #limit: number;

  constructor(minScore: number, limit: number) {
    this.#minScore = minScore;
    this.#limit = limit;
  }

  offer(row: number, score: number): void {
    if (Math.fround(score) < this.#minScore) return;
    if (this.found.length === this.#limit) throw tooManyWithin(this.#limit);
    this.found.push({ row, score });
  }
}

/** Offers those of rows [from, to) that are allowed. */
function scan(
  { vectors, ids }: Rows,
  query: Float32Array,
  allows: ((id: number) => boolean) | undefined,
  from: number,
  to: number,
  sink: Sink,
): void {
  const dim = query.length;
  const whole = dim - (dim % 4);
  let threshold = sink.threshold;
  for (let row = from; row < to; row++) {
    if (allows !== undefined && !allows(ids?.[row] ?? row)) continue;
    const base = row * dim;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let i = 0;
    for (; i < whole; i += 4) {
      a += vectors[base + i]! * query[i]!;
      b += vectors[base + i + 1]! * query[i + 1]!;
      c += vectors[base + i + 2]! * query[i + 2]!;
      d += vectors[base + i + 3]! * query[i + 3]!;
    }
    for (; i < dim; i++) a += vectors[base + i]! * query[i]!;
    const score = a + b + (c + d);
    if (score > threshold) {
      sink.offer(row, score);
      threshold = sink.threshold;
    }
  }
}

/** Whether a filter allows an id. What the caller does to its arrays later does not change it. */
function allowing(filter: Filter): ((id: number) => boolean) | undefined {
  if (filter === undefined) return undefined;
  if (filter instanceof Uint8Array) {
    const bits = filter.slice();
    return (id) => ((bits[id >> 3]! >> (id & 7)) & 1) === 1;
  }
  if (filter instanceof Int32Array) {
    const ids = new Set(filter);
    return (id) => ids.has(id);
  }
  const [from, to] = filter;
  return (id) => id >= from! && id < to!;
}

/** Never changed: a change makes new ones, so that a search goes on over those it began with. */
interface Rows {
  vectors: Float32Array;
  /** Of each row; undefined where they are the rows' numbers. */
  ids: Int32Array | undefined;
}

/**
 * An exhaustive search in TypeScript: runs everywhere, and hands the event loop back about every millisecond. Its file
 * is FAISS's IndexFlatIP, in an IndexIDMap where it keeps ids. Of equal scores it finds the row that came first.
 */
export class ExactIndex implements VectorIndex {
  readonly dim: number;
  readonly factory: string;
  readonly engine: EngineName = 'exact';
  readonly nprobe = undefined;
  #rows: Rows | undefined;
  #size: number;
  #idLimit: number;

  /** `ids` makes it one that keeps ids. */
  constructor(vectors: Float32Array, dim: number, ids?: Int32Array) {
    this.dim = dim;
    this.factory = factoryName({ ...flatFactory, mapped: ids !== undefined });
    this.#rows = { vectors, ids };
    this.#size = vectors.length / dim;
    this.#idLimit = limitOf(ids) ?? this.#size;
  }

  static async read(path: string, file: IndexFile): Promise<ExactIndex> {
    const { vectors, ids } = await readFlatVectors(path, file);
    return new ExactIndex(vectors, file.dim, ids);
  }

  get size(): number {
    return this.#size;
  }

  get idLimit(): number {
    return this.#idLimit;
  }

  setNprobe(): void {
    throw cannot(this.factory, 'have an nprobe', 'Only IVF indexes have one.');
  }

  async search(queries: Float32Array, k: number, options?: SearchOptions): Promise<Neighbours> {
    const rows = this.#open();
    const { count, filter } = checkSearch(this, queries, k, options);
    const found = { ids: new Int32Array(count * k).fill(-1), scores: new Float32Array(count * k).fill(noScore) };
    const best = new Best(Math.min(k, this.size));
    await scanAll(
      rows,
      queries.slice(),
      this.dim,
      allowing(filter),
      () => best,
      (q) => {
        const ids = found.ids.subarray(q * k, (q + 1) * k);
        best.drain(ids, found.scores.subarray(q * k, (q + 1) * k));
        for (let i = 0; rows.ids !== undefined && i < k && ids[i]! >= 0; i++) ids[i] = rows.ids[ids[i]!]!;
      },
    );
    return found;
  }

  async rangeSearch(
    queries: Float32Array,
    minScore: number,
    options?: Parameters<VectorIndex['rangeSearch']>[2],
  ): Promise<Within> {
    const rows = this.#open();
    const { count, filter, limit } = checkRangeSearch(this, queries, minScore, options);
    const all = Array.from({ length: count }, () => new WithinScore(minScore, limit));
    await scanAll(
      rows,
      queries.slice(),
      this.dim,
      allowing(filter),
      (q) => all[q]!,
      (q) => {
        all[q]!.found.sort((a, b) => b.score - a.score || a.row - b.row);
      },
    );
    const found = all.flatMap((within) => within.found);
    const offsets = new Int32Array(count + 1);
    for (const [q, within] of all.entries()) offsets[q + 1] = offsets[q]! + within.found.length;
    return {
      offsets,
      ids: Int32Array.from(found, ({ row }) => rows.ids?.[row] ?? row),
      scores: Float32Array.from(found, ({ score }) => score),
    };
  }

  async add(vectors: Float32Array): Promise<void> {
    const rows = this.#open();
    const count = checkVectors('vectors', vectors, this.dim);
    checkWhole('vectors', this.#idLimit + count, 1, maxSize);
    this.#append(vectors, rows.ids && Int32Array.from({ length: count }, (_, i) => this.#idLimit + i));
  }

  async addWithIds(vectors: Float32Array, ids: Int32Array): Promise<void> {
    const rows = this.#open();
    if (rows.ids === undefined) throw cannot(this.factory, 'be given ids', 'IVF indexes and IDMap,… can.');
    checkNewIds(ids, checkVectors('vectors', vectors, this.dim));
    this.#remove(ids);
    this.#append(vectors, ids);
  }

  async removeIds(ids: Int32Array): Promise<number> {
    if (this.#open().ids === undefined) throw cannot(this.factory, 'remove vectors', 'IDMap,Flat and IVF indexes can.');
    return this.#remove(checkIds(ids));
  }

  async reconstruct(ids: Int32Array): Promise<Float32Array> {
    const rows = this.#open();
    const rowOf = rows.ids && new Map(Array.from(rows.ids, (id, row) => [id, row]));
    const found = new Float32Array(checkIds(ids).length * this.dim);
    for (const [i, id] of ids.entries()) {
      const row = rowOf === undefined ? id : (rowOf.get(id) ?? -1);
      if (row < 0 || row >= this.size) {
        throw new DuetError('bad-input', `there is no vector ${id}.`, { where: { field: 'ids' } });
      }
      found.set(rows.vectors.subarray(row * this.dim, (row + 1) * this.dim), i * this.dim);
    }
    return found;
  }

  async merge(other: VectorIndex): Promise<void> {
    const { ids } = this.#open();
    if (!(other instanceof ExactIndex) || other === this || other.factory !== this.factory || other.dim !== this.dim) {
      throw new DuetError('bad-input', `must be another ${this.factory} of the engine exact and of its dimension.`, {
        where: { field: 'other' },
      });
    }
    const moved = other.#open();
    checkWhole('other', this.#idLimit + other.#idLimit, 0, maxSize);
    const first = this.#idLimit;
    this.#append(moved.vectors, ids && moved.ids!.map((id) => first + id));
    if (ids !== undefined) this.#idLimit = first + other.#idLimit;
    other.#rows = { vectors: new Float32Array(0), ids: ids && new Int32Array(0) };
    other.#size = 0;
    if (ids === undefined) other.#idLimit = 0;
  }

  async write(path: string): Promise<void> {
    const { vectors, ids } = this.#open();
    await replaceIndexFile(path, this, (temporary) => writeFlat(temporary, vectors, this.dim, ids));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#rows = undefined;
  }

  #append(vectors: Float32Array, ids: Int32Array | undefined): void {
    const rows = this.#open();
    const all = new Float32Array(rows.vectors.length + vectors.length);
    all.set(rows.vectors);
    all.set(vectors, rows.vectors.length);
    this.#size = all.length / this.dim;
    if (rows.ids === undefined || ids === undefined) {
      this.#rows = { vectors: all, ids: undefined };
      this.#idLimit = this.#size;
      return;
    }
    const allIds = new Int32Array(this.#size);
    allIds.set(rows.ids);
    allIds.set(ids, rows.ids.length);
    this.#rows = { vectors: all, ids: allIds };
    this.#idLimit = Math.max(this.#idLimit, limitOf(ids)!);
  }

  #remove(ids: Int32Array): number {
    const { vectors, ids: all } = this.#open();
    const gone = new Set(ids);
    const remaining = Array.from(all!.keys()).filter((row) => !gone.has(all![row]!));
    const left = new Float32Array(remaining.length * this.dim);
    for (const [to, row] of remaining.entries()) {
      left.set(vectors.subarray(row * this.dim, (row + 1) * this.dim), to * this.dim);
    }
    this.#rows = { vectors: left, ids: Int32Array.from(remaining, (row) => all![row]!) };
    const removed = this.#size - remaining.length;
    this.#size = remaining.length;
    return removed;
  }

  #open(): Rows {
    if (this.#rows === undefined) throw closed();
    return this.#rows;
  }
}

const limitOf = (ids: Int32Array | undefined) => ids?.reduce((limit, id) => Math.max(limit, id + 1), 0);

/** Scans all rows for each query, and hands the event loop back about every millisecond. */
async function scanAll(
  rows: Rows,
  queries: Float32Array,
  dim: number,
  allows: ((id: number) => boolean) | undefined,
  sinkOf: (q: number) => Sink,
  done: (q: number) => void,
): Promise<void> {
  const size = rows.vectors.length / dim;
  const rowsPerTurn = Math.max(1, Math.floor(productsPerTurn / dim));
  let rowsLeft = rowsPerTurn;
  for (let q = 0; q < queries.length / dim; q++) {
    const query = queries.subarray(q * dim, (q + 1) * dim);
    for (let from = 0; from < size; ) {
      const to = Math.min(size, from + rowsLeft);
      scan(rows, query, allows, from, to, sinkOf(q));
      rowsLeft -= to - from;
      from = to;
      if (rowsLeft === 0) {
        await setImmediate();
        rowsLeft = rowsPerTurn;
      }
    }
    done(q);
  }
}
