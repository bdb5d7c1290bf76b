import { DuetError, inSlices } from '@duet/base';
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
export async function facetsOf(
  catalogue: LiveCatalogue,
  rows: Int32Array,
  names: readonly string[],
): Promise<Record<string, Facet>> {
  const counted = rows.subarray(0, mostCounted);
  const facets: Record<string, Facet> = {};
  for (const name of names) facets[name] = await facetOf(catalogue, counted, name);
  return facets;
}

async function facetOf(catalogue: LiveCatalogue, rows: Int32Array, name: string): Promise<Facet> {
  if (name === 'price') return { values: [], ...rangeOf(catalogue, rows) };
  const values = valuesOf(catalogue, name);
  const counts = new Map<string, number>();
  const count = (value: string) => counts.set(value, (counts.get(value) ?? 0) + 1);
  await inSlices(rows.length, (from, to) => {
    for (const row of rows.subarray(from, to)) {
      const text = values(row);
      if (text === undefined || text === '') continue;
      if (name !== 'category' && text.includes('|')) for (const value of new Set(text.split('|'))) count(value);
      else count(text);
    }
  });
  const sorted = Array.from(counts, ([value, times]) => ({ value, count: times }));
  sorted.sort((one, other) => other.count - one.count || (one.value < other.value ? -1 : 1));
  return { values: sorted.slice(0, mostValues) };
}

/** What a column says of a row; several values of an attribute are joined by |. */
function valuesOf(catalogue: LiveCatalogue, name: string): (row: number) => string | undefined {
  if (name === 'category') return (row) => catalogue.categories[catalogue.category[row]!];
  if (name === 'inStock') return (row) => String(catalogue.inStock[row] === 1);
  const column = catalogue.attributes[name];
  if (column !== undefined) return (row) => column[row];
  const near = nearNames(name, ['category', 'price', 'inStock', ...Object.keys(catalogue.attributes)]);
  throw new DuetError('bad-input', `No item has an attribute "${name}".`, {
    where: { field: 'facets' },
    ...(near.length > 0 && { fix: `There is ${near.map((one) => `"${one}"`).join(', ')}.` }),
  });
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
