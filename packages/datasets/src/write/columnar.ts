import path from 'node:path';
import type { Progress } from '@duet/base';
import { interactions, items, knownItems, knownUsers, users } from '../read/tables.ts';
import { literal, type Workspace } from '../read/workspace.ts';
import type { ReadSummary } from '../summary.ts';

/** The interactions by rows of {@link users} and {@link items}: what interactions.parquet holds, and `_row` for its order. */
export const numbered = 'numbered_interactions';

/** Counts of a dataset, and the moments of its first and last interaction where it has times. */
export interface Counts {
  rows: number;
  users: number;
  items: number;
  span: [Date | null, Date | null];
}

/** Writes the tables that reading has made as a dataset's Parquet files, and counts them. */
export async function writeColumnar(
  workspace: Workspace,
  folder: string,
  { clock, split, context, hides, interactions: { kept } }: ReadSummary,
  { minorUnits, progress }: { minorUnits: number; progress: Progress },
): Promise<Counts> {
  const time = clock === 'file' ? 'row_number() OVER (PARTITION BY u.row ORDER BY _row)::DOUBLE - 1' : 'moment';
  const situation = context.map((_, place) => `context[${place + 1}] AS context_${place},`).join(' ');
  await workspace.run(
    `CREATE VIEW ${numbered} AS
     SELECT u.row AS user, i.row AS item, ${time} AS time, weight::FLOAT AS weight,
       coalesce(round(value * ${10 ** minorUnits}), 'nan'::DOUBLE) AS value_minor, quantity, order_id,
       ${split ? 'part AS split,' : ''} ${hides ? 'hides,' : ''} ${situation} _row
     FROM ${interactions}
       JOIN ${knownUsers} known_user ON known_user.key = user_key JOIN ${users} u ON u.user_id = known_user.id
       JOIN ${knownItems} known_item ON known_item.key = item_key JOIN ${items} i ON i.item_id = known_item.id`,
  );
  const copy = (select: string, name: string): Promise<number> =>
    workspace.run(`COPY (${select}) TO ${literal(path.join(folder, name))} (FORMAT parquet, COMPRESSION zstd)`, {
      progress,
      step: `write ${name}`,
    });
  await copy(`SELECT * EXCLUDE _row FROM ${numbered} ORDER BY user, time, _row`, 'interactions.parquet');
  await copy(`SELECT * FROM ${users} ORDER BY row`, 'users.parquet');
  await copy(`SELECT * EXCLUDE (in_stock, withdrawn) FROM ${items} ORDER BY row`, 'items.parquet');
  const counts = await workspace.row(`
    SELECT (SELECT count(*) FROM ${users})::DOUBLE AS users, (SELECT count(*) FROM ${items})::DOUBLE AS items,
      min(moment) AS first, max(moment) AS last FROM ${interactions}`);
  const date = (seconds: unknown): Date | null => (clock === 'time' ? new Date(Number(seconds) * 1000) : null);
  return {
    rows: kept,
    users: Number(counts.users),
    items: Number(counts.items),
    span: [date(counts.first), date(counts.last)],
  };
}
