import { DuetError } from '@duet/base';
import {
  findSnapshot,
  type Interactions,
  loadDisliked,
  loadInteractions,
  loadUsers,
  type UserTable,
} from '@duet/datasets';
import type { Database } from '@duet/db';
import { type ItemFacts, itemFacts, type Purchases, withCatalogue } from '@duet/ranking';
import { LiveCatalogue } from './catalogue/catalogue.ts';
import { nearNames } from './catalogue/near-names.ts';

/** An item as every answer shows it. */
export interface ShownItem {
  itemId: string;
  title: string;
  category: string | null;
  priceMinor: number | null;
  inStock: boolean;
  /** Those of its own fields that were asked for, by the catalogue's column; several values are joined by |. */
  fields?: Record<string, string>;
}

/** A user of the dataset, or a query. */
export interface ShownUser {
  userId: string;
  /** A query's text; '' where there is none. */
  title: string;
  attributes: Record<string, string>;
}

/** A real customer of the dataset, or a query. */
export interface Shopper extends ShownUser {
  interactions: number;
  /** Distinct moments of interaction. */
  orders: number;
}

/** One dataset in memory. What depends on the catalogue changes in place, as {@link followCatalogue} says. */
export interface ServedDataset {
  id: string;
  /** Whose interactions and users these are. */
  snapshotId: string;
  /** ISO 4217 code of the prices. */
  currency: string;
  /** Whether items that are out of stock are shown, where a request says nothing of the stock. */
  showOutOfStock: boolean;
  /** Whether `interactions.time` is Unix seconds and not a position. */
  timed: boolean;
  catalogue: LiveCatalogue;
  interactions: Interactions;
  /** Items that users took back, by user id: hidden from them. */
  disliked: ReadonlyMap<string, readonly string[]>;
  users: UserTable;
  facts: ItemFacts;
  userRow: ReadonlyMap<string, number>;
  /** Where queries are asked: the id of each by its text in lower case. */
  queryId: ReadonlyMap<string, string> | undefined;
  /** Interactions of user row u are rows `userStart[u] … userStart[u + 1]`. */
  userStart: Int32Array;
  /** Item rows, most bought first. */
  popular: Int32Array;
  /** User rows, most active first. */
  active: Int32Array;
}

type Context = { db: Database; dataDir: string };

export async function loadDataset(ctx: Context, datasetId: string): Promise<ServedDataset> {
  const [row, known] = await Promise.all([
    ctx.db.prisma.dataset.findUniqueOrThrow({ where: { id: datasetId } }),
    loadNewest(ctx, datasetId),
  ]);
  const catalogue = await LiveCatalogue.open(ctx.db, datasetId, known.interactions.items);
  const timed = row.firstAt !== null;
  const { currency, showOutOfStock } = row;
  return { id: datasetId, currency, showOutOfStock, timed, catalogue, ...interactionsOf(known, catalogue, timed) };
}

type Snapshotted = Pick<ServedDataset, 'snapshotId' | 'interactions' | 'disliked' | 'users'>;

/** The newest snapshot, or where its files are damaged the newest of the sound ones. */
async function loadNewest(ctx: Context, datasetId: string): Promise<Snapshotted> {
  const { id: newest, number } = await findSnapshot(ctx, datasetId);
  return loadSnapshot(ctx, datasetId, newest).catch(async (error) => {
    if (!(error instanceof DuetError)) throw error;
    const older = {
      where: { datasetId, number: { lt: number } },
      orderBy: { number: 'desc' },
      select: { id: true },
    } as const;
    for (const { id } of await ctx.db.prisma.snapshot.findMany(older)) {
      const sound = await loadSnapshot(ctx, datasetId, id).catch(() => undefined);
      if (sound !== undefined) return sound;
    }
    throw error;
  });
}

async function loadSnapshot(ctx: Context, datasetId: string, snapshotId: string): Promise<Snapshotted> {
  const [interactions, disliked, users] = await Promise.all([
    loadInteractions(ctx, datasetId, snapshotId),
    loadDisliked(ctx, datasetId, snapshotId),
    loadUsers(ctx, datasetId, snapshotId),
  ]);
  return { snapshotId, interactions, disliked, users };
}

