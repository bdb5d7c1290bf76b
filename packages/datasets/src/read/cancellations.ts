import type { CancellationsSummary } from '../summary.ts';
import { netted } from './workspace/tables.ts';
import type { Workspace } from './workspace/workspace.ts';

/**
 * Takes cancellations off the purchases before them, the latest first: the table {@link netted}.
 *
 * A user's purchases of an item are a stack of units that purchases raise and cancellations lower, never below nothing.
 * With S the running sum of quantities, its height is H = S − min(0, running minimum of S), and what is left of a
 * purchase that raised it from h is the part of [h, h + quantity] below the lowest height from then on.
 */
export async function netCancellations(workspace: Workspace, purchases: string): Promise<CancellationsSummary> {
  await workspace.fill(
    netted,
    `WITH units AS (
      SELECT _row, user_key, item_key, moment, cancels,
        CASE WHEN cancels THEN -abs(coalesce(quantity, 1)) ELSE coalesce(quantity, 1) END AS change
      FROM ${purchases} SEMI JOIN (SELECT DISTINCT user_key, item_key FROM ${purchases} WHERE cancels)
        USING (user_key, item_key)
    ), sums AS (
      SELECT *, sum(change) OVER (PARTITION BY user_key, item_key ORDER BY moment, _row) AS s FROM units
    ), heights AS (
      SELECT *, s - least(0, min(s) OVER (PARTITION BY user_key, item_key ORDER BY moment, _row)) AS height FROM sums
    ), futures AS (
      SELECT *,
        coalesce(lag(height) OVER (PARTITION BY user_key, item_key ORDER BY moment, _row), 0) AS before,
        min(height) OVER (PARTITION BY user_key, item_key ORDER BY moment, _row
                          ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING) AS lowest
      FROM heights
    )
    SELECT _row, cancels, change, before, greatest(0, least(change, lowest - before)) AS left FROM futures`,
  );
  const row = await workspace.row(`
    SELECT count(*) FILTER (cancels)::DOUBLE AS rows,
      count(*) FILTER (cancels AND before > 0)::DOUBLE AS matched,
      count(*) FILTER (cancels AND before <= 0)::DOUBLE AS unmatched,
      count(*) FILTER (NOT cancels AND "left" <= 1e-9)::DOUBLE AS removed,
      count(*) FILTER (NOT cancels AND "left" > 1e-9 AND "left" < change)::DOUBLE AS reduced
    FROM ${netted}`);
  return {
    policy: 'subtract',
    rows: Number(row.rows),
    matched: Number(row.matched),
    unmatched: Number(row.unmatched),
    purchasesRemoved: Number(row.removed),
    purchasesReduced: Number(row.reduced),
  };
}
