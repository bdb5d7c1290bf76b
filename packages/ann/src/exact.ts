import { setImmediate } from 'node:timers/promises';
import { DuetError } from '@duet/config';
import { type IndexFile, readFlatVectors, replaceIndexFile, writeFlat } from './file.ts';
import {
  checkSearch,
  closed,
  type EngineName,
  type Neighbours,
  noScore,
  type SearchOptions,
  type VectorIndex,
} from './vector-index.ts';

/** Multiplications between two turns of the event loop: about a millisecond. */
const productsPerTurn = 1 << 20;

/** The k best of a stream of (row, score): a binary heap whose root is the worst kept. Ties go to the lower row. */
class Best {
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

/** Offers rows [from, to) to `best`. */
function scan(
  vectors: Float32Array,
  query: Float32Array,
  allowed: Uint8Array | undefined,
  from: number,
  to: number,
  best: Best,
): void {
  const dim = query.length;
  const whole = dim - (dim % 4);
  let threshold = best.threshold;
  for (let row = from; row < to; row++) {
    if (allowed !== undefined && ((allowed[row >> 3]! >> (row & 7)) & 1) === 0) continue;
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
      best.offer(row, score);
      threshold = best.threshold;
    }
  }
}

/**
 * An exhaustive search in TypeScript: runs everywhere, and hands the event loop back about every millisecond. Its file
 * is FAISS's IndexFlatIP.
 */
export class ExactIndex implements VectorIndex {
  readonly dim: number;
  readonly size: number;
  readonly factory = 'Flat';
  readonly engine: EngineName = 'exact';
  readonly nprobe = undefined;
  #vectors: Float32Array | undefined;

  constructor(vectors: Float32Array, dim: number) {
    this.#vectors = vectors;
    this.dim = dim;
    this.size = vectors.length / dim;
  }

  static async read(path: string, file: IndexFile): Promise<ExactIndex> {
    return new ExactIndex(await readFlatVectors(path, file), file.dim);
  }

  setNprobe(): void {
    throw new DuetError('bad-input', 'a Flat index has no nprobe.', { where: { field: 'nprobe' } });
  }

  async search(queries: Float32Array, k: number, options?: SearchOptions): Promise<Neighbours> {
    const vectors = this.#open();
    const checked = checkSearch(this, queries, k, options);
    const { count } = checked;
    // What the caller does to its arrays while other work has its turn must not change the answer.
    const asked = queries.slice();
    const allowed = checked.allowed?.slice();
    const ids = new Int32Array(count * k).fill(-1);
    const scores = new Float32Array(count * k).fill(noScore);
    const best = new Best(Math.min(k, this.size));
    const rowsPerTurn = Math.max(1, Math.floor(productsPerTurn / this.dim));
    let rowsLeft = rowsPerTurn;
    for (let q = 0; q < count; q++) {
      const query = asked.subarray(q * this.dim, (q + 1) * this.dim);
      for (let from = 0; from < this.size; ) {
        const to = Math.min(this.size, from + rowsLeft);
        scan(vectors, query, allowed, from, to, best);
        rowsLeft -= to - from;
        from = to;
        if (rowsLeft === 0) {
          await setImmediate();
          rowsLeft = rowsPerTurn;
        }
      }
      best.drain(ids.subarray(q * k, (q + 1) * k), scores.subarray(q * k, (q + 1) * k));
    }
    return { ids, scores };
  }

  async write(path: string): Promise<void> {
    const vectors = this.#open();
    await replaceIndexFile(path, this, (temporary) => writeFlat(temporary, vectors, this.dim));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#vectors = undefined;
  }

  #open(): Float32Array {
    if (this.#vectors === undefined) throw closed();
    return this.#vectors;
  }
}
