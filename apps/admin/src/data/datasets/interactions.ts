import { DuetError } from '@duet/base';
import { type Interactions, loadInteractions, splitDataset } from '@duet/datasets';
import type { Dataset } from '@duet/db';
import { config, database } from '#data/services.ts';

/** Past this many rows a page would hold the process's memory: about 200 MB here. */
const mostRows = 5_000_000;

/** The dataset looked at last stays in memory, with its splits: pages ask for the same one again and again. */
let cached:
  | { key: string; interactions: Promise<Interactions>; heldOut: Map<string, Map<string, string[]>> }
  | undefined;

type Named = Pick<Dataset, 'id' | 'name' | 'fingerprint' | 'interactions'>;

async function keep(dataset: Named) {
  const db = await database();
  if (dataset.interactions > mostRows) {
    throw new DuetError('unavailable', `${dataset.name} has more interactions than the admin reads (${mostRows}).`, {
      fix: 'Its Parquet file in the data folder opens in DuckDB.',
    });
  }
  const key = `${dataset.id} ${dataset.fingerprint}`;
  if (cached?.key !== key) {
    const interactions = loadInteractions({ db, dataDir: config().dataDir }, dataset.id);
    cached = { key, interactions, heldOut: new Map() };
    interactions.catch(() => {
      cached = undefined;
    });
  }
  return cached;
}

export interface InteractionRow {
  user: string;
  item: string;
  /** Unix seconds, or the position in the shopper's history where the dataset has no times. */
  time: number;
  weight: number;
  valueMinor: number | undefined;
}

function rowAt(x: Interactions, row: number): InteractionRow {
  const value = x.valueMinor[row]!;
  return {
    user: x.users[x.user[row]!]!,
    item: x.items[x.item[row]!]!,
    time: x.time[row]!,
    weight: x.weight[row]!,
    valueMinor: Number.isNaN(value) ? undefined : value,
  };
}

/** One shopper's interactions, oldest first, or rows spread evenly over the whole dataset; `limit` at most. */
export async function sampleInteractions(dataset: Named, user: string, limit: number): Promise<InteractionRow[]> {
  const x = await (await keep(dataset)).interactions;
  const all = x.user.length;
  if (user === '') {
    const size = Math.min(limit, all);
    return Array.from({ length: size }, (_, i) => rowAt(x, Math.floor((i * all) / size)));
  }
  return rowsOf(x, user).slice(0, limit);
}

/** One user's interactions, oldest first. Rows are sorted by user. */
function rowsOf(x: Interactions, user: string): InteractionRow[] {
  const row = x.users.indexOf(user);
  const from = row < 0 ? -1 : x.user.indexOf(row);
  if (from < 0) return [];
  const to = x.user.lastIndexOf(row) + 1;
  return Array.from({ length: to - from }, (_, i) => rowAt(x, from + i));
}

export interface Purchase {
  itemId: string;
  title: string;
  category: string | null;
  priceMinor: number | null;
  /** Undefined where the dataset has only an order. */
  at: Date | undefined;
}

/** What a user did last in a dataset, the newest first, as the catalogue knows the items now. */
export async function purchasesOf(dataset: Dataset, user: string, limit: number): Promise<Purchase[]> {
  const x = await (await keep(dataset)).interactions;
  const rows = rowsOf(x, user).slice(-limit).reverse();
  const { prisma } = await database();
  const items = await prisma.item.findMany({
    where: { datasetId: dataset.id, externalId: { in: [...new Set(rows.map(({ item }) => item))] } },
    select: { externalId: true, title: true, priceMinor: true, category: { select: { name: true } } },
  });
  const known = new Map(items.map((item) => [item.externalId, item]));
  return rows.map(({ item: itemId, time }) => {
    const item = known.get(itemId);
    return {
      ...{ itemId, title: item?.title ?? '', category: item?.category?.name ?? null },
      ...{ priceMinor: item?.priceMinor ?? null, at: dataset.firstAt === null ? undefined : new Date(1000 * time) },
    };
  });
}

/** Users whose id holds `search`, those who did most first: who a model can say most of. */
export async function usersOf(
  dataset: Named,
  search: string,
  limit: number,
): Promise<{ userId: string; interactions: number }[]> {
  const x = await (await keep(dataset)).interactions;
  const counts = new Int32Array(x.users.length);
  for (const user of x.user) counts[user]!++;
  const query = search.toLowerCase();
  return x.users
    .map((userId, row) => ({ userId, interactions: counts[row]! }))
    .filter(({ userId }) => userId.toLowerCase().includes(query))
    .sort((a, b) => b.interactions - a.interactions)
    .slice(0, limit);
}

/**
 * The items that a user bought in the part that `split` holds out, which the split's models have never seen; undefined
 * where the split does not test this user.
 */
export async function heldOutItems(dataset: Named, split: string, userId: string): Promise<string[] | undefined> {
  const { interactions, heldOut } = await keep(dataset);
  const x = await interactions;
  let byUser = heldOut.get(split);
  if (byUser === undefined) {
    const { evaluations } = splitDataset(x, split);
    byUser = new Map(
      evaluations.map(({ user, targets }) => [x.users[user]!, Array.from(targets, (item) => x.items[item]!)]),
    );
    heldOut.set(split, byUser);
  }
  return byUser.get(userId);
}
