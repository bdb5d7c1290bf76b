import { type FactorKind, type FactorTraining, rowSolver } from '@duet/models';
import type { UserEncoder } from './encoder.ts';

/** A user's distinct items with their weights, n^repeatPower for n times. */
export function weighed(items: ArrayLike<number>, repeatPower: number): { columns: number[]; weights: number[] } {
  const times = new Map<number, number>();
  for (let i = 0; i < items.length; i++) times.set(items[i]!, (times.get(items[i]!) ?? 0) + 1);
  return { columns: [...times.keys()], weights: Array.from(times.values(), (n) => n ** repeatPower) };
}

/**
 * Solves for vectors of users from their items, by the least squares that the training solved for its own users, so
 * that one who came later is answered as well. A user without items has a zero vector.
 *
 * @param itemVectors as {@link solveItems} gives them
 */
export function factorEncoder(kind: FactorKind, settings: FactorTraining, itemVectors: Float32Array): UserEncoder {
  const { dimensions, repeatPower } = settings;
  const solve = rowSolver(itemVectors, dimensions, { kind, ...settings });
  return {
    dims: dimensions,
    tasteDims: dimensions,
    vectorsPerUser: 1,
    users: async (_, histories) => {
      const out = new Float32Array(histories.length * dimensions);
      histories.forEach((items, row) => {
        const { columns, weights } = weighed(items, repeatPower);
        if (columns.length > 0) solve(columns, weights, out.subarray(row * dimensions, (row + 1) * dimensions));
      });
      return out;
    },
    [Symbol.asyncDispose]: async () => {},
  };
}
