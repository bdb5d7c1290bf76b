import { type Neighbours, searchBest } from '@duet/ann';
import { type RetrievedRows, RowPlaces } from '@duet/ranking';
import { type Bitmap, hasBit } from '../catalogue/bitmaps.ts';
import type { Filter } from '../catalogue/filter.ts';
import { asColumns } from '../ranked.ts';
import { allowedOf, overFetch, reachOf, type Searched, searchVisible } from '../search.ts';
import { maySee } from '../visible.ts';

/** Askers of one call of the index: more gain nothing. */
const callSize = 256;

/** Who asks, by place. */
export interface Askers {
  /** Shape [askers, vectors of each, dimensions]. */
  vectors: Float32Array;
  /** Catalogue rows that must not be found: of asker i `hidden[hiddenStart[i] … hiddenStart[i + 1]]`. */
  hidden: Int32Array;
  hiddenStart: Int32Array;
}

interface SearchTerms {
  k: number;
  filter: Filter | undefined;
}

/** What some askers' searches have in common. */
interface Call {
  /** Rows to fetch of the index, and of what is beside it. */
  fetched: number;
  requested: number;
  allowed: Bitmap | undefined;
  places: number[];
}

/** What one call of an index, or of a delta, found: `fetched` rows of each asker, as catalogue rows. */
interface Fetched extends Neighbours {
  fetched: number;
  catalogueRow: ArrayLike<number>;
  /** Rows that may be found. */
  bits: Uint8Array;
}

/**
 * As `searchVisible` for each asker, many in a call of the index: those that hide a few items more or less share one.
 *
 * @param of places of the askers that are meant
 * @param found is told the items of each; its columns hold until it returns
 */
export async function searchMany(
  searched: Searched,
  { vectors, hidden, hiddenStart }: Askers,
  of: readonly number[],
  { k, filter }: SearchTerms,
  found: (place: number, items: RetrievedRows) => void,
): Promise<void> {
  const each = vectors.length / (hiddenStart.length - 1);
  const vectorsOf = (place: number) => vectors.subarray(place * each, (place + 1) * each);
  const hiddenOf = (place: number) => hidden.subarray(hiddenStart[place]!, hiddenStart[place + 1]!);
  const { calls, alone } = divide(searched, of, hiddenOf, { k, filter });
  const picker = new Picker(k);
  const together = calls.map(async (call) => {
    const queries = new Float32Array(call.places.length * each);
    call.places.forEach((place, i) => {
      queries.set(vectorsOf(place), i * each);
    });
    const [fetched, fresh] = await Promise.all([
      fetchIndexed(searched, queries, each, call, filter),
      fetchFresh(searched, queries, each, call, filter),
    ]);
    call.places.forEach((place, i) => {
      picker.hide(hiddenOf(place));
      found(place, picker.pick(i, fetched, fresh));
    });
  });
  const one = async (place: number) => {
    const visible = { hidden: new Set(hiddenOf(place)), filter };
    found(place, asColumns(await searchVisible(searched, vectorsOf(place), k, visible)));
  };
  await Promise.all([...together, ...alone.map(one)]);
}

/** Divides askers into calls; those who hide very many items have one of their own. */
function divide(
  searched: Searched,
  of: readonly number[],
  hiddenOf: (place: number) => Int32Array,
  { k, filter }: SearchTerms,
): { calls: Call[]; alone: number[] } {
  const { rowOf, delta } = searched;
  const alone: number[] = [];
  const groups = new Map<string, Call>();
  const calls: Call[] = [];
  for (const place of of) {
    let count = 0;
    for (const item of hiddenOf(place)) if (delta.rows !== undefined || rowOf[item]! >= 0) count++;
    if (count > overFetch) {
      alone.push(place);
      continue;
    }
    const reach = reachOf(searched, k, count, filter);
    const key = `${reach.requested} ${reach.allowed === undefined}`;
    let call = groups.get(key);
    if (call === undefined || call.places.length === callSize) {
      call = { ...reach, places: [] };
      groups.set(key, call);
      calls.push(call);
    }
    call.places.push(place);
  }
  return { calls, alone };
}

