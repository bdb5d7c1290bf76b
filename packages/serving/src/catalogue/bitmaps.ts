import type { LiveCatalogue } from './catalogue.ts';
import { type Condition, type Filter, meets } from './filter.ts';

/** Rows of an index, one bit each, lowest bit of the first byte first, as `VectorIndex.search` takes them. */
export interface Bitmap {
  bits: Uint8Array;
  /** Bits that are set. */
  count: number;
}

interface Words {
  /** The same bits, with the last word filled up with zeros. */
  words: Uint32Array;
  bits: Uint8Array;
}

interface CachedBitmap extends Words {
  meets: (item: number) => boolean;
}

/** Memory that the conditions' bitmaps of one index may fill. */
const keptBytes = 64 * 2 ** 20;
/** Whole filters whose bitmaps are kept until the next edit. */
const keptFilters = 64;

function countBits(words: Uint32Array): number {
  let count = 0;
  for (let i = 0; i < words.length; i++) {
    let word = words[i]!;
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    count += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return count;
}

/**
 * Which rows of an index pass a filter. The bitmap of each condition is made at its first use, by one look at every
 * row, and follows the catalogue from then on at the cost of the edited rows; a filter combines its conditions' word by
 * word.
 */
export class FilterBitmaps {
  #catalogue: LiveCatalogue;
  #catalogueRow: Int32Array;
  /** Rows that may be found at all. */
  #shown: Words;
  #conditions = new Map<string, CachedBitmap>(); // in order of last use
  #filters = new Map<string, Bitmap>();

  /** @param catalogueRow [rows of the index] the catalogue row of each */
  constructor(catalogue: LiveCatalogue, catalogueRow: Int32Array) {
    this.#catalogue = catalogue;
    this.#catalogueRow = catalogueRow;
    this.#shown = this.#empty();
    for (let row = 0; row < catalogueRow.length; row++) this.#shown.bits[row >> 3]! |= 1 << (row & 7);
  }

  /** Lets a row of the index be found, or not any more, whatever a filter says. */
  show(row: number, shown: boolean): void {
    setBit(this.#shown.bits, row, shown);
    this.#filters.clear();
  }

  isShown(row: number): boolean {
    return hasBit(this.#shown.bits, row);
  }

  /** Looks at a row of the index again, whose item was edited. */
  edited(row: number): void {
    for (const { bits, meets } of this.#conditions.values()) setBit(bits, row, meets(this.#catalogueRow[row]!));
    this.#filters.clear();
  }

  /** The rows that are shown and pass the filter. Not to be written to. */
  of(filter: Filter | undefined): Bitmap {
    const key = JSON.stringify(filter ?? null);
    const cached = this.#filters.get(key);
    if (cached !== undefined) return cached;
    const { words, bits } = filter === undefined ? this.#shown : and(this.#combined(filter), this.#shown);
    const bitmap = { bits, count: countBits(words) };
    if (this.#filters.size >= keptFilters) this.#filters.delete(this.#filters.keys().next().value!);
    this.#filters.set(key, bitmap);
    return bitmap;
  }

  /** Words that the caller may write to. */
  #combined(filter: Filter): Words {
    if ('all' in filter || 'any' in filter) {
      const [first, ...others] = 'all' in filter ? filter.all : filter.any;
      const combine = 'all' in filter ? and : or;
      return others.reduce((sum, part) => combine(sum, this.#combined(part)), this.#combined(first!));
    }
    if ('not' in filter) {
      const inner = this.#combined(filter.not);
      // Bits beyond the last row become ones; and-ing with what is shown clears them.
      for (let i = 0; i < inner.words.length; i++) inner.words[i] = ~inner.words[i]!;
      return inner;
    }
    const copy = this.#empty();
    copy.words.set(this.#condition(filter).words);
    return copy;
  }

  #condition(condition: Condition): CachedBitmap {
    const key = JSON.stringify(condition);
    let cached = this.#conditions.get(key);
    if (cached === undefined) {
      const test = meets(condition, this.#catalogue);
      cached = { ...this.#empty(), meets: test };
      for (let row = 0; row < this.#catalogueRow.length; row++) {
        if (test(this.#catalogueRow[row]!)) cached.bits[row >> 3]! |= 1 << (row & 7);
      }
    }
    this.#conditions.delete(key);
    this.#conditions.set(key, cached);
    const most = Math.max(16, Math.floor(keptBytes / (4 + cached.bits.length)));
    if (this.#conditions.size > most) this.#conditions.delete(this.#conditions.keys().next().value!);
    return cached;
  }

  #empty(): Words {
    const bytes = Math.ceil(this.#catalogueRow.length / 8);
    const words = new Uint32Array(Math.ceil(bytes / 4));
    return { words, bits: new Uint8Array(words.buffer, 0, bytes) };
  }
}

/** Whether a bitmap has a row. */
export const hasBit = (bits: Uint8Array, row: number): boolean => ((bits[row >> 3]! >> (row & 7)) & 1) === 1;

function setBit(bits: Uint8Array, row: number, value: boolean): void {
  const mask = 1 << (row & 7);
  bits[row >> 3] = value ? bits[row >> 3]! | mask : bits[row >> 3]! & ~mask;
}

function and(to: Words, from: Words): Words {
  for (let i = 0; i < to.words.length; i++) to.words[i]! &= from.words[i]!;
  return to;
}

function or(to: Words, from: Words): Words {
  for (let i = 0; i < to.words.length; i++) to.words[i]! |= from.words[i]!;
  return to;
}
