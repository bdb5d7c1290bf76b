import { z } from 'zod';
import { withoutAugmentedVectors } from '../settings/augmented-vectors.ts';

/** The published baselines learn by sampled softmax, without priors, whatever the preset, which then says how long. */
export const publishedDefaults = {
  ...withoutAugmentedVectors,
  loss: 'softmax',
  batch: 512,
  negatives: 1024,
  tableInit: 0.01,
  popularityWeight: 0,
  itemItemWeight: 0,
  identityStart: false,
  outputRelu: false,
};

/** The setting `history` of a model that has nothing else to tell users by. */
export const atLeastOneItem = {
  schema: z.int().min(1).max(1000),
  meaning: "The user's last items that the model sees.",
};
