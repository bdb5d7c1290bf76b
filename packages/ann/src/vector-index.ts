import { inspect } from 'node:util';
import { DuetError } from '@duet/config';

/** Best first: what `annEngines` and the choice of an engine go through. */
export const engineNames = ['faiss-avx2', 'faiss', 'faiss-node', 'exact'] as const;
export type EngineName = (typeof engineNames)[number];

export interface SearchOptions {
  /** Lists of an IVF index to visit; the index's own when absent, which a filter raises: all where it allows ≤ 20,000 rows, else by 1/share. */
  nprobe?: number;
  /** One bit a row, lowest bit of the first byte first: only rows whose bit is set are found. */
  allowed?: Uint8Array;
}

/** Both are [queries × k], best first; id −1 (score −3.4e38) where fewer than k rows were found. */
export interface Neighbours {
  /** Rows of the vectors that the index was built over. */
  ids: Int32Array;
  /** Inner products. */
  scores: Float32Array;
}

/** Vectors in memory, searched by inner product. Searches may run together; dispose waits for none and breaks none. */
export interface VectorIndex extends AsyncDisposable {
  readonly dim: number;
  readonly size: number;
  /** FAISS's index_factory string, for instance `Flat` or `IVF256,Flat`. */
  readonly factory: string;
  readonly engine: EngineName;
  /** Lists that a search visits by default; undefined for Flat. */
  readonly nprobe: number | undefined;
  /** Sets `nprobe`, also in the file that `write` makes. @throws DuetError 'bad-input' for Flat or outside 1..lists */
  setNprobe(nprobe: number): void;
  /**
   * The k rows of the greatest inner product for each query. `queries` has shape [n, dim].
   * @throws DuetError 'bad-input' for a wrong shape, k, nprobe, filter or a number beyond ±1e15; 'unavailable' once disposed
   */
  search(queries: Float32Array, k: number, options?: SearchOptions): Promise<Neighbours>;
  /** Writes FAISS's own format beside `path`, checks it, then puts it in place. */
  write(path: string): Promise<void>;
}

/** The score of an empty place: FAISS's, the lowest Float32. */
export const noScore = -3.4028234663852886e38;

const maxDim = 8192;
/** Inner products of greater numbers overflow, and FAISS's k-means never ends once no vector has a nearest centroid. */
const maxMagnitude = 1e15;
const maxK = 65_536;
const maxResults = 2 ** 27;
/** Ids are Int32. */
export const maxSize = 2 ** 31 - 1;

const badInput = (field: string, what: string) => new DuetError('bad-input', what, { where: { field } });

export function checkWhole(field: string, value: unknown, low: number, high: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value;
  throw badInput(field, `must be a whole number from ${low} to ${high}; it is ${inspect(value, { depth: 0 })}.`);
}

export const checkDim = (dim: unknown): number => checkWhole('dim', dim, 1, maxDim);

/** @returns the number of vectors, at least one */
export function checkVectors(field: string, vectors: unknown, dim: number): number {
  if (!(vectors instanceof Float32Array)) throw badInput(field, 'must be a Float32Array.');
  if (vectors.length === 0) throw badInput(field, 'holds no vector.');
  if (vectors.length % dim !== 0) {
    throw badInput(field, `holds ${vectors.length} numbers, which is not a whole number of vectors of ${dim}.`);
  }
  for (let i = 0; i < vectors.length; i++) {
    if (!(Math.abs(vectors[i]!) <= maxMagnitude)) {
      throw badInput(field, `holds ${vectors[i]} in vector ${Math.floor(i / dim)}; numbers must be within ±1e15.`);
    }
  }
  return checkWhole(field, vectors.length / dim, 1, maxSize);
}

export function checkPath(path: unknown): string {
  if (typeof path === 'string' && path.length > 0 && !path.includes('\0')) return path;
  throw badInput('path', `must be a file's path; it is ${inspect(path, { depth: 0 })}.`);
}

/** Everything that an engine may rely on before it searches. */
export function checkSearch(
  index: { dim: number; size: number },
  queries: unknown,
  k: unknown,
  options: SearchOptions | undefined,
): { count: number; nprobe: number | undefined; allowed: Uint8Array | undefined } {
  const { nprobe, allowed } = options ?? {};
  const count = checkVectors('queries', queries, index.dim);
  checkWhole('k', k, 1, maxK);
  if (count * (k as number) > maxResults) {
    throw badInput('queries', `${count} queries × k ${k} is more than ${maxResults} results: send fewer at once.`);
  }
  if (nprobe !== undefined) checkWhole('nprobe', nprobe, 1, maxSize);
  const bytes = Math.ceil(index.size / 8);
  if (allowed !== undefined && !(allowed instanceof Uint8Array && allowed.length === bytes)) {
    throw badInput('allowed', `must be a Uint8Array of ${bytes} bytes, one bit for each of ${index.size} rows.`);
  }
  return { count, nprobe, allowed };
}

export const closed = () => new DuetError('unavailable', 'the index is closed.');
