import { z } from 'zod';
import type { FactorSettings } from './factors.ts';

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