const none = {
  ids: new Int32Array(),
  scores: new Float32Array(),
  fetched: 0,
  catalogueRow: [],
  bits: new Uint8Array(),
};

async function fetchIndexed(
  { index, nprobe, catalogueRow, bitmaps }: Searched,
  queries: Float32Array,
  each: number,
  { fetched, allowed }: Call,
  filter: Filter | undefined,
): Promise<Fetched> {
  if (fetched === 0) return none;
  const options = allowed ? { allowed: allowed.bits } : { nprobe };
  const nearest = await searchBest(index, queries, each / index.dim, fetched, options);
  // What was edited during the search is judged as it is now.
  return { ...nearest, fetched, catalogueRow, bits: bitmaps.of(filter).bits };
}

async function fetchFresh(
  { delta: { rows }, catalogue }: Searched,
  queries: Float32Array,
  each: number,
  call: Call,
  filter: Filter | undefined,
): Promise<Fetched> {
  if (rows === undefined) return none;
  const { bits, count } = allowedOf(rows, maySee(catalogue, { hidden: new Set(), filter }));
  const fetched = Math.min(call.requested, count);
  if (fetched === 0) return none;
  const { index, catalogueRow } = rows;
  const nearest = await searchBest(index, queries, each / index.dim, fetched, { allowed: bits });
  return { ...nearest, fetched, catalogueRow, bits };
}

/** Picks what may be seen out of what was fetched, in memory that is used for one asker after the other. */
class Picker {
  #hidden = new RowPlaces();
  #fresh = new RowPlaces();
  /** Catalogue rows of what was fetched. */
  #items = new Int32Array(0);
  #found: { indexed: RetrievedRows; fresh: RetrievedRows; both: RetrievedRows };

  constructor(k: number) {
    const room = () => ({ items: new Int32Array(k), scores: new Float64Array(k), length: 0 });
    this.#found = { indexed: room(), fresh: room(), both: room() };
  }

  /** What the next asker must not be shown. */
  hide(items: Int32Array): void {
    this.#hidden.clear();
    for (let at = 0; at < items.length; at++) this.#hidden.add(items[at]!, at);
  }

  /** The best of what the call fetched for its asker of a place. */
  pick(place: number, indexed: Fetched, fresh: Fetched): RetrievedRows {
    const found = this.#found;
    this.#take(place, indexed, found.indexed);
    if (fresh.fetched === 0) return found.indexed;
    this.#take(place, fresh, found.fresh);
    return this.#merged();
  }

  #take(place: number, { ids, scores, fetched, catalogueRow, bits }: Fetched, into: RetrievedRows): void {
    const most = into.items.length;
    const from = place * fetched;
    if (this.#items.length < fetched) this.#items = new Int32Array(fetched);
    const items = this.#items;
    // In a loop that does nothing else, so that the processor waits for many rows at once.
    for (let at = 0; at < fetched; at++) items[at] = catalogueRow[ids[from + at]!]!;
    let length = 0;
    for (let at = 0; at < fetched && length < most; at++) {
      const row = ids[from + at]!;
      if (row < 0 || !hasBit(bits, row) || this.#hidden.has(items[at]!)) continue;
      into.items[length] = items[at]!;
      into.scores[length++] = scores[from + at]!;
    }
    into.length = length;
  }

  /** Both, best first. An item that moved from one to the other between the two searches is in both. */
  #merged(): RetrievedRows {
    const { indexed, fresh, both } = this.#found;
    this.#fresh.clear();
    for (let at = 0; at < fresh.length; at++) this.#fresh.add(fresh.items[at]!, at);
    let [a, b, length] = [0, 0, 0];
    while (length < both.items.length && (a < fresh.length || b < indexed.length)) {
      const isFresh = a < fresh.length && (b === indexed.length || fresh.scores[a]! >= indexed.scores[b]!);
      const [from, at] = isFresh ? [fresh, a++] : [indexed, b++];
      if (!isFresh && this.#fresh.has(from.items[at]!)) continue;
      both.items[length] = from.items[at]!;
      both.scores[length++] = from.scores[at]!;
    }
    both.length = length;
    return both;
  }
}
