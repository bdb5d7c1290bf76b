import { searchBest, type VectorIndex } from '@duet/ann';
import type { Bitmap, FilterBitmaps } from './catalogue/bitmaps.ts';
import type { LiveCatalogue } from './catalogue/catalogue.ts';
import type { Delta, DeltaRows } from './catalogue/delta.ts';
import { type Filter, passes } from './catalogue/filter.ts';
import type { ServedDataset } from './dataset.ts';
import { type MaySee, maySee, type Visible } from './visible.ts';

/** A retrieved item: its catalogue row and score, in lists that are best first. */
export interface Retrieved {
  item: number;
  score: number;
}

/** Where to search: an index, what it lacks, and which of its rows may be found. */
export interface Searched {
  index: VectorIndex;
  /** Lists of an IVF index to visit without a filter; the index's own where it is not said. */
  nprobe?: number | undefined;
  catalogue: LiveCatalogue;
  /** Row of the index → catalogue row. */
  catalogueRow: Int32Array;
  /** Catalogue row → row of the index, or −1; rows beyond its end have none. */
  rowOf: Int32Array;
  /** Which rows of the index are found, and pass a filter. */
  bitmaps: FilterBitmaps;
  /** What the index lacks. */
  delta: Delta;
}

/**
 * Rows that are fetched beyond what is wanted, to make up for those that are left out, before a bitmap leaves them out.
 */
export const overFetch = 1024;
const fetchStep = 32;

/**
 * The `k` items nearest to any of the vectors that may be seen, in the index and in the delta beside it. A few rows
 * that must not be found are made up for by fetching more; many, and filters, go into the search as a bitmap.
 *
 * @param vectors shape [any number, dimensions]
 */
export async function searchVisible(
  searched: Searched,
  vectors: Float32Array,
  k: number,
  visible: Visible,
): Promise<Retrieved[]> {
  const [indexed, fresh] = await Promise.all([
    searchIndex(searched, vectors, k, visible),
    searchDelta(searched, vectors, k, visible),
  ]);
  if (fresh.length === 0) return indexed;
  // An item that moved from one to the other between the two searches is in both.
  const found = new Map<number, Retrieved>();
  for (const one of [...fresh, ...indexed]) if (!found.has(one.item)) found.set(one.item, one);
  return [...found.values()].sort((a, b) => b.score - a.score).slice(0, k);
}

/**
 * How a search of the index reaches the `k` items that may be seen, of an asker to whom `hidden` rows of it are not
 * shown.
 */
export function reachOf(
  { index, bitmaps, delta }: Pick<Searched, 'index' | 'bitmaps' | 'delta'>,
  k: number,
  hidden: number,
  filter: Filter | undefined,
): {
  /** Rows to fetch, and how many there are of them. */
  requested: number;
  fetched: number;
  /** Rows that may be found at all; undefined where more are fetched instead. */
  allowed: Bitmap | undefined;
} {
  const missed = hidden + (filter === undefined ? delta.outdated : 0);
  const allowed = filter !== undefined || missed > overFetch ? bitmaps.of(filter) : undefined;
  const extra = allowed === undefined ? missed : Math.min(hidden, overFetch);
  // In steps, so that requests that hide a few items more or less can share one call of the index.
  const requested = Math.ceil((k + extra) / fetchStep) * fetchStep;
  return { requested, fetched: Math.min(allowed?.count ?? index.size, requested), allowed };
}

async function searchIndex(
  searched: Searched,
  vectors: Float32Array,
  k: number,
  { hidden, filter }: Visible,
): Promise<Retrieved[]> {
  const { index, nprobe, catalogue, catalogueRow, rowOf, bitmaps } = searched;
  const hiddenRows: number[] = [];
  for (const item of hidden) if (item < rowOf.length && rowOf[item]! >= 0) hiddenRows.push(rowOf[item]!);
  const reach = reachOf(searched, k, hiddenRows.length, filter);
  const allowed = reach.allowed && hiddenRows.length > overFetch ? without(reach.allowed, hiddenRows) : reach.allowed;
  const fetched = Math.min(reach.fetched, allowed?.count ?? reach.fetched);
  if (fetched === 0) return [];
  // With a filter the index chooses how many lists to visit.
  const { ids, scores } = await best(index, vectors, fetched, allowed ? { allowed: allowed.bits } : { nprobe });
  // What was edited during the search is judged as it is now.
  const pass = passes(filter, catalogue);
  const found: Retrieved[] = [];
  for (let at = 0; at < fetched && found.length < k; at++) {
    const row = ids[at]!;
    if (row < 0 || !bitmaps.isShown(row)) continue;
    const item = catalogueRow[row]!;
    if (!hidden.has(item) && pass(item)) found.push({ item, score: scores[at]! });
  }
  return found;
}

/** A bitmap without some rows. */
function without(bitmap: Bitmap, rows: readonly number[]): Bitmap {
  const bits = bitmap.bits.slice();
  let { count } = bitmap;
  for (const row of rows) {
    const mask = 1 << (row & 7);
    if ((bits[row >> 3]! & mask) === 0) continue;
    bits[row >> 3]! ^= mask;
    count--;
  }
  return { bits, count };
}

async function searchDelta(
  { delta, catalogue }: Searched,
  vectors: Float32Array,
  k: number,
  visible: Visible,
): Promise<Retrieved[]> {
  const { rows } = delta;
  if (rows === undefined) return [];
  const { index, catalogueRow } = rows;
  const { bits: allowed, count } = allowedOf(rows, maySee(catalogue, visible));
  const fetched = Math.min(k, count);
  if (fetched === 0) return [];
  const { ids, scores } = await best(index, vectors, fetched, { allowed });
  return Array.from(ids.subarray(0, fetched), (row, at) => ({ item: catalogueRow[row]!, score: scores[at]! }));
}

/** Which rows of a delta may be found. */
export function allowedOf({ index, catalogueRow }: DeltaRows, may: MaySee): Bitmap {
  const bits = new Uint8Array(Math.ceil(index.size / 8));
  let count = 0;
  catalogueRow.forEach((item, row) => {
    if (!may(item)) return;
    bits[row >> 3]! |= 1 << (row & 7);
    count++;
  });
  return { bits, count };
}

const best = (index: VectorIndex, vectors: Float32Array, k: number, options: Parameters<VectorIndex['search']>[2]) =>
  searchBest(index, vectors, vectors.length / index.dim, k, options);

/**
 * The best sellers that may be seen: what a user gets whom the model never saw, since they beat the towers' own
 * cold-start vectors.
 *
 * @returns scores in [0, 1]: ln(1 + purchases) over that of the most bought item
 */
export function bestSellers({ popular, facts }: ServedDataset, k: number, may: MaySee): Retrieved[] {
  const most = Math.log1p(facts.popularity[popular[0]!]!) || 1;
  const found: Retrieved[] = [];
  for (const item of popular) {
    if (found.length === k) break;
    if (may(item)) found.push({ item, score: Math.log1p(facts.popularity[item]!) / most });
  }
  return found;
}