/** What follows from a snapshot's interactions, by rows of the catalogue. */
function interactionsOf(
  { snapshotId, interactions: read, disliked, users }: Snapshotted,
  catalogue: LiveCatalogue,
  timed: boolean,
) {
  const rowOf = Int32Array.from(read.items, (id) => catalogue.rowOf.get(id)!);
  const interactions = { ...read, items: catalogue.ids, item: read.item.map((item) => rowOf[item]!) };
  const userStart = new Int32Array(interactions.users.length + 1);
  for (const user of interactions.user) userStart[user + 1]!++;
  for (let u = 0; u < interactions.users.length; u++) userStart[u + 1]! += userStart[u]!;
  const purchases = interactions.users.map((_, u): Purchases => {
    const of = <T>(column: { subarray(from: number, to: number): T }) =>
      column.subarray(userStart[u]!, userStart[u + 1]!);
    return { items: of(interactions.item), ...(timed && { times: of(interactions.time) }) };
  });
  const facts = itemFacts(catalogue, purchases);
  return {
    ...{ snapshotId, interactions, disliked, users, facts, userStart },
    queryId:
      interactions.sides?.left === 'query'
        ? new Map(users.title.map((title, u) => [title.toLowerCase(), interactions.users[u]!]))
        : undefined,
    userRow: new Map(interactions.users.map((id, i) => [id, i])),
    popular: descending(facts.popularity),
    active: descending(userStart.subarray(1).map((end, u) => end - userStart[u]!)),
  };
}

/** Takes over the dataset's newest snapshot, at once and in place, where it is another. @returns whether it was */
export async function followSnapshot(ctx: Context, dataset: ServedDataset): Promise<boolean> {
  const { id: snapshotId } = await findSnapshot(ctx, dataset.id);
  if (snapshotId === dataset.snapshotId) return false;
  const known = await loadSnapshot(ctx, dataset.id, snapshotId);
  // The items of a snapshot are rows of the database before it is.
  await followCatalogue(dataset);
  Object.assign(dataset, interactionsOf(known, dataset.catalogue, dataset.timed));
  return true;
}

const none: ReadonlySet<number> = new Set();

/** Item rows that a user only looked at: those hide nothing. */
export function onlyViewed(
  { interactions, userRow, userStart }: Pick<ServedDataset, 'interactions' | 'userRow' | 'userStart'>,
  userId: string,
): ReadonlySet<number> {
  const user = interactions.hides === undefined ? undefined : userRow.get(userId);
  if (interactions.hides === undefined || user === undefined) return none;
  const viewed = new Set<number>();
  const [from, to] = [userStart[user]!, userStart[user + 1]!];
  for (let row = from; row < to; row++) if (interactions.hides[row] === 0) viewed.add(interactions.item[row]!);
  for (let row = from; row < to; row++) if (interactions.hides[row] === 1) viewed.delete(interactions.item[row]!);
  return viewed;
}

/** Row numbers by falling value, the lower row first among equals. */
function descending(values: Int32Array): Int32Array {
  return Int32Array.from(values.keys()).sort((a, b) => values[b]! - values[a]! || a - b);
}

/** Takes over the catalogue's edits since the last time. @returns how many there were */
export async function followCatalogue(dataset: ServedDataset): Promise<number> {
  const { catalogue } = dataset;
  const edits = await catalogue.follow();
  if (edits === 0) return 0;
  dataset.facts = withCatalogue(dataset.facts, catalogue);
  const known = dataset.popular.length;
  if (catalogue.ids.length > known) {
    const popular = Int32Array.from({ length: catalogue.ids.length }, (_, row) => row);
    popular.set(dataset.popular);
    dataset.popular = popular;
  }
  return edits;
}

/**
 * The user or query that a request is answered for; a text that is no query of the data stands for itself.
 *
 * @throws DuetError `bad-input` for a query where users ask
 */
export function requesterOf(
  { userRow, queryId }: ServedDataset,
  { userId = '', query }: { userId?: string | undefined; query?: string | undefined },
): string {
  if (queryId === undefined) {
    if (query === undefined) return userId;
    throw new DuetError('bad-input', 'This dataset says what users want, not what a query means.', {
      where: { field: 'query' },
      fix: 'Leave the query out, ask `search`, or name a model of a dataset that was imported with --left query.',
    });
  }
  const asked = query ?? userId;
  return userRow.has(asked) ? asked : (queryId.get(asked.trim().toLowerCase()) ?? asked);
}

/**
 * What a request says of a user, by the dataset's columns.
 *
 * @throws DuetError `bad-input` naming the columns that are near the one there is not
 */
