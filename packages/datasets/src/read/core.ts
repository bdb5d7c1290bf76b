import type { ImportSettings } from '../request.ts';
import type { InteractionsSummary } from '../summary.ts';
import { interactions, wholeInteractions } from './workspace/tables.ts';
import type { Workspace } from './workspace/workspace.ts';

/**
 * Removes interactions of users and items with too few until none are left: the k-core (Batagelj & Zaveršnik 2003).
 * Where it may remove any, all are kept as {@link wholeInteractions}.
 */
export async function filterCore(
  workspace: Workspace,
  core: ImportSettings['kCore'],
): Promise<InteractionsSummary['kCore']> {
  const prune = (key: string, least: number): Promise<number> =>
    least <= 1
      ? Promise.resolve(0)
      : workspace.run(
          `DELETE FROM ${interactions} WHERE ${key} IN
           (SELECT ${key} FROM ${interactions} GROUP BY ${key} HAVING count(*) < ${least})`,
        );
  const result = { removed: 0, rounds: 0 };
  if (core.user <= 1 && core.item <= 1) return result;
  await workspace.fill(wholeInteractions, `FROM ${interactions}`);
  for (;;) {
    const removed = (await prune('user_key', core.user)) + (await prune('item_key', core.item));
    if (removed === 0) return result;
    result.removed += removed;
    result.rounds++;
  }
}
