import { z } from 'zod';
import { setting } from './setting.ts';

const weight = z.number().min(0).max(1000);

/** What makes a two-tower DAT: augmented vectors a_u and a_v, and the Category Alignment Loss. */
export const augmentedVectorSettings = {
  augmentedDims: setting({
    schema: z.int().min(0).max(512),
    meaning: 'Dimensions of a_u and a_v; 0 leaves them out.',
    paper: 32,
    best: 128,
    part: 'augmented-vectors',
  }),
  crossFit: setting({
    schema: z.boolean(),
    meaning: 'a_u and a_v in two halves: the towers see the one that never mimicked the pair.',
    paper: false,
    fast: true,
    part: 'augmented-vectors',
    search: ({ augmentedDims }) => augmentedDims > 0 && { choice: [true, false] },
  }),
  causal: setting({
    schema: z.boolean(),
    meaning:
      "With crossFit, where a history is what came before: a user's earlier pairs teach one half of a_u, which " +
      'the later ones see; the earlier see none.',
    paper: false,
    best: true,
    part: 'augmented-vectors',
    later: true,
    search: ({ augmentedDims }) => augmentedDims > 0 && { choice: [true, false] },
  }),
  mimicUser: setting({
    schema: weight,
    meaning: 'λ1, weight of ‖a_u − p_v‖².',
    paper: 0.5,
    part: 'augmented-vectors',
    search: ({ augmentedDims }) => augmentedDims > 0 && { log: [0.01, 2] },
  }),
  mimicItem: setting({
    schema: weight,
    meaning: 'λ2, weight of ‖a_v − p_u‖².',
    paper: 0.5,
    part: 'augmented-vectors',
    search: ({ augmentedDims }) => augmentedDims > 0 && { log: [0.01, 2] },
  }),
  alignment: setting({
    schema: weight,
    meaning: 'λ3, weight of the Category Alignment Loss.',
    paper: 1,
    adapted: 0.001,
    fast: 0.003,
    part: 'augmented-vectors',
    search: ({ augmentedDims }) => augmentedDims > 0 && { log: [1e-4, 1] },
  }),
  alignmentSquared: setting({
    schema: z.boolean(),
    meaning: 'Squared Frobenius norms in the alignment.',
    paper: true,
    adapted: false,
    part: 'augmented-vectors',
  }),
  alignmentCategories: setting({
    schema: z.int().min(2).max(1000),
    meaning: 'Categories that the alignment sees, largest first.',
    paper: 32,
    part: 'augmented-vectors',
  }),
};

/** Values that leave DAT's parts out. */
export const withoutAugmentedVectors = { augmentedDims: 0, causal: false, mimicUser: 0, mimicItem: 0, alignment: 0 };
