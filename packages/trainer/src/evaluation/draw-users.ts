import { hash } from 'node:crypto';
import type { Split } from '@duet/datasets';

/** Users that an evaluation ranks for unless it is asked for others: a hit rate is then known to ± .007 (95 %). */
export const evaluationUsers = 20_000;

/**
 * Of more evaluations than `limit` those of as many users, by a hash of their ids: the same for every model and every
 * run.
 */
function draw(evaluations: Split['evaluations'], ids: readonly string[], limit: number): Split['evaluations'] {
  if (evaluations.length <= limit) return evaluations;
  const keys = evaluations.map(({ user }) => hash('sha256', ids[user]!));
  const bound = keys.toSorted()[limit]!;
  return evaluations.filter((_, place) => keys[place]! < bound);
}

/** A split of which users may have been drawn, out of so many. */
export type DrawnSplit = Split & { drawnFrom?: number | undefined };

/** The split with no more evaluations than `limit` in each of its parts. */
export function drawUsers(split: Split, ids: readonly string[], limit = evaluationUsers): DrawnSplit {
  const { evaluations, coldItems, coldUsers } = split;
  return {
    ...split,
    evaluations: draw(evaluations, ids, limit),
    drawnFrom: evaluations.length > limit ? evaluations.length : undefined,
    ...(coldItems && { coldItems: draw(coldItems, ids, limit) }),
    ...(coldUsers && { coldUsers: draw(coldUsers, ids, limit) }),
  };
}
