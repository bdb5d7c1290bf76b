import { z } from 'zod';
import { setting } from './setting.ts';

const fraction = z.number().min(0).max(1);
const count = z.int().min(1).max(1_000_000);

const negativesByLoss = {
  sigmoid: { choice: [1, 2, 4, 8, 16] },
  softmax: { choice: [0, 256, 512, 1024, 2048] },
  'multi-positive': { choice: [2048, 4096] },
};

/** What a step learns from, and by which loss. */
export const lossSettings = {
  epochs: setting({
    schema: count,
    meaning: 'Passes over the training positives.',
    paper: 6,
    fast: 3,
    best: 4,
  }),
  batch: setting({
    schema: z.int().min(2).max(65_536),
    meaning: 'Users (and their positives) in a step: B.',
    paper: 256,
    search: { choice: [128, 256, 512, 1024] },
  }),
  loss: setting({
    schema: z.enum(['sigmoid', 'softmax', 'multi-positive']),
    meaning:
      "The paper's cross entropy; in-batch softmax with logQ correction; or a softmax in which a user's row has " +
      'all positives of a moment, against what the user never had.',
    paper: 'sigmoid',
    fast: 'softmax',
  }),
  negatives: setting({
    schema: z.int().min(0).max(65_536),
    meaning:
      'sigmoid: negatives per user. softmax: shared by the batch. multi-positive: items in the batch, the ' +
      'positives included; the catalogue at most, and never less than a third more than the positives.',
    paper: 4,
    fast: 1024,
    search: ({ loss }) => negativesByLoss[loss],
  }),
  targets: setting({
    schema: count,
    meaning:
      'multi-positive: positives of a row at most; a moment with more has several rows. Where they have to be ' +
      'taken out of the history, no more than a quarter of it.',
    paper: 32,
    part: 'several-positives',
    later: true,
    search: ({ loss }) => loss === 'multi-positive' && { choice: [8, 16, 32, 64] },
  }),
  hardNegatives: setting({
    schema: z.int().min(0).max(65_536),
    meaning: 'softmax: further ones, drawn from what the model ranked highest after the last epoch.',
    paper: 0,
    search: ({ loss }) => loss === 'softmax' && { choice: [0, 0, 128, 512] },
  }),
  negativeSmoothing: setting({
    schema: fraction,
    meaning: 'sigmoid, softmax: negatives are drawn with probability ∝ popularity^this; 0 is uniform.',
    paper: 0,
    search: ({ loss }) => loss === 'softmax' && { choice: [0, 0.5, 0.75, 1] },
  }),
  temperature: setting({
    schema: z.number().min(0.001).max(10),
    meaning: 'τ: divides the inner product before the loss; the paper has none.',
    paper: 1,
    adapted: 0.2,
    fast: 0.12,
    search: ({ loss }) => ({ log: loss === 'sigmoid' ? [0.05, 1] : [0.03, 0.3] }),
  }),
  learnTemperature: setting({
    schema: z.boolean(),
    meaning: 'Whether τ is trained too, from `temperature` on.',
    paper: false,
    search: ({ loss }) => loss !== 'sigmoid' && { choice: [false, true] },
  }),
};
