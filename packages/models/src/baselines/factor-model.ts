import { z } from 'zod';
import type { Described } from '../settings/described.ts';
import { type Search, type SettingsOf, setting } from '../settings/setting.ts';
import type { FactorObjective } from './row-solver.ts';

/**
 * Everything that decides what a factorisation becomes, as iALS has it. Every dataset has an α0 of its own: tuning
 * finds it.
 */
export const factorSettings = {
  dimensions: setting({
    schema: z.int().min(1).max(1024),
    meaning: 'd: length of a vector.',
    paper: 32,
    fast: 64,
    best: 256,
    search: { choice: [32, 64, 128, 256] },
  }),
  sweeps: setting({
    schema: z.int().min(1).max(1000),
    meaning: 'Passes over all users and then all items.',
    paper: 10,
    search: { choice: [5, 10, 20] },
  }),
  repeatPower: setting({
    schema: z.number().min(0).max(2),
    meaning: 'A pair that was observed n times weighs n^this; 0 counts it once.',
    paper: 1,
    search: { choice: [0, 0.5, 1] },
  }),
  initialDeviation: setting({
    schema: z.number().gt(0).max(10),
    meaning: 'Vectors start with this standard deviation, over √d.',
    paper: 0.1,
  }),
  unobservedWeight: setting({
    schema: z.number().min(0).max(100),
    meaning: 'α0: weight of a pair that nobody observed; 1/α of Hu et al. (2008).',
    paper: 0.01,
    search: { log: [3e-4, 1] },
  }),
  regularisation: setting({
    schema: z.number().gt(0).max(1e6),
    meaning: 'λ: penalty of a vector of unit length.',
    paper: 0.003,
    fast: 0.3,
    search: { log: [1e-3, 10] },
  }),
  frequencyScaling: setting({
    schema: z.number().min(0).max(2),
    meaning: 'ν: λ is multiplied by (pairs + α0 · possible pairs)^ν of a user or item.',
    paper: 1,
    fast: 0.5,
  }),
};
export type FactorTraining = SettingsOf<typeof factorSettings>;

/** Which of the two objectives a factorisation minimises. */
export type FactorKind = FactorObjective['kind'];

/** A model whose vectors are solved for by alternating least squares. */
export interface FactorModel extends Described {
  kind: FactorKind;
  family: 'factors';
  search?: Readonly<Record<string, Search>>;
}
