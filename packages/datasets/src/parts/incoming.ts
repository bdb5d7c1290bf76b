import { interactionConstants, interactions, itemIds, userIds, wholeInteractions } from '../read/workspace/tables.ts';
import type { Workspace } from '../read/workspace/workspace.ts';
import type { ReadSummary } from '../summary.ts';
import { incoming } from './part.ts';

/** SQL for what an interaction is worth in minor units; NaN where nothing says it. */
export const minorValue = (minorUnits: number): string => `coalesce(round(value * ${10 ** minorUnits}), 'nan'::DOUBLE)`;

/**
 * Makes the table {@link incoming} of what files said: all their interactions, whatever a k-core leaves of them.
 *
 * @returns SQL for the columns that are the same in every row
 */
export async function incomingOfFiles(
  workspace: Workspace,
  {
    clock,
    mapping,
    context,
    interactions: { kCore },
  }: Pick<ReadSummary, 'clock' | 'mapping' | 'context' | 'interactions'>,
  minorUnits: number,
): Promise<Record<string, string>> {
  const time = clock === 'file' ? 'row_number() OVER (PARTITION BY user_key ORDER BY _row) - 1' : 'moment';
  const { event, part, ...others } = interactionConstants(mapping.interactions!.columns, context);
  const constants = {
    ...Object.fromEntries(Object.entries(others).filter(([name]) => incoming.columns[name] !== undefined)),
    ...(event && { kind: "''" }),
    ...(part && { split: part }),
  };
  await workspace.fill(
    incoming,
    `SELECT u.id AS user_id, i.id AS item_id, ${time} AS time, weight, ${minorValue(minorUnits)} AS value_minor,
       coalesce(event, '') AS kind, order_id, quantity, hides, part AS split, context, _row AS place
     FROM ${kCore.removed > 0 ? wholeInteractions : interactions}
       JOIN ${userIds} u ON u.number = user_key JOIN ${itemIds} i ON i.number = item_key`,
    { as: 'view', constants },
  );
  return constants;
}