export function checkFeatures({ users }: ServedDataset, features: Readonly<Record<string, string>>): void {
  const names = Object.keys(users.attributes);
  const wrong = Object.keys(features).find((name) => !names.includes(name));
  if (wrong === undefined) return;
  throw new DuetError('bad-input', `The dataset knows no "${wrong}" of its users.`, {
    where: { field: 'features' },
    fix:
      names.length === 0
        ? 'It was imported without a users file, so only a history describes a user.'
        : `There is ${nearNames(wrong, names)
            .map((name) => `"${name}"`)
            .join(', ')}.`,
  });
}

/** @throws DuetError `not-found` */
export function rowOfItem({ catalogue }: ServedDataset, itemId: string): number {
  const row = catalogue.rowOf.get(itemId);
  if (row === undefined) throw new DuetError('not-found', `There is no item ${itemId} in the catalogue.`);
  return row;
}

export function showItem({ catalogue }: ServedDataset, row: number): ShownItem {
  const category = catalogue.category[row]!;
  const priceMinor = catalogue.priceMinor[row]!;
  return {
    itemId: catalogue.ids[row]!,
    title: catalogue.title[row]!,
    category: category < 0 ? null : catalogue.categories[category]!,
    priceMinor: Number.isNaN(priceMinor) ? null : priceMinor,
    inStock: catalogue.inStock[row] === 1,
  };
}

/** A user as answers show them, by row. */
export function showUser({ interactions, users }: ServedDataset, row: number): ShownUser {
  const attributes = Object.entries(users.attributes).map(([name, values]) => [name, values[row]!]);
  return {
    userId: interactions.users[row]!,
    title: users.title[row]!,
    attributes: Object.fromEntries(attributes),
  };
}

/** What the dataset says of a user, by column; nothing of somebody it does not know. */
export function userAttributesOf(dataset: ServedDataset, userId: string): Record<string, string> {
  const row = dataset.userRow.get(userId);
  return row === undefined ? {} : showUser(dataset, row).attributes;
}

/**
 * Item rows of a user's purchases, oldest first; empty for a stranger.
 *
 * @param until Unix seconds: none that came later, where the data have times
 */
export function boughtBy(
  { interactions, userRow, userStart, timed }: ServedDataset,
  userId: string,
  until = Infinity,
): Int32Array {
  const user = userRow.get(userId);
  if (user === undefined) return new Int32Array();
  const from = userStart[user]!;
  let to = userStart[user + 1]!;
  while (timed && to > from && interactions.time[to - 1]! > until) to--;
  return interactions.item.subarray(from, to);
}

/** A user's last interactions, newest first. `at` is null where the dataset has only an order. */
export function historyOf(
  dataset: ServedDataset,
  userId: string,
  limit: number,
): (ShownItem & { at: string | null })[] {
  const { interactions, userRow, userStart, timed } = dataset;
  const user = userRow.get(userId);
  if (user === undefined) return [];
  const to = userStart[user + 1]!;
  const from = Math.max(userStart[user]!, to - limit);
  return Array.from({ length: to - from }, (_, back) => {
    const row = to - 1 - back;
    const at = timed ? new Date(interactions.time[row]! * 1000).toISOString() : null;
    return { ...showItem(dataset, interactions.item[row]!), at };
  });
}

/**
 * Customers to choose from. Without a search they are spread evenly from the most to the least active, so that a few
 * show every kind; with one, the most active whose id or an attribute contains it.
 */
export function shoppersOf(dataset: ServedDataset, limit: number, search = ''): Shopper[] {
  const { active, interactions, users, userStart } = dataset;
  const columns = Object.entries(users.attributes);
  const query = search.trim().toLowerCase();
  const rows: number[] = [];
  if (query === '') {
    const count = Math.min(limit, active.length);
    for (let i = 0; i < count; i++) rows.push(active[Math.floor((i * active.length) / count)]!);
  } else {
    for (const user of active) {
      const texts = [interactions.users[user]!, users.title[user]!, ...columns.map(([, values]) => values[user]!)];
      if (texts.some((text) => text.toLowerCase().includes(query))) rows.push(user);
      if (rows.length === limit) break;
    }
  }
  return rows.map((user) => {
    const times = interactions.time.subarray(userStart[user]!, userStart[user + 1]!);
    return { ...showUser(dataset, user), interactions: times.length, orders: new Set(times).size };
  });
}
