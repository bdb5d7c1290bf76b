import type { Progress } from '@duet/base';
import type { Database } from '@duet/db';
import { allAttributes } from '../read/attributes.ts';
import { items, listedItems, listedUsers, lists } from '../read/workspace/tables.ts';
import type { Workspace } from '../read/workspace/workspace.ts';
import type { ListedFields } from '../summary.ts';

/** The one connection that holds the transaction. */
export type Client = Pick<Database['pool'], 'query'>;

const batchSize = 5000;

/** PostgreSQL text cannot hold NUL. */
const withoutNul = (text: string): string => text.replaceAll('\0', '');

/** An item as it is to be stored. */
export interface StoredItem {
  externalId: string;
  title: string;
  /** By name; one that is new is made. */
  category: string | null;
  priceMinor: number | null;
  inStock: boolean;
  withdrawn: boolean;
  attributes: object;
}

/**
 * What each name of a category means in a dataset: itself, or what somebody made of it (see `catalogue/categories.ts`);
 * null for no category.
 */
async function categoriesMeant(client: Client, datasetId: string, names: readonly string[]) {
  const { rows } = await client.query<{ name: string; to: string | null }>(
    `WITH RECURSIVE meant (name, "to") AS (
       SELECT name, "to" FROM "CategoryAlias" WHERE "datasetId" = $1 AND name = ANY($2)
       UNION
       SELECT meant.name, a."to" FROM meant JOIN "CategoryAlias" a ON a."datasetId" = $1 AND a.name = meant."to"
     )
     SELECT name, "to" FROM meant
     WHERE NOT EXISTS (SELECT FROM "CategoryAlias" a WHERE a."datasetId" = $1 AND a.name = meant."to")`,
    [datasetId, names],
  );
  const aliases = new Map(rows.map(({ name, to }) => [name, to]));
  return (name: string): string | null => (aliases.has(name) ? aliases.get(name)! : name);
}

/** Makes those categories of a dataset that are missing. */
async function ensureCategories(client: Client, datasetId: string, names: Iterable<string>): Promise<void> {
  await client.query(
    `INSERT INTO "Category" (id, "datasetId", name) SELECT gen_random_uuid(), $1, name FROM unnest($2::text[]) AS name
     ON CONFLICT DO NOTHING`,
    [datasetId, [...new Set(names)].sort()],
  );
}

/** What writing items did, by their ids; those in neither were so already. */
export interface WrittenItems {
  added: Set<string>;
  updated: Set<string>;
}

/**
 * Adds items to a dataset's catalogue and changes those that are there; a row that stays as it is is not written, so
 * that nobody who follows the catalogue sees it.
 *
 * @param rows of ids that differ
 * @param keep leave items that are there as they are
 * @param says what rows say of items that are there; all of it by default
 */
