import { interactions, knownItems, knownUsers, wholeInteractions } from '../read/tables.ts';
import type { Workspace } from '../read/workspace.ts';
import type { Clock } from '../shape.ts';
import { incoming } from './part.ts';

/** Makes the table {@link incoming} of what files said: all their interactions, whatever a k-core leaves of them. */
export async function incomingOfFiles(
  workspace: Workspace,
  { clock, minorUnits }: { clock: Clock; minorUnits: number },
): Promise<void> {
  const time = clock === 'file' ? 'row_number() OVER (PARTITION BY user_key ORDER BY _row) - 1' : 'moment';
  await workspace.fill(
    incoming,
    `SELECT u.id AS user_id, i.id AS item_id, ${time} AS time, weight,
       coalesce(round(value * ${10 ** minorUnits}), 'nan'::DOUBLE) AS value_minor, coalesce(event, '') AS kind, order_id,
       quantity, hides, part AS split, context, _row AS place
     FROM ${wholeInteractions} ${interactions}
       JOIN ${knownUsers} u ON u.key = user_key JOIN ${knownItems} i ON i.key = item_key`,
    { as: 'view' },
  );
}
