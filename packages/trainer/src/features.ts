import { DuetError } from '@duet/config';
import type { Catalogue, Interactions, UserTable } from '@duet/datasets';
import { type ArchitectureName, inputPlan } from '@duet/models';
import { buildContext, type ContextFeature } from './context.ts';
import type { TrainingSettings } from './settings.ts';
import { shared } from './shared.ts';
import { type Bags, singleBags } from './tables.ts';
import { rowsOf } from './vocabulary.ts';

/** One column of a tower's input: pooled rows of one table. */
export interface Feature {
  /** "user_id", "country", "history", "title" … */
  name: string;
  /** Key of its table; `history` may share the item ids' table. */
  table: string;
  dims: number;
  /** First column in the concatenated input. */
  offset: number;
  /** A view of the user's last items: the weight of each, per item that came after it. */
  decay?: number | undefined;
}

/** A feature's rows for every user or item: a vocabulary and the entities' bags. Row 0 of each table is "unknown". */
export interface Encoded {
  /** Terms of rows 1, 2, …; empty for id tables, whose row is 1 + the entity's own. */
  vocabulary: string[];
  bags: Bags;
  /** Of a number that was put in buckets: {@link bucketBounds}. */
  bounds?: number[] | undefined;
}

/** Both towers' inputs: which features there are, and every user's and item's rows in them. */
export interface FeatureSpace {
  user: Feature[];
  item: Feature[];
  /** Features of each item of an unpooled history: those of `item`, or none. */
  sequence: Feature[];
  userWidth: number;
  itemWidth: number;
  /** Rows and width of each table. */
  tables: Record<string, { rows: number; dims: number }>;
  /** By feature name. `history` is not here: it depends on the moment. */
  encoded: { user: Record<string, Encoded>; item: Record<string, Encoded> };
  /** Of the situation, by feature name: inputs of the user tower too. */
  context: Record<string, ContextFeature>;
}

/** Of a model that looks at ids alone. */
export const noFeatures: FeatureSpace = {
  user: [],
  item: [],
  sequence: [],
  userWidth: 0,
  itemWidth: 0,
  tables: {},
  encoded: { user: {}, item: {} },
  context: {},
};

/** Terms of a feature at most, the most frequent; an attribute with more single values is free text or a key. */
const maxTerms = 5000;
const priceBuckets = 10;

/** Words of a title, lower case, letters and digits of any script. */
export const tokenize = (text: string): string[] => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

/** The same bags in memory that every thread sees. */
const sharedBags = ({ start, row, weight }: Bags): Bags => ({
  start: shared(start),
  row: shared(row),
  weight: shared(weight),
});

