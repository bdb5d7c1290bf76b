import { DuetError } from '@duet/base';
import { z } from 'zod';
import type { LiveCatalogue } from './catalogue.ts';
import { nearNames } from './near-names.ts';

const name = z.string().min(1).max(200);
const names = z.array(name).min(1).max(100);

const condition = z.union([
  z.strictObject({ category: names }),
  /** In minor units, both ends included. An item without a price is never within. */
  z
    .strictObject({ price: z.strictObject({ min: z.int().min(0).optional(), max: z.int().min(0).optional() }) })
    .refine(({ price: { min, max } }) => (min ?? max) !== undefined && (min ?? 0) <= (max ?? Infinity), {
      message: 'A price has a min, a max that is not less, or both',
    }),
  z.strictObject({ inStock: z.boolean() }),
  /** Items that have one of these tags: values of the attribute "tags". */
  z.strictObject({ tag: names }),
  z.strictObject({ attribute: z.strictObject({ name, in: names }) }),
]);
/** One thing that a filter asks of an item. */
export type Condition = z.infer<typeof condition>;

/** Which items may be answered with: conditions over the catalogue's columns, combined by all, any and not. */
export type Filter = Condition | { all: Filter[] } | { any: Filter[] } | { not: Filter };

/** A filter and every part of one. */
export const filterPart: z.ZodType<Filter> = z.lazy(() =>
  z.union([
    condition,
    z.strictObject({ all: z.array(filterPart).min(1).max(20) }),
    z.strictObject({ any: z.array(filterPart).min(1).max(20) }),
    z.strictObject({ not: filterPart }),
  ]),
);

/** A filter has this many conditions and combinations at most. */
const maxParts = 100;
const maxDepth = 20;
/** A condition names at most a hundred values, and an object of a filter has no more than one or two fields. */
const maxFields = 100;

const partsOf = (filter: Filter): number => {
  if ('all' in filter || 'any' in filter) {
    return 1 + ('all' in filter ? filter.all : filter.any).reduce((sum, part) => sum + partsOf(part), 0);
  }
  return 'not' in filter ? 1 + partsOf(filter.not) : 1;
};

const tooLarge = `A filter has at most ${maxParts} parts`;

/**
 * Objects of a filter: a condition is one or two, a combination one. Infinity for what is no filter of a modest size.
 */
function objectsIn(value: unknown, depth: number): number {
  if (value === null || typeof value !== 'object') return 0;
  if (depth > 2 * maxDepth) return Infinity;
  const inside = Object.values(value);
  if (inside.length > maxFields) return Infinity;
  let objects = Array.isArray(value) ? 0 : 1;
  for (const one of inside) {
    objects += objectsIn(one, depth + 1);
    if (objects > 2 * maxParts) return Infinity;
  }
  return objects;
}

/**
 * `{ category: ["Mugs"] }`, `{ all: [{ price: { max: 999 } }, { not: { tag: ["sale"] } }] }` … Its size is looked at
 * before its parts are: each part that is none costs as much as ten that are some.
 */
export const filterSchema = z.preprocess(
  (value, context) => {
    if (objectsIn(value, 0) <= 2 * maxParts) return value;
    context.issues.push({ code: 'custom', message: tooLarge, input: undefined });
    return z.NEVER;
  },
  filterPart.refine((filter) => partsOf(filter) <= maxParts, { message: tooLarge }),
);

/** Where tags lie among the attributes. */
const tagAttribute = 'tags';

/** Where all levels of an item's category lie among the attributes, from the root: a filter may name any of them. */
const categoryPath = 'category path';

/** Calls `visit` with every condition of a filter. */
function visitConditions(filter: Filter, visit: (condition: Condition) => void): void {
  if ('all' in filter) for (const part of filter.all) visitConditions(part, visit);
  else if ('any' in filter) for (const part of filter.any) visitConditions(part, visit);
  else if ('not' in filter) visitConditions(filter.not, visit);
  else visit(filter);
}

