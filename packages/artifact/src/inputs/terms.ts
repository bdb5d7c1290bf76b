import type { Bags } from './bags.ts';
import type { Encoded } from './feature-space.ts';
import { shared } from './shared-memory.ts';
import { rowsOf } from './vocabulary.ts';

/** Terms of a feature at most, the most frequent; an attribute with more single values is free text or a key. */
export const maxTerms = 5000;
const priceBuckets = 10;

/** Words of a title, lower case, letters and digits of any script. */
export const tokenize = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** The same bags in memory that every thread sees. */
export const sharedBags = ({ start, row, weight }: Bags): Bags => ({
  start: shared(start),
  row: shared(row),
  weight: shared(weight),
});

/**
 * The terms of each entity of a column: an array of them, or what makes them one entity at a time, for they take room.
 */
export interface TermColumn {
  readonly length: number;
  at(entity: number): readonly string[] | undefined;
}

/** Terms to rows: those that `minCount` entities have, most frequent first, pooled as {@link poolTerms} does. */
export function encodeTerms(terms: TermColumn, minCount: number): Encoded {
  const counts = new Map<string, number>();
  for (let i = 0; i < terms.length; i++) {
    for (const term of new Set(terms.at(i))) counts.set(term, (counts.get(term) ?? 0) + 1);
  }
  const vocabulary = [...counts]
    .filter(([, n]) => n >= minCount)
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, maxTerms)
    .map(([term]) => term);
  return { vocabulary, bags: poolTerms(terms, rowsOf(vocabulary)) };
}

/** The distinct rows of an entity's terms, or row 0. */
export function rowsOfTerms(terms: readonly string[], rowOf: ReadonlyMap<string, number>): number[] {
  const rows = [...new Set(terms)].flatMap((term) => rowOf.get(term) ?? []);
  return rows.length > 0 ? rows : [0];
}

/** The rows of each entity's terms, averaged: row 0 for an entity without any that the vocabulary has. */
export function poolTerms(terms: TermColumn, rowOf: ReadonlyMap<string, number>): Bags {
  const start = new Int32Array(terms.length + 1);
  let row = new Int32Array(terms.length);
  for (let i = 0; i < terms.length; i++) {
    const rows = rowsOfTerms(terms.at(i) ?? [], rowOf);
    const end = start[i]! + rows.length;
    if (end > row.length) {
      const larger = new Int32Array(2 * end);
      larger.set(row);
      row = larger;
    }
    row.set(rows, start[i]);
    start[i + 1] = end;
  }
  const weight = new Float32Array(start[terms.length]!);
  for (let i = 0; i < terms.length; i++) weight.fill(1 / (start[i + 1]! - start[i]!), start[i], start[i + 1]);
  return sharedBags({ start, row: row.subarray(0, weight.length), weight });
}

/** Between quantile buckets: the greatest of the numbers below each but the first. NaN is unknown. */
export function bucketBounds(numbers: ArrayLike<number>): number[] {
  const sorted = Float64Array.from(Array.from(numbers).filter((x) => !Number.isNaN(x))).sort();
  const bounds: number[] = [];
  for (let less = 1; less < sorted.length; less++) {
    while (bounds.length < Math.floor((less / sorted.length) * priceBuckets)) bounds.push(sorted[less - 1]!);
  }
  return bounds;
}

/** A number's bucket as the term "q0" … : how many bounds are less; none for NaN. */
export const bucketOf = (x: number, bounds: readonly number[]): string[] =>
  Number.isNaN(x) ? [] : [`q${bounds.filter((bound) => bound < x).length}`];