/** Terms to rows: those that `minCount` entities have, most frequent first, pooled as {@link poolTerms} does. */
export function encodeTerms(terms: string[][], minCount: number): Encoded {
  const counts = new Map<string, number>();
  for (const list of terms) for (const term of new Set(list)) counts.set(term, (counts.get(term) ?? 0) + 1);
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
export function poolTerms(terms: readonly (readonly string[])[], rowOf: ReadonlyMap<string, number>): Bags {
  const start = new Int32Array(terms.length + 1);
  const row: number[] = [];
  const weight: number[] = [];
  terms.forEach((list, i) => {
    const rows = rowsOfTerms(list, rowOf);
    for (const r of rows) {
      row.push(r);
      weight.push(1 / rows.length);
    }
    start[i + 1] = row.length;
  });
  return sharedBags({ start, row: Int32Array.from(row), weight: Float32Array.from(weight) });
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

/**
 * Attribute columns that tell entities apart without naming each: two values or more, shared by two entities on average,
 * and maxTerms at most unless an entity has several.
 */
function categorical(columns: Record<string, string[]>): [string, string[][]][] {
  return Object.entries(columns).flatMap(([name, values]) => {
    const terms = values.map((value) => (value === '' ? [] : value.split('|')));
    const all = terms.flat();
    const distinct = new Set(all).size;
    const pooled = terms.some((list) => list.length > 1);
    return distinct >= 2 && distinct <= all.length / 2 && (pooled || distinct <= maxTerms) ? [[name, terms]] : [];
  });
}

/** Lays the features side by side, or over each other to be summed, and gives each its table. */
function layOut(features: Omit<Feature, 'offset'>[], sum = false): { features: Feature[]; width: number } {
  let width = 0;
  const placed = features.map((feature) => {
    const offset = sum ? 0 : width;
    width = offset + feature.dims;
    return { ...feature, offset };
  });
  return { features: placed, width };
}

/** Those that are features. */
const read = (encoded: Record<string, Encoded>, features: Feature[]): Record<string, Encoded> =>
  Object.fromEntries(Object.entries(encoded).filter(([name]) => features.some((feature) => feature.name === name)));

/**
 * Chooses and encodes the features of a dataset: ids, every categorical attribute, the words of titles (a query's text
 * is one), and for items the category and the price's quantile; for users the history of items where the settings ask
 * for it. Only what the architecture reads is kept.
 *
 * @throws DuetError `bad-input` where the settings leave nothing that tells users apart
 */
export function buildFeatures(
  data: { interactions: Interactions; catalogue: Catalogue; users: UserTable },
  settings: TrainingSettings,
  architecture: ArchitectureName = 'towers',
  train: Int32Array = Int32Array.from(data.interactions.user.keys()),
): FeatureSpace {
  const { interactions, catalogue, users } = data;
  const ids = (n: number): Encoded => ({
    vocabulary: [],
    bags: sharedBags(singleBags(Int32Array.from({ length: n }, (_, i) => i + 1))),
  });
  const user: Record<string, Encoded> = settings.userIds ? { user_id: ids(interactions.users.length) } : {};
  const words = (titles: string[]): { title?: Encoded } => {
    const title = encodeTerms(titles.map(tokenize), 2);
    return title.vocabulary.length > 0 ? { title } : {};
  };
  Object.assign(user, words(users.title));
  for (const [name, terms] of categorical(users.attributes)) user[name] ??= encodeTerms(terms, 2);

  const item: Record<string, Encoded> = { item_id: ids(catalogue.ids.length) };
  if (catalogue.categories.length > 1) {
    item.category = encodeTerms(
      Array.from(catalogue.category, (c) => (c < 0 ? [] : [catalogue.categories[c]!])),
      1,
    );
  }
  Object.assign(item, words(catalogue.title));
  if (catalogue.priceMinor.some((price) => !Number.isNaN(price))) {
    const bounds = bucketBounds(catalogue.priceMinor);
    const buckets = Array.from(catalogue.priceMinor, (price) => bucketOf(price, bounds));
    item.price = { ...encodeTerms(buckets, 1), bounds };
  }
  for (const [name, terms] of categorical(catalogue.attributes)) item[name] ??= encodeTerms(terms, 2);

  const plan = inputPlan(architecture, settings);
  const entries = (side: 'user' | 'item', names: string[]) =>
    names
      .map((name) => ({ name, table: `${side}.${name}`, dims: plan.dims(side, name) }))
      .filter(({ dims }) => dims > 0);
  const views = settings.history > 0 && plan.history !== 'sequence' ? settings.historyDecay : [];
  const historyTable = plan.history === 'shared' ? 'item.item_id' : 'user.history';
  const history = views.map((decay) => ({
    name: 'history',
    table: historyTable,
    dims: plan.dims('user', 'history'),
    decay,
  }));
  const context = buildContext(interactions, train, plan.dims('user', 'context') > 0 ? settings.context : 'none');
  const situation = Object.keys(context).map((name) => ({
    name,
    table: name,
    dims: plan.dims('user', 'context'),
  }));
  const userSide = layOut([...entries('user', Object.keys(user)), ...situation, ...history]);
  const itemSide = layOut(entries('item', Object.keys(item)), plan.itemSum);

  if (userSide.width === 0 && plan.history !== 'sequence' && settings.augmentedDims === 0) {
    throw new DuetError('bad-input', 'No id, no history and no attribute is left to tell users apart by.', {
      where: { field: 'userIds' },
      fix: 'Set userIds to true or history above 0, or import the users with their attributes.',
    });
  }

  const tables: FeatureSpace['tables'] = {};
  const tableRows = (side: Record<string, Encoded>, name: string) =>
    1 + (side[name]!.vocabulary.length || side[name]!.bags.start.length - 1);
  for (const { name, table, dims } of situation) {
    tables[table] = { rows: 1 + context[name]!.vocabulary.length, dims };
  }
  for (const { name, table, dims, decay } of userSide.features) {
    tables[table] ??= { rows: decay === undefined ? tableRows(user, name) : 1 + catalogue.ids.length, dims };
  }
  for (const { name, table, dims } of itemSide.features) tables[table] = { rows: tableRows(item, name), dims };
  if (settings.augmentedDims > 0) {
    const { augmentedDims: dims, crossFit } = settings;
    const rows = (entities: number) => 1 + entities * (crossFit ? 2 : 1);
    tables['user.augmented'] = { rows: rows(interactions.users.length), dims };
    tables['item.augmented'] = { rows: rows(catalogue.ids.length), dims };
  }
  return {
    user: userSide.features,
    item: itemSide.features,
    sequence: plan.history === 'sequence' ? itemSide.features : [],
    userWidth: userSide.width,
    itemWidth: itemSide.width,
    tables,
    encoded: { user: read(user, userSide.features), item: read(item, itemSide.features) },
    context,
  };
}

/** The bags of some entities out of all: an entity of −1 gets row 0. */
export function selectBags(all: Bags, entities: ArrayLike<number>): Bags {
  const n = entities.length;
  const start = new Int32Array(n + 1);
  for (let i = 0; i < n; i++) {
    const entity = entities[i]!;
    start[i + 1] = start[i]! + (entity < 0 ? 1 : all.start[entity + 1]! - all.start[entity]!);
  }
  const row = new Int32Array(start[n]!);
  const weight = new Float32Array(start[n]!).fill(1);
  for (let i = 0; i < n; i++) {
    const entity = entities[i]!;
    if (entity < 0) continue;
    let to = start[i]!;
    for (let from = all.start[entity]!; from < all.start[entity + 1]!; from++, to++) {
      row[to] = all.row[from]!;
      weight[to] = all.weight[from]!;
    }
  }
  return { start, row, weight };
}

/**
 * The bags of unpooled histories: `length` places a list, its last items first, each with its own bag of `all`; places
 * beyond its end have none.
 */
export function sequenceBags(all: Bags, lists: ArrayLike<number>[], length: number): Bags {
  const items = new Int32Array(lists.length * length).fill(-1);
  const start = new Int32Array(items.length + 1);
  lists.forEach((list, i) => {
    for (let age = 0; age < Math.min(list.length, length); age++)
      items[i * length + age] = list[list.length - 1 - age]!;
  });
  items.forEach((item, at) => {
    start[at + 1] = start[at]! + (item < 0 ? 0 : all.start[item + 1]! - all.start[item]!);
  });
  const row = new Int32Array(start.at(-1)!);
  const weight = new Float32Array(row.length);
  items.forEach((item, at) => {
    if (item < 0) return;
    row.set(all.row.subarray(all.start[item]!, all.start[item + 1]!), start[at]!);
    weight.set(all.weight.subarray(all.start[item]!, all.start[item + 1]!), start[at]!);
  });
  return { start, row, weight };
}

/**
 * The bags of histories: of each list of item rows, oldest first, the last `length`, an item weighing decay^(items
 * after it), weights summing to 1. An empty history gets row 0 of the item ids.
 */
export function historyBags(lists: ArrayLike<number>[], length: number, decay: number): Bags {
  const start = new Int32Array(lists.length + 1);
  const most = decay === 0 ? 1 : length;
  lists.forEach((list, i) => {
    start[i + 1] = start[i]! + Math.max(1, Math.min(list.length, most));
  });
  const row = new Int32Array(start[lists.length]!);
  const weight = new Float32Array(start[lists.length]!);
  lists.forEach((list, i) => {
    const n = Math.min(list.length, most);
    const total = decay === 1 ? n : (1 - decay ** n) / (1 - decay);
    if (n === 0) weight[start[i]!] = 1;
    for (let age = 0; age < n; age++) {
      row[start[i]! + age] = list[list.length - 1 - age]! + 1;
      weight[start[i]! + age] = decay ** age / total;
    }
  });
  return { start, row, weight };
}
