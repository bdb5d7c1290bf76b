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

/** Item ids that a user does not want: those are not shown, whoever else would show them. */
const unwantedBy = (dataset: ServedDataset, userId: string, { exclude = [], recent }: Wishes): string[] => [
  ...exclude,
  ...(dataset.disliked.get(userId) ?? []),
  ...(recent?.disliked ?? []),
];

/**
 * Tells each catalogue row that a user must not be shown, some more than once: what they do not want, and what they
 * have.
 *
 * @param seen catalogue rows of what the model knows that the user had
 */
export function hideFrom(
  dataset: ServedDataset,
  userId: string,
  seen: ArrayLike<number>,
  wishes: Wishes,
  hide: (item: number) => void,
): void {
  const { catalogue, interactions, queryId } = dataset;
  const { seen: had = 'hide', history = [], recent, situation } = wishes;
  const hideId = (itemId: string) => {
    const row = catalogue.rowOf.get(itemId);
    if (row !== undefined) hide(row);
  };
  unwantedBy(dataset, userId, wishes).forEach(hideId);
  if (had !== 'hide' || queryId !== undefined) return;
  recent?.ordered.forEach(hideId);
  history.forEach(hideId);
  // What was only looked at is no less wanted.
  const viewed = onlyViewed(dataset, userId);
  for (const rows of [seen, boughtBy(dataset, userId, situation?.time)]) {
    for (let at = 0; at < rows.length; at++) if (!viewed.has(rows[at]!)) hide(rows[at]!);
  }
  // Where users and items are of one kind, somebody who joined after the training is not to be shown themselves either.
  if (isOneKind(interactions.sides ?? userItem)) hideId(userId);
}

/** Whether the shop may pin an item for a user: they may have bought it, but it may not be ruled out. */
export function mayPinFor(dataset: ServedDataset, userId: string, wishes: Wishes): MaySee {
  const hidden = catalogueRows(dataset, unwantedBy(dataset, userId, wishes));
  return maySee(dataset.catalogue, { hidden, filter: inStockOnly(dataset, wishes.filter) });
}

/**
 * What a user may be recommended, and what the shop may pin for them.
 *
 * @param userId the user or query that is answered
 * @param seen catalogue rows of what the model knows that the user had
 */
export function visibleTo(
  dataset: ServedDataset,
  userId: string,
  seen: readonly number[],
  wishes: Wishes,
  rules: RulesInForce,
): { visible: Visible; mayPin: MaySee } {
  const hidden = new Set<number>();
  hideFrom(dataset, userId, seen, wishes, (item) => hidden.add(item));
  const visible = withoutBlocked({ hidden, filter: inStockOnly(dataset, wishes.filter) }, rules);
  return { visible, mayPin: mayPinFor(dataset, userId, wishes) };
}
