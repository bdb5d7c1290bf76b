import type { Table } from '../read/workspace/tables.ts';
import type { Workspace } from '../read/workspace/workspace.ts';
import type { Client } from '../write/catalogue.ts';

/** What is known of items, or users, now. */
export const itemsNow: Table = {
  name: 'items_now',
  columns: { item_id: 'VARCHAR', title: 'VARCHAR', category: 'VARCHAR', price_minor: 'INTEGER', attributes: 'VARCHAR' },
  toString: () => 'items_now',
};
export const usersNow: Table = {
  name: 'users_now',
  columns: { user_id: 'VARCHAR', title: 'VARCHAR', attributes: 'VARCHAR' },
  toString: () => 'users_now',
};

/** Whose each id of before a log-in is, up to then. */
export const aliasesNow: Table = {
  name: 'aliases_now',
  columns: { anonymous_id: 'VARCHAR', user_id: 'VARCHAR', until: 'DOUBLE' },
  toString: () => 'aliases_now',
};

const batchSize = 20_000;

/** Fills {@link itemsNow}, {@link usersNow} and {@link aliasesNow} from PostgreSQL. */
export async function loadNow(workspace: Workspace, client: Client, datasetId: string): Promise<void> {
  const all = async (select: string, insert: (rows: (string | null)[][]) => Promise<void>): Promise<void> => {
    for (let after = ''; ; ) {
      const { rows } = await client.query<(string | null)[]>({
        text: select,
        values: [datasetId, after, batchSize],
        rowMode: 'array',
      });
      if (rows.length > 0) await insert(rows);
      if (rows.length < batchSize) return;
      after = rows.at(-1)![0]!;
    }
  };
  await workspace.create(itemsNow, usersNow, aliasesNow);
  await all(
    `SELECT i."externalId", i.title, c.name, i."priceMinor"::text, i.attributes::text
     FROM "Item" i LEFT JOIN "Category" c ON c.id = i."categoryId"
     WHERE i."datasetId" = $1 AND i."externalId" > $2 ORDER BY i."externalId" LIMIT $3`,
    (rows) => workspace.insert(itemsNow, rows),
  );
  await all(
    `SELECT "externalId", title, attributes::text FROM "DatasetUser"
     WHERE "datasetId" = $1 AND "externalId" > $2 ORDER BY "externalId" LIMIT $3`,
    (rows) => workspace.insert(usersNow, rows),
  );
  // In the order of a text that no two rows share, which is left away.
  await all(
    `SELECT "anonymousId" || ' ' || "userId" || ' ' || at::text AS key, "anonymousId", "userId",
       extract(epoch FROM at)::text
     FROM "UserAlias" WHERE "datasetId" = $1 AND "anonymousId" || ' ' || "userId" || ' ' || at::text > $2
     ORDER BY 1 LIMIT $3`,
    (rows) =>
      workspace.insert(
        aliasesNow,
        rows.map(([, ...alias]) => alias),
      ),
  );
}
