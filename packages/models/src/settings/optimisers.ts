import { z } from 'zod';
import { setting } from './setting.ts';

const weight = z.number().min(0).max(1000);

/** How parameters and embedding rows move. */
export const optimiserSettings = {
  learningRate: setting({
    schema: z.number().gt(0).max(10),
    meaning: 'Adam, for the fully connected layers; decays to a tenth.',
    paper: 0.001,
    search: { log: [3e-4, 1e-2] },
  }),
  tableLearningRate: setting({
    schema: z.number().gt(0).max(10),
    meaning: 'Adagrad or Adam, for embedding rows; decays to a tenth.',
    paper: 0.005,
    search: { log: [5e-4, 2e-2] },
  }),
  augmentedLearningRate: setting({
    schema: z.number().gt(0).max(10),
    meaning: 'The same for a_u and a_v.',
    paper: 0.05,
    part: 'augmented-vectors',
    search: ({ augmentedDims }) => augmentedDims > 0 && { log: [2e-3, 0.1] },
  }),
  tableOptimizer: setting({
    schema: z.enum(['adagrad', 'adagrad-row', 'adam']),
    meaning: 'How touched embedding rows are updated.',
    paper: 'adam',
  }),
  tableInit: setting({
    schema: z.number().gt(0).max(10),
    meaning: 'Standard deviation that embedding rows start with.',
    paper: 0.05,
    fast: 0.01,
    search: { log: [2e-3, 0.1] },
  }),
  weightDecay: setting({
    schema: weight,
    meaning: 'Decoupled weight decay of the fully connected layers.',
    paper: 0,
    search: { log: [1e-4, 1], zero: 0.5 },
  }),
  tableDecay: setting({
    schema: weight,
    meaning: 'Weight decay of embedding rows, at each touch.',
    paper: 0,
    search: { log: [1e-6, 1e-3], zero: 0.5 },
  }),
};