/** Whether a filter asks for what is in stock, or for what is not. */
export function asksForStock(filter: Filter): boolean {
  let asks = false;
  visitConditions(filter, (condition) => {
    if ('inStock' in condition) asks = true;
  });
  return asks;
}

/** A condition as the attribute that it asks about; undefined for one about a column. */
function asAttribute(condition: Condition): { name: string; in: string[] } | undefined {
  if ('tag' in condition) return { name: tagAttribute, in: condition.tag };
  return 'attribute' in condition ? condition.attribute : undefined;
}

/**
 * Refuses a name that no item has, rather than answer with nothing.
 *
 * @throws DuetError `bad-input` naming the nearest names there are
 */
export function checkFilter(filter: Filter, catalogue: LiveCatalogue): void {
  const refuse = (what: string, wrong: string, there: Iterable<string>) => {
    const near = nearNames(wrong, there);
    throw new DuetError('bad-input', what, {
      where: { field: 'filters' },
      ...(near.length > 0 && { fix: `There is ${near.map((one) => `"${one}"`).join(', ')}.` }),
    });
  };
  visitConditions(filter, (condition) => {
    if ('category' in condition) {
      for (const category of condition.category) {
        if (catalogue.categoryItems(category) > 0 || catalogue.valuesOf(categoryPath)?.has(category)) continue;
        const filled = catalogue.categories.filter((known) => catalogue.categoryItems(known) > 0);
        refuse(`No item of the catalogue is in a category "${category}".`, category, filled);
      }
    }
    const asked = asAttribute(condition);
    if (asked === undefined) return;
    const values = catalogue.valuesOf(asked.name);
    if (values === undefined) {
      if ('tag' in condition) refuse('No item of the catalogue has tags (an attribute "tags").', '', []);
      refuse(`No item has an attribute "${asked.name}".`, asked.name, Object.keys(catalogue.attributes));
    }
    for (const value of asked.in) {
      if (values!.has(value)) continue;
      const what = 'tag' in condition ? `the tag "${value}"` : `"${value}" as ${asked.name}`;
      refuse(`No item of the catalogue has ${what}.`, value, values!.keys());
    }
  });
}

/** Whether an item, by catalogue row, meets a condition. */
export function meets(condition: Condition, catalogue: LiveCatalogue): (row: number) => boolean {
  if ('category' in condition) {
    const categoryNumbers = new Set(condition.category.map((category) => catalogue.categories.indexOf(category)));
    categoryNumbers.delete(-1);
    const levels = new Set(condition.category);
    const paths = catalogue.attributes[categoryPath];
    return (row) =>
      categoryNumbers.has(catalogue.category[row]!) ||
      (paths !== undefined && paths[row]!.split('|').some((one) => levels.has(one)));
  }
  if ('price' in condition) {
    const { min = 0, max = Infinity } = condition.price;
    return (row) => catalogue.priceMinor[row]! >= min && catalogue.priceMinor[row]! <= max;
  }
  if ('inStock' in condition) return (row) => (catalogue.inStock[row] === 1) === condition.inStock;
  const asked = asAttribute(condition)!;
  const accepted = new Set(asked.in);
  return (row) => {
    const value = catalogue.attributes[asked.name]?.[row];
    if (!value) return false;
    return value.includes('|') ? value.split('|').some((one) => accepted.has(one)) : accepted.has(value);
  };
}

/** Whether an item, by catalogue row, passes a filter; without one each does. */
export function passes(filter: Filter | undefined, catalogue: LiveCatalogue): (row: number) => boolean {
  if (filter === undefined) return () => true;
  if ('all' in filter || 'any' in filter) {
    const parts = ('all' in filter ? filter.all : filter.any).map((part) => passes(part, catalogue));
    return 'all' in filter ? (row) => parts.every((part) => part(row)) : (row) => parts.some((part) => part(row));
  }
  if ('not' in filter) {
    const part = passes(filter.not, catalogue);
    return (row) => !part(row);
  }
  return meets(filter, catalogue);
}
