import { DuetError } from '@duet/base';
import type { LiveCatalogue } from './catalogue.ts';
import { nearNames } from './near-names.ts';

/** How the items of a list divide by one of their columns. */
export interface Facet {
  /** Most items first. */
  values: { value: string; count: number }[];
  /** Of the price, in minor units; undefined where no item has one. */
  range?: { min: number; max: number };
}

/** Values that a facet tells at most. */
const mostValues = 100;
/** Items that are counted at most: what comes beyond them changes little. */
const mostCounted = 100_000;

/**
 * Counts items by their category, price, stock or attributes.
 *
 * @param rows catalogue rows
 * @throws DuetError `bad-input` naming the columns that are near the one there is not
 */
export function facetsOf(catalogue: LiveCatalogue, rows: Int32Array, names: readonly string[]): Record<string, Facet> {
  const counted = rows.subarray(0, mostCounted);
  return Object.fromEntries(names.map((name) => [name, facetOf(catalogue, counted, name)]));
}

function facetOf(catalogue: LiveCatalogue, rows: Int32Array, name: string): Facet {
  if (name === 'price') return { values: [], ...rangeOf(catalogue, rows) };
  const counts = new Map<string, number>();
  const count = (value: string) => counts.set(value, (counts.get(value) ?? 0) + 1);
  if (name === 'category') {
    const { category, categories } = catalogue;
    for (const row of rows) if (category[row]! >= 0) count(categories[category[row]!]!);
  } else if (name === 'inStock') for (const row of rows) count(String(catalogue.inStock[row] === 1));
  else {
    const column = catalogue.attributes[name];
    if (column === undefined) {
      const near = nearNames(name, ['category', 'price', 'inStock', ...Object.keys(catalogue.attributes)]);
      throw new DuetError('bad-input', `No item has an attribute "${name}".`, {
        where: { field: 'facets' },
        ...(near.length > 0 && { fix: `There is ${near.map((one) => `"${one}"`).join(', ')}.` }),
      });
    }
    for (const row of rows) {
      const text = column[row]!;
      if (text === '') continue;
      if (text.includes('|')) for (const value of new Set(text.split('|'))) count(value);
      else count(text);
    }
  }
  const values = Array.from(counts, ([value, times]) => ({ value, count: times }));
  values.sort((one, other) => other.count - one.count || (one.value < other.value ? -1 : 1));
  return { values: values.slice(0, mostValues) };
}

function rangeOf({ priceMinor }: LiveCatalogue, rows: Int32Array): Pick<Facet, 'range'> {
  let [min, max] = [Infinity, -Infinity];
  for (const row of rows) {
    const price = priceMinor[row]!;
    if (price < min) min = price;
    if (price > max) max = price;
  }
  return max < min ? {} : { range: { min, max } };
}
