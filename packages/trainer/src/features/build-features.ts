import {
  bucketBounds,
  bucketOf,
  type Encoded,
  encodeTerms,
  type Feature,
  type FeatureSpace,
  itemItemTables,
  maxTerms,
  popularityTable,
  sharedBags,
  singleBags,
  type TermColumn,
  tokenize,
} from '@duet/artifact/inputs';
import { DuetError } from '@duet/base';
import type { Catalogue, Interactions, UserTable } from '@duet/datasets';
import { inputPlan, type TrainingSettings } from '@duet/models';
import { buildContext } from './build-context.ts';
import { hasItemItem, itemItemDims } from './item-item.ts';
import { hasPopularity } from './popularity.ts';

/**
 * Attribute columns that tell entities apart without naming each: two values or more, shared by two entities on
 * average, and maxTerms at most unless an entity has several.
 */
function categorical(columns: Record<string, string[]>): [string, TermColumn][] {
  return Object.entries(columns).flatMap(([name, values]) => {
    const terms: TermColumn = {
      length: values.length,
      at: (i) => (values[i] === '' ? [] : values[i]!.split('|')),
    };
    const distinct = new Set<string>();
    let all = 0;
    let pooled = false;
    for (let i = 0; i < terms.length; i++) {
      const list = terms.at(i)!;
      for (const term of list) distinct.add(term);
      all += list.length;
      pooled ||= list.length > 1;
    }
    return distinct.size >= 2 && distinct.size <= all / 2 && (pooled || distinct.size <= maxTerms)
      ? [[name, terms]]
      : [];
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
 * for it. Only what a model of the kind reads is kept.
 *
 * @throws DuetError `bad-input` where the settings leave nothing that tells users apart
 */
export function buildFeatures(
  data: { interactions: Interactions; catalogue: Catalogue; users: UserTable },
  settings: TrainingSettings,
  kind = 'dat',
  train: Int32Array = Int32Array.from(data.interactions.user.keys()),
): FeatureSpace {
  const { interactions, catalogue, users } = data;
  const ids = (n: number): Encoded => ({
    vocabulary: [],
    bags: sharedBags(singleBags(new Int32Array(n).map((_, i) => i + 1))),
  });
  const user: Record<string, Encoded> = settings.userIds ? { user_id: ids(interactions.users.length) } : {};
  const words = (titles: string[]): { title?: Encoded } => {
    const title = encodeTerms({ length: titles.length, at: (i) => tokenize(titles[i]!) }, 2);
    return title.vocabulary.length > 0 ? { title } : {};
  };
  Object.assign(user, words(users.title));
  for (const [name, terms] of categorical(users.attributes)) user[name] ??= encodeTerms(terms, 2);

  const item: Record<string, Encoded> = { item_id: ids(catalogue.ids.length) };
  if (catalogue.categories.length > 1) {
    const { category, categories } = catalogue;
    const at = (i: number) => (category[i]! < 0 ? [] : [categories[category[i]!]!]);
    item.category = encodeTerms({ length: category.length, at }, 1);
  }
  Object.assign(item, words(catalogue.title));
  if (catalogue.priceMinor.some((price) => !Number.isNaN(price))) {
    const bounds = bucketBounds(catalogue.priceMinor);
    const { priceMinor } = catalogue;
    const at = (i: number) => bucketOf(priceMinor[i]!, bounds);
    item.price = { ...encodeTerms({ length: priceMinor.length, at }, 1), bounds };
  }
  for (const [name, terms] of categorical(catalogue.attributes)) item[name] ??= encodeTerms(terms, 2);

  const plan = inputPlan(kind, settings);
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
  const items = catalogue.ids.length;
  if (hasItemItem(interactions, items, settings)) {
    const dims = itemItemDims(items, settings);
    for (const table of Object.values(itemItemTables)) tables[table] = { rows: 1 + items, dims };
  }
  if (hasPopularity(interactions, settings)) tables[popularityTable] = { rows: 1 + catalogue.ids.length, dims: 1 };
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