export async function writeItems(
  client: Client,
  datasetId: string,
  rows: readonly StoredItem[],
  { keep = false, says }: { keep?: boolean; says?: ListedFields | undefined } = {},
): Promise<WrittenItems> {
  const named = ({ category }: StoredItem) => (category === null ? null : withoutNul(category));
  const meant = await categoriesMeant(client, datasetId, [...new Set(rows.flatMap((row) => named(row) ?? []))]);
  const categoryOf = (row: StoredItem) => {
    const name = named(row);
    return name === null ? null : meant(name);
  };
  await ensureCategories(
    client,
    datasetId,
    rows.flatMap((row) => categoryOf(row) ?? []),
  );
  const isSaid = (field: ListedFields['fields'][number]): boolean => says === undefined || says.fields.includes(field);
  const changes: [string, string][] = [
    ...(isSaid('title') ? [['title', 'excluded.title'] as [string, string]] : []),
    ...(isSaid('category') ? [['"categoryId"', 'excluded."categoryId"'] as [string, string]] : []),
    ...(isSaid('price') ? [['"priceMinor"', 'excluded."priceMinor"'] as [string, string]] : []),
    ...(isSaid('stock') ? [['"inStock"', 'excluded."inStock"'] as [string, string]] : []),
    ['attributes', says ? '("Item".attributes - $9::text[]) || excluded.attributes' : 'excluded.attributes'],
    ['"withdrawnAt"', 'CASE WHEN excluded."withdrawnAt" IS NOT NULL THEN coalesce("Item"."withdrawnAt", now()) END'],
  ];
  const change = `UPDATE SET ${changes.map(([name, value]) => `${name} = ${value}`)}, "updatedAt" = now()
     WHERE ${changes.map(([name, value]) => `"Item".${name} IS DISTINCT FROM (${value})`).join(' OR ')}`;
  const written = await client.query<{ id: string; added: boolean }>(
    `INSERT INTO "Item" (id, "datasetId", "externalId", title, "categoryId", "priceMinor", "inStock", attributes, "withdrawnAt")
     SELECT gen_random_uuid(), $1, i.external, i.title, c.id, i.price, i.stocked, i.attributes, CASE WHEN i.withdrawn THEN now() END
     FROM unnest($2::text[], $3::text[], $4::text[], $5::int[], $6::bool[], $7::jsonb[], $8::bool[])
       AS i (external, title, category, price, stocked, attributes, withdrawn)
       LEFT JOIN "Category" c ON c."datasetId" = $1 AND c.name = i.category
     ON CONFLICT ("datasetId", "externalId") DO ${keep ? 'NOTHING' : change}
     RETURNING "externalId" AS id, xmax = 0 AS added`,
    [
      datasetId,
      rows.map((item) => item.externalId),
      rows.map((item) => withoutNul(item.title)),
      rows.map(categoryOf),
      rows.map((item) => item.priceMinor),
      rows.map((item) => item.inStock),
      rows.map((item) => JSON.stringify(item.attributes).replaceAll('\\u0000', '')),
      rows.map((item) => item.withdrawn),
      ...(says && !keep ? [says.attributes] : []),
    ],
  );
  const ids = (added: boolean) => new Set(written.rows.filter((row) => row.added === added).map(({ id }) => id));
  return { added: ids(true), updated: ids(false) };
}

/** What is said of a user, as it is to be stored. */
export interface StoredUser {
  externalId: string;
  title: string;
  attributes: object;
}

/** Adds what is known of users, and changes what is there. @returns how many rows changed */
export async function writeUsers(client: Client, datasetId: string, rows: readonly StoredUser[]): Promise<number> {
  const { rowCount } = await client.query(
    `INSERT INTO "DatasetUser" ("datasetId", "externalId", title, attributes)
     SELECT $1, external, title, attributes FROM unnest($2::text[], $3::text[], $4::jsonb[]) AS u (external, title, attributes)
     ON CONFLICT ("datasetId", "externalId") DO UPDATE
       SET title = excluded.title, attributes = excluded.attributes, "updatedAt" = now()
       WHERE ("DatasetUser".title, "DatasetUser".attributes) IS DISTINCT FROM (excluded.title, excluded.attributes)`,
    [
      datasetId,
      rows.map((user) => withoutNul(user.externalId)),
      rows.map((user) => withoutNul(user.title)),
      rows.map((user) => JSON.stringify(user.attributes).replaceAll('\\u0000', '')),
    ],
  );
  return rowCount ?? 0;
}

interface Watch {
  progress: Progress;
  signal?: AbortSignal | undefined;
}

/** Hands a query's rows on, some thousand at a time. */
async function inBatches<Row>(
  workspace: Workspace,
  select: string,
  { signal }: Watch,
  store: (rows: Row[]) => Promise<void>,
): Promise<void> {
  let waiting: Row[] = [];
  for await (const rows of workspace.batches(select)) {
    signal?.throwIfAborted();
    waiting.push(...(rows as Row[]));
    if (waiting.length < batchSize) continue;
    await store(waiting);
    waiting = [];
  }
  if (waiting.length > 0) await store(waiting);
}

/** What storing a catalogue did. */
export interface StoredCatalogue {
  added: number;
  /** Items that are otherwise now. */
  updated: number;
}

