import { type FactorModel, factorSettings } from './factor-model.ts';

/** WALS with the α = 40 of Hu, Koren & Volinsky (2008), and one ridge for all. */
export const wals: FactorModel = {
  kind: 'wals',
  title: 'WALS',
  summary: 'Weighted matrix factorisation by alternating least squares, as in 2008.',
  family: 'factors',
  settings: factorSettings,
  defaults: { unobservedWeight: 1 / 40, regularisation: 1, frequencyScaling: 0 },
};
