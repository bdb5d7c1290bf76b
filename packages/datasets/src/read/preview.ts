import type { ReadSummary } from '../summary.ts';
import { interactions, itemIds, items, userIds, users } from './workspace/tables.ts';
import type { Row, Workspace } from './workspace/workspace.ts';

/** Rows as they would be stored. */
export interface Preview {
  preview: { interactions: Row[]; items: Row[]; users: Row[] };
}

const shown = 20;

/** SQL for items as a preview shows them. */
const shownItems = `SELECT item_id AS item, title, category, price_minor AS "priceMinor", in_stock AS "inStock", NOT withdrawn AS shown, attributes
  FROM ${items} ORDER BY row LIMIT ${shown}`;

/** The first items of a feed. */
export const previewFeedItems = (workspace: Workspace): Promise<Row[]> => workspace.rows(shownItems);

/** The first rows of each table, and how many there are. */
export async function previewTables(
  workspace: Workspace,
  { clock }: Pick<ReadSummary, 'clock'>,
): Promise<Preview & { counts: { rows: number; users: number; items: number } }> {
  const time = clock === 'time' ? 'to_timestamp(moment)::VARCHAR' : 'moment';
  const counts = await workspace.row(
    `SELECT (SELECT count(*) FROM ${interactions})::DOUBLE AS rows, (SELECT count(*) FROM ${users})::DOUBLE AS users,
       (SELECT count(*) FROM ${items})::DOUBLE AS items`,
  );
  return {
    counts: { rows: Number(counts.rows), users: Number(counts.users), items: Number(counts.items) },
    preview: {
      interactions: await workspace.rows(
        `SELECT u.id AS user, i.id AS item, ${time} AS time, weight, quantity, value, order_id AS "order"
         FROM (FROM ${interactions} ORDER BY _row LIMIT ${shown}) JOIN ${userIds} u ON u.number = user_key
           JOIN ${itemIds} i ON i.number = item_key ORDER BY _row`,
      ),
      items: await workspace.rows(shownItems),
      users: await workspace.rows(
        `SELECT user_id AS user, title, attributes FROM ${users} ORDER BY row LIMIT ${shown}`,
      ),
    },
  };
}
