import { inspect } from 'node:util';
import { DuetError } from '@duet/base';

/** Best first: what `annEngines` and the choice of an engine go through. */
export const engineNames = ['faiss-avx2', 'faiss', 'faiss-node', 'exact'] as const;
export type EngineName = (typeof engineNames)[number];

/**
 * At most one of `allowed`, `ids` and `range` says which vectors may be found. Under such a filter an index looks
 * further: at exactly the allowed vectors where they are few, else until it has seen as many of them as of all without
 * one.
 */
export interface SearchOptions {
  /** Lists of an IVF index to visit, neither more nor fewer; the index's own when absent. Other kinds have none. */
  nprobe?: number;
  /** How many of the best an HNSW index keeps in sight, at least k; its own when absent. Other kinds have none. */
  efSearch?: number;
  /** One bit an id, lowest bit of the first byte first, ⌈idLimit / 8⌉ bytes. */
  allowed?: Uint8Array;
  /** These ids only. One that the index does not have is not found. */
  ids?: Int32Array;
  /** from ≤ id < to. */
  range?: { from: number; to: number };
}

/**
 * Both are [queries × k], best first, of equal scores the lower id first; id −1 (score −3.4e38) where fewer than k were
 * found.
 */
export interface Neighbours {
  ids: Int32Array;
  /** Inner products. */
  scores: Float32Array;
}

/** What query q found lies from offsets[q] up to offsets[q + 1], best first. */
export interface Within {
  offsets: Int32Array;
  ids: Int32Array;
  scores: Float32Array;
}

/**
 * Vectors in memory, searched by inner product. Calls may run together: a change waits for the searches before it, and
 * dispose waits for none and breaks none. All refuse wrong arguments with a DuetError 'bad-input' that names one, and
 * anything at all with 'unavailable' once disposed.
 *
 * Ids are whole numbers from 0 to 2³¹ − 2. An index that was built without ids numbers its vectors from 0. `IVF…` and
 * `IDMap,…` keep the ids of the others when some are removed; plain `Flat` and `HNSW` only ever grow.
 */
export interface VectorIndex extends AsyncDisposable {
  readonly dim: number;
  readonly size: number;
  /** One more than the greatest id there has been: how many bits `allowed` has. */
  readonly idLimit: number;
  /** FAISS's index_factory string, for instance `Flat` or `IVF256,Flat`. */
  readonly factory: string;
  readonly engine: EngineName;
  /** Lists that a search visits by default; undefined where there are none. */
  readonly nprobe: number | undefined;
  /** Sets `nprobe`, also in the file that `write` makes. */
  setNprobe(nprobe: number): void;
  /** The k vectors of the greatest inner product with each query. `queries` has shape [n, dim]. */
  search(queries: Float32Array, k: number, options?: SearchOptions): Promise<Neighbours>;
  /**
   * All vectors whose inner product with a query is at least `minScore`, of an IVF index in the lists it visits;
   * refuses more than `limit` (a million) a query.
   */
  rangeSearch(
    queries: Float32Array,
    minScore: number,
    options?: Omit<SearchOptions, 'efSearch'> & { limit?: number },
  ): Promise<Within>;
  /** Adds vectors [n, dim] with the ids from `idLimit` on. */
  add(vectors: Float32Array): Promise<void>;
  /**
   * Adds vectors with ids of their own. A vector that is there already is replaced, except in HNSW, which refuses it.
   */
  addWithIds(vectors: Float32Array, ids: Int32Array): Promise<void>;
  /** Removes what there is of these ids, and says how many that were. */
  removeIds(ids: Int32Array): Promise<number>;
  /** The vectors of these ids, [ids × dim], as near as the index keeps them. Refuses an id that it does not have. */
  reconstruct(ids: Int32Array): Promise<Float32Array>;
  /**
   * Moves all vectors of `other` here, which leaves it empty: its id i becomes `idLimit` + i. Both must be of one
   * engine and factory, and IVF indexes of the same training, as two readings of one file are.
   */
  merge(other: VectorIndex): Promise<void>;
  /** Writes FAISS's own format beside `path`, checks it, then puts it in place. */
  write(path: string): Promise<void>;
}

/** The score of an empty place: FAISS's, the lowest Float32. */
export const noScore = -3.4028234663852886e38;

const maxDim = 8192;
/** Inner products of greater numbers overflow, and FAISS's k-means never ends once no vector has a nearest centroid. */
const maxMagnitude = 1e15;
/** Whether an index takes these numbers. */
export const areSearchable = (vectors: Float32Array): boolean =>
  vectors.every((number) => Math.abs(number) <= maxMagnitude);

const maxK = 65_536;
const maxResults = 2 ** 27;
const maxWithin = 1_000_000;
/** Ids are Int32. */
export const maxSize = 2 ** 31 - 1;

const badInput = (field: string, what: string) => new DuetError('bad-input', what, { where: { field } });

export function checkWhole(field: string, value: unknown, low: number, high: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) return value;
  throw badInput(field, `must be a whole number from ${low} to ${high}; it is ${inspect(value, { depth: 0 })}.`);
}

export const checkDim = (dim: unknown): number => checkWhole('dim', dim, 1, maxDim);

