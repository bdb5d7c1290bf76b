import { type FactoriseOptions, type FactorSettings, factoriseItems, rowSolver, type SparseRows } from '@duet/models';
import { seededRng } from '@duet/random';
import { z } from 'zod';
import type { UserEncoder } from './encoder.ts';
import { type Histories, historyOf } from './histories.ts';

/** Everything that decides what a factorisation (wals, ials) becomes. Each can be given as `--set key=value`. */
export const factorSettings = z.strictObject({
  dimensions: z.int().min(1).max(1024).describe('d: length of a vector.'),
  sweeps: z.int().min(1).max(1000).describe('Passes over all users and then all items.'),
  unobservedWeight: z
    .number()
    .min(0)
    .max(100)
    .describe('α0: weight of a pair that nobody observed; 1/α of Hu et al. (2008).'),
  regularisation: z.number().gt(0).max(1e6).describe('λ: penalty of a vector of unit length.'),
  frequencyScaling: z
    .number()
    .min(0)
    .max(2)
    .describe('ν: λ is multiplied by (pairs + α0 · possible pairs)^ν of a user or item.'),
  repeatPower: z.number().min(0).max(2).describe('A pair that was observed n times weighs n^this; 0 counts it once.'),
  initialDeviation: z.number().gt(0).max(10).describe('Vectors start with this standard deviation, over √d.'),
});
export type FactorTraining = z.infer<typeof factorSettings>;

/** A kind whose settings are {@link factorSettings}. */
export type FactorKind = FactorSettings['kind'];

const presetsOf = (published: FactorTraining, tuned: Partial<FactorTraining>) => ({
  paper: published,
  fast: { ...published, ...tuned, dimensions: 64 },
  best: { ...published, ...tuned, dimensions: 256 },
});

const published = { dimensions: 32, sweeps: 10, repeatPower: 1, initialDeviation: 0.1 };

/**
 * `paper`: WALS with the α = 40 of Hu et al. (2008) and iALS with the ν = 1 of Rendle et al. (2022), as wide as DAT's
 * vectors. `fast` and `best`: wider, iALS with the ν = ½ that did best of a few on a validation split of amazon-beauty,
 * where α0 was best at 0.003. Every dataset has an α0 of its own: npx duet tune finds it.
 */
export const factorPresets: Record<FactorKind, ReturnType<typeof presetsOf>> = {
  wals: presetsOf({ ...published, unobservedWeight: 1 / 40, regularisation: 1, frequencyScaling: 0 }, {}),
  ials: presetsOf(
    { ...published, unobservedWeight: 0.01, regularisation: 0.003, frequencyScaling: 1 },
    { regularisation: 0.3, frequencyScaling: 0.5 },
  ),
};

/** A user's distinct items with their weights, n^repeatPower for n times. */
function weighed(items: ArrayLike<number>, repeatPower: number): { columns: number[]; weights: number[] } {
  const times = new Map<number, number>();
  for (let i = 0; i < items.length; i++) times.set(items[i]!, (times.get(items[i]!) ?? 0) + 1);
  return { columns: [...times.keys()], weights: Array.from(times.values(), (n) => n ** repeatPower) };
}

/** Every user's distinct items with their weights. */
function observedPairs(histories: Histories, repeatPower: number): SparseRows {
  const users = histories.start.length - 1;
  const start = new Int32Array(users + 1);
  const column = new Int32Array(histories.item.length);
  const weight = new Float32Array(histories.item.length);
  for (let user = 0; user < users; user++) {
    const { columns, weights } = weighed(historyOf(histories, user), repeatPower);
    column.set(columns, start[user]!);
    weight.set(weights, start[user]!);
    start[user + 1] = start[user]! + columns.length;
  }
  return { start, column: column.subarray(0, start[users]), weight: weight.subarray(0, start[users]) };
}

/** Item vectors [items, dimensions] that a user's vector is solved for from ({@link factorEncoder}). */
export function solveItems(
  kind: FactorKind,
  settings: FactorTraining,
  histories: Histories,
  items: number,
  seed: number,
  options: FactoriseOptions,
): Promise<Float32Array> {
  const observed = observedPairs(histories, settings.repeatPower);
  return factoriseItems(observed, items, { kind, ...settings }, seededRng(seed), options);
}

/**
 * Solves for vectors of users from their items, by the least squares that the training solved for its own users, so that
 * one who came later is answered as well. A user without items has a zero vector.
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
