import { isOneKind, type Situation, userItem } from '@duet/datasets';
import type { RulesInForce } from '@duet/ranking';
import type { LiveCatalogue } from './catalogue/catalogue.ts';
import { asksForStock, type Filter, passes } from './catalogue/filter.ts';
import { boughtBy, onlyViewed, type ServedDataset } from './dataset.ts';
import type { RecentHistory } from './users/recent-events.ts';

/** What must not be found. */
export interface Visible {
  /** Catalogue rows that are left out. */
  hidden: ReadonlySet<number>;
  /** What the others must pass. */
  filter?: Filter | undefined;
}

/** Whether an item, by catalogue row, may be seen. */
export type MaySee = (item: number) => boolean;

export function maySee(catalogue: LiveCatalogue, { hidden, filter }: Visible): MaySee {
  const pass = passes(filter, catalogue);
  return (item) => !hidden.has(item) && catalogue.withdrawn[item] === 0 && pass(item);
}

/** Catalogue rows of those items that there are. */
export function catalogueRows({ catalogue }: ServedDataset, itemIds: readonly string[]): Set<number> {
  const rows = new Set<number>();
  for (const itemId of itemIds) {
    const row = catalogue.rowOf.get(itemId);
    if (row !== undefined) rows.add(row);
  }
  return rows;
}

/** Leaves out what is out of stock, too, unless the dataset shows it or the filter asks for it. */
export function inStockOnly(
  { catalogue, showOutOfStock }: Pick<ServedDataset, 'catalogue' | 'showOutOfStock'>,
  filter: Filter | undefined,
): Filter | undefined {
  if (showOutOfStock || catalogue.outOfStock === 0) return filter;
  if (filter === undefined) return { inStock: true };
  return asksForStock(filter) ? filter : { all: [filter, { inStock: true }] };
}

/** Leaves out what the shop blocks, too. */
export function withoutBlocked(
  { hidden, filter }: Visible,
  { blockedItems, blockedCategories }: RulesInForce,
): Visible {
  const blocked: Filter | undefined =
    blockedCategories.length === 0 ? undefined : { not: { category: [...blockedCategories] } };
  const both = filter === undefined || blocked === undefined ? (filter ?? blocked) : { all: [filter, blocked] };
  return { hidden: blockedItems.size === 0 ? hidden : new Set([...hidden, ...blockedItems]), filter: both };
}

/** What becomes of items that the user bought: they are left out, shown as others are, or nothing else is shown. */
export type Seen = 'hide' | 'show' | 'only';

/** What a request says of the items that its user may see. */
interface Wishes {
  exclude?: readonly string[];
  seen?: Seen | undefined;
  filter?: Filter | undefined;
  history?: readonly string[] | undefined;
  recent?: RecentHistory | undefined;
  situation?: Situation | undefined;
}

/**
 * What a user may be recommended, and what the shop may pin for them: they may have bought a pinned item, but the
 * request may not rule it out.
 *
 * @param userId the user or query that is answered
 * @param seen catalogue rows of what the model knows that the user had
 */
export function visibleTo(
  dataset: ServedDataset,
  userId: string,
  seen: readonly number[],
  { exclude = [], seen: had = 'hide', filter: wished, history = [], recent, situation }: Wishes,
  rules: RulesInForce,
): { visible: Visible; mayPin: MaySee } {
  const { catalogue, interactions, queryId } = dataset;
  const filter = inStockOnly(dataset, wished);
  // What they do not want is not shown, whoever else would show it.
  const unwanted = [...exclude, ...(dataset.disliked.get(userId) ?? []), ...(recent?.disliked ?? [])];
  const excluded = catalogueRows(dataset, unwanted);
  const mayPin = maySee(catalogue, { hidden: excluded, filter });
  if (had !== 'hide' || queryId !== undefined) {
    return { visible: withoutBlocked({ hidden: excluded, filter }, rules), mayPin };
  }
  const hidden = catalogueRows(dataset, [...(recent?.ordered ?? []), ...history, ...unwanted]);
  // What was only looked at is no less wanted.
  const viewed = onlyViewed(dataset, userId);
  for (const row of seen) if (!viewed.has(row)) hidden.add(row);
  for (const row of boughtBy(dataset, userId, situation?.time)) if (!viewed.has(row)) hidden.add(row);
  // Where users and items are of one kind, somebody who joined after the training is not to be shown themselves either.
  const self = isOneKind(interactions.sides ?? userItem) ? catalogue.rowOf.get(userId) : undefined;
  if (self !== undefined) hidden.add(self);
  return { visible: withoutBlocked({ hidden, filter }, rules), mayPin };
}