/** @returns the number of vectors, at least one unless `mayBeEmpty` */
export function checkVectors(field: string, vectors: unknown, dim: number, mayBeEmpty = false): number {
  if (!(vectors instanceof Float32Array)) throw badInput(field, 'must be a Float32Array.');
  if (vectors.length === 0 && !mayBeEmpty) throw badInput(field, 'holds no vector.');
  if (vectors.length % dim !== 0) {
    throw badInput(field, `holds ${vectors.length} numbers, which is not a whole number of vectors of ${dim}.`);
  }
  for (let i = 0; i < vectors.length; i++) {
    if (!(Math.abs(vectors[i]!) <= maxMagnitude)) {
      throw badInput(field, `holds ${vectors[i]} in vector ${Math.floor(i / dim)}; numbers must be within ±1e15.`);
    }
  }
  return checkWhole(field, vectors.length / dim, 0, maxSize);
}

export function checkPath(path: unknown): string {
  if (typeof path === 'string' && path.length > 0 && !path.includes('\0')) return path;
  throw badInput('path', `must be a file's path; it is ${inspect(path, { depth: 0 })}.`);
}

/** Ids to look for: any that are no id of the index are simply not found. */
export function checkIds(ids: unknown): Int32Array {
  if (ids instanceof Int32Array) return ids;
  throw badInput('ids', 'must be an Int32Array.');
}

/** Ids to give to `count` vectors. */
export function checkNewIds(ids: unknown, count: number): Int32Array {
  const checked = checkIds(ids);
  if (checked.length !== count) throw badInput('ids', `holds ${checked.length} ids for ${count} vectors.`);
  const wrong = checked.find((id) => id < 0 || id >= maxSize);
  if (wrong !== undefined) throw badInput('ids', `holds ${wrong}; ids are from 0 to ${maxSize - 1}.`);
  if (new Set(checked).size !== count) throw badInput('ids', 'holds one id twice.');
  return checked;
}

/** The one filter of a search's options, for the binding: a bitmap, ids, or a range's two ends. */
export type Filter = Uint8Array | Int32Array | Float64Array | undefined;

function checkFilter(idLimit: number, { allowed, ids, range }: SearchOptions): Filter {
  const given = Object.entries({ allowed, ids, range }).filter(([, value]) => value !== undefined);
  if (given.length > 1) throw badInput(given[1]![0], `cannot be combined with ${given[0]![0]}.`);
  const bytes = Math.ceil(idLimit / 8);
  if (allowed !== undefined && !(allowed instanceof Uint8Array && allowed.length === bytes)) {
    throw badInput('allowed', `must be a Uint8Array of ${bytes} bytes, one bit for each of ${idLimit} ids.`);
  }
  if (ids !== undefined) return checkIds(ids);
  if (range === undefined) return allowed;
  const { from, to } = Object(range) as { from: unknown; to: unknown };
  checkWhole('range', from, 0, maxSize);
  return Float64Array.of(from as number, checkWhole('range', to, from as number, maxSize));
}

/** Everything that an engine may rely on before it searches. */
export function checkSearch(
  index: { dim: number; idLimit: number },
  queries: unknown,
  k: unknown,
  options: SearchOptions = {},
): { count: number; nprobe: number | undefined; efSearch: number | undefined; filter: Filter } {
  const { nprobe, efSearch } = options ?? {};
  const count = checkVectors('queries', queries, index.dim);
  checkWhole('k', k, 1, maxK);
  if (count * (k as number) > maxResults) {
    throw badInput('queries', `${count} queries × k ${k} is more than ${maxResults} results: send fewer at once.`);
  }
  if (nprobe !== undefined) checkWhole('nprobe', nprobe, 1, maxSize);
  if (efSearch !== undefined) checkWhole('efSearch', efSearch, 1, maxK);
  return { count, nprobe, efSearch, filter: checkFilter(index.idLimit, options ?? {}) };
}

/** Everything that an engine may rely on before a range search. */
export function checkRangeSearch(
  index: { dim: number; idLimit: number },
  queries: unknown,
  minScore: unknown,
  options: Parameters<VectorIndex['rangeSearch']>[2] = {},
): { count: number; nprobe: number | undefined; filter: Filter; limit: number } {
  const { nprobe, limit = maxWithin } = options ?? {};
  if (typeof minScore !== 'number' || Number.isNaN(minScore)) {
    throw badInput('minScore', `must be a number; it is ${inspect(minScore, { depth: 0 })}.`);
  }
  const { count, filter } = checkSearch(index, queries, 1, options ?? {});
  checkWhole('limit', limit, 1, maxWithin);
  if (count * limit > maxSize)
    throw badInput('queries', `${count} queries × limit ${limit} is too much: send fewer at once.`);
  return { count, nprobe, filter, limit };
}

export const tooManyWithin = (limit: number) =>
  new DuetError('bad-input', `more than ${limit} vectors are within the score.`, {
    where: { field: 'minScore' },
    fix: 'Ask for a higher score, or allow more with limit.',
  });

/** What an index of this kind cannot do, and which can. */
export const cannot = (factory: string, what: string, instead: string) =>
  new DuetError('bad-input', `${factory} cannot ${what}.`, { where: { field: 'factory' }, fix: instead });

export const closed = () => new DuetError('unavailable', 'the index is closed.');
