import { interactionConstants, wholeInteractions } from '../read/tables.ts';
import type { Workspace } from '../read/workspace.ts';
import type { ReadSummary } from '../summary.ts';
import { incoming } from './part.ts';

/**
 * Makes the table {@link incoming} of what files said: all their interactions, whatever a k-core leaves of them.
 *
 * @returns SQL for the columns that are the same in every row
 */
export async function incomingOfFiles(
  workspace: Workspace,
  { clock, mapping, context }: Pick<ReadSummary, 'clock' | 'mapping' | 'context'>,
  minorUnits: number,
): Promise<Record<string, string>> {
  const time = clock === 'file' ? 'row_number() OVER (PARTITION BY user_id ORDER BY _row) - 1' : 'moment';
  const { event, part, ...others } = interactionConstants(mapping.interactions!.columns, context);
  const constants = {
    ...Object.fromEntries(Object.entries(others).filter(([name]) => incoming.columns[name] !== undefined)),
    ...(event && { kind: "''" }),
    ...(part && { split: part }),
  };
  await workspace.fill(
    incoming,
    `SELECT user_id, item_id, ${time} AS time, weight, coalesce(round(value * ${10 ** minorUnits}), 'nan'::DOUBLE) AS value_minor,
       coalesce(event, '') AS kind, order_id, quantity, hides, part AS split, context, _row AS place
     FROM ${wholeInteractions}`,
    { as: 'view', constants },
  );
  return constants;
}
