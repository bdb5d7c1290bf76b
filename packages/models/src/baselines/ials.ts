import { type FactorModel, factorSettings } from './factor-model.ts';

/** iALS with the ν = 1 of Rendle et al. (2022) in `paper`, and ν = ½, which ranks better, in the others. */
export const ials: FactorModel = {
  kind: 'ials',
  title: 'iALS',
  summary: 'The same with a penalty that grows with how often a user or item was seen: its strong modern form.',
  family: 'factors',
  settings: factorSettings,
  // λ goes with ν: λ·(n + α0·N)^ν is what a vector feels.
  search: { frequencyScaling: { uniform: [0.3, 1.2] }, regularisation: { log: [1e-4, 1] } },
};
