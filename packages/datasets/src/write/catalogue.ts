import type { Progress } from '@duet/base';
import type { Database } from '@duet/db';
import { items } from '../read/tables.ts';
import type { Workspace } from '../read/workspace.ts';
import { numbered } from './columnar.ts';

/** The one connection that holds the transaction. */
type Client = Pick<Database['pool'], 'query'>;

const batchSize = 5000;

/** PostgreSQL text cannot hold NUL. */
const withoutNul = (text: string): string => text.replaceAll('\0', '');

/** Writes the workspace's {@link items} and their categories as rows of a dataset, within the client's transaction. */
export async function storeCatalogue(
  client: Client,
  workspace: Workspace,
  datasetId: string,
  watch: { progress: Progress; items: number; signal?: AbortSignal | undefined },
): Promise<void> {
  const categories = await workspace.rows(`
    SELECT category AS name, count(*)::DOUBLE AS items, coalesce(sum(n), 0)::DOUBLE AS interactions
    FROM ${items} LEFT JOIN (SELECT item, count(*) AS n FROM ${numbered} GROUP BY item) sold ON sold.item = ${items}.row
    WHERE category IS NOT NULL GROUP BY category ORDER BY items DESC, name`);
  const inserted = await client.query<{ id: string; name: string }>(
    `INSERT INTO "Category" (id, "datasetId", name, items, interactions)
     SELECT gen_random_uuid(), $1, c.name, c.items, c.interactions
     FROM unnest($2::text[], $3::int[], $4::int[]) AS c (name, items, interactions)
     RETURNING id, name`,
    [
      datasetId,
      categories.map(({ name }) => withoutNul(String(name))),
      categories.map(({ items }) => Number(items)),
      categories.map(({ interactions }) => Number(interactions)),
    ],
  );
  const categoryIds = new Map(inserted.rows.map(({ id, name }) => [name, id]));

  type Item = {
    item_id: string;
    title: string;
    category: string | null;
    price_minor: number | null;
    in_stock: boolean;
    withdrawn: boolean;
    attributes: string;
  };
  let done = 0;
  const store = async (batch: Item[]): Promise<void> => {
    watch.signal?.throwIfAborted();
    await client.query(
      `INSERT INTO "Item" (id, "datasetId", "externalId", title, "categoryId", "priceMinor", "inStock", attributes, "withdrawnAt")
       SELECT gen_random_uuid(), $1, external, title, category, price, stocked, attributes, CASE WHEN withdrawn THEN now() END
       FROM unnest($2::text[], $3::text[], $4::uuid[], $5::int[], $6::bool[], $7::jsonb[], $8::bool[])
         AS i (external, title, category, price, stocked, attributes, withdrawn)`,
      [
        datasetId,
        batch.map((item) => item.item_id),
        batch.map((item) => withoutNul(item.title)),
        batch.map((item) => (item.category === null ? null : categoryIds.get(withoutNul(item.category)))),
        batch.map((item) => item.price_minor),
        batch.map((item) => item.in_stock),
        batch.map((item) => item.attributes.replaceAll('\\u0000', '')),
        batch.map((item) => item.withdrawn),
      ],
    );
    done += batch.length;
    watch.progress({ step: 'store catalogue', done, total: watch.items, unit: 'items' });
  };
  let waiting: Item[] = [];
  const select = `SELECT item_id, title, category, price_minor, in_stock, withdrawn, attributes FROM ${items} ORDER BY row`;
  for await (const rows of workspace.batches(select)) {
    waiting.push(...(rows as Item[]));
    if (waiting.length >= batchSize) {
      await store(waiting);
      waiting = [];
    }
  }
  if (waiting.length > 0) await store(waiting);
}