/**
 * Writes the workspace's {@link items} as rows of a dataset, within the client's transaction. Where the dataset has the
 * item, only what the items file says changes it.
 *
 * @param says of an items file; all of an item by default
 */
export async function storeCatalogue(
  client: Client,
  workspace: Workspace,
  datasetId: string,
  watch: Watch,
  says?: ListedFields,
): Promise<StoredCatalogue> {
  type Read = {
    item_id: string;
    title: string;
    category: string | null;
    price_minor: number | null;
    in_stock: boolean;
    withdrawn: boolean;
    attributes: string;
  };
  const stored = { added: 0, updated: 0 };
  const { total, listed } = await workspace.row(
    `SELECT (SELECT count(*) FROM ${items})::DOUBLE AS total,
       ((SELECT count(*) FROM ${listedItems}) + (SELECT count(*) FROM ${lists('items')}))::DOUBLE AS listed`,
  );
  let done = 0;
  const store =
    (keep: boolean) =>
    async (rows: Read[]): Promise<void> => {
      const batch = rows.map((row) => ({
        ...{ externalId: row.item_id, title: row.title, category: row.category, priceMinor: row.price_minor },
        ...{ inStock: row.in_stock, withdrawn: row.withdrawn, attributes: JSON.parse(row.attributes) as object },
      }));
      const { added, updated } = await writeItems(client, datasetId, batch, { keep, says });
      stored.added += added.size;
      stored.updated += updated.size;
      done += rows.length;
      watch.progress({ step: 'store catalogue', done, total: Number(total), unit: 'items' });
    };
  const select = `SELECT item_id, title, category, price_minor, in_stock, withdrawn, attributes FROM ${items}`;
  if (listed === 0) {
    await inBatches(workspace, `${select} ORDER BY row`, watch, store(true));
    return stored;
  }
  const isListed = `item_id IN (SELECT id FROM ${listedItems} UNION SELECT id FROM ${lists('items')})`;
  await inBatches(workspace, `${select} WHERE ${isListed} ORDER BY row`, watch, store(false));
  await inBatches(workspace, `${select} WHERE NOT ${isListed} ORDER BY row`, watch, store(true));
  return stored;
}

/** Writes what the users file and lists say of users as rows of a dataset, within the client's transaction. */
export async function storeUsers(client: Client, workspace: Workspace, datasetId: string, watch: Watch): Promise<void> {
  const select = `SELECT id, coalesce(title, '') AS title, ${allAttributes} AS attributes
    FROM ${listedUsers} FULL JOIN ${lists('users')} USING (id) ORDER BY id`;
  await inBatches<{ id: string; title: string; attributes: string }>(workspace, select, watch, async (rows) => {
    const batch = rows.map((row) => ({
      ...{ externalId: row.id, title: row.title, attributes: JSON.parse(row.attributes) as object },
    }));
    await writeUsers(client, datasetId, batch);
  });
}

/** Counts a dataset's categories anew, by the tables of a snapshot that has just been written. */
export async function countCategories(client: Client, workspace: Workspace, datasetId: string): Promise<void> {
  const counts = await workspace.rows(
    `SELECT category AS name, count(*)::DOUBLE AS items, coalesce(sum(n), 0)::DOUBLE AS interactions
     FROM snapshot_items LEFT JOIN item_counts USING (row)
     WHERE category IS NOT NULL GROUP BY category`,
  );
  await client.query(
    `UPDATE "Category" c SET items = n.items, interactions = n.interactions
     FROM unnest($2::text[], $3::int[], $4::int[]) AS n (name, items, interactions)
     WHERE c."datasetId" = $1 AND c.name = n.name
       AND (c.items, c.interactions) IS DISTINCT FROM (n.items, n.interactions)`,
    [
      datasetId,
      counts.map(({ name }) => withoutNul(String(name))),
      counts.map(({ items: n }) => Number(n)),
      counts.map(({ interactions: n }) => Number(n)),
    ],
  );
}
