import { z } from 'zod';
import { maxEaseItems } from './ease.ts';

const share = z.number().min(0).max(1);
const weight = z.number().min(0).max(1000);
const count = z.int().min(1).max(1_000_000);

/** Everything that decides what a tower model becomes. Each can be given as `--set key=value`. */
export const trainingSettings = z.strictObject({
  epochs: count.describe('Passes over the training positives.'),
  batch: z.int().min(2).max(65_536).describe('Users (and their positives) in a step: B.'),
  loss: z
    .enum(['sigmoid', 'softmax', 'multi-positive'])
    .describe(
      "The paper's cross entropy; in-batch softmax with logQ correction; or a softmax in which a user's row has all positives of a moment, against what the user never had.",
    ),
  negatives: z
    .int()
    .min(0)
    .max(65_536)
    .describe(
      'sigmoid: negatives per user. softmax: shared by the batch. multi-positive: items in the batch, the positives included; the catalogue at most, and never less than a third more than the positives.',
    ),
  targets: count
    .default(32)
    .describe(
      'multi-positive: positives of a row at most; a moment with more has several rows. Where they have to be taken out of the history, no more than a quarter of it.',
    ),
  hardNegatives: z
    .int()
    .min(0)
    .max(65_536)
    .describe('softmax: further ones, drawn from what the model ranked highest after the last epoch.'),
  negativeSmoothing: share.describe(
    'sigmoid, softmax: negatives are drawn with probability ∝ popularity^this; 0 is uniform.',
  ),
  temperature: z.number().min(0.001).max(10).describe('τ: divides the inner product before the loss.'),
  learnTemperature: z.boolean().describe('Whether τ is trained too, from `temperature` on.'),
  skip: z.boolean().describe('Adds a linear map of the input to the last layer.'),
  identityStart: z
    .boolean()
    .default(false)
    .describe(
      'With skip: the linear map starts by passing the ids of items and history on, where they are as wide as the vectors, and the layers start with nothing.',
    ),
  layers: z.array(z.int().min(1).max(4096)).min(1).max(8).describe('Widths of the fully connected layers.'),
  idDims: z.int().min(1).max(512).describe('Width of user and item id embeddings.'),
  featureDims: z.int().min(1).max(512).describe('Width of every other feature embedding.'),
  history: z.int().min(0).max(1000).describe("The user's last items that the user tower sees; 0 for none."),
  historyDecay: z
    .array(z.number().min(0).max(1))
    .min(1)
    .max(4)
    .describe('Weight of an item in the history, per item that came after it; one view of the history each.'),
  historyDropout: share.describe('Share of the history that training leaves out at random.'),
  historyBasket: z.boolean().describe('In training, the history includes the other items of the same moment.'),
  userIdDropout: share.describe(
    'Share of user ids, a_u and situations hidden in training: an unseen user has an answer.',
  ),
  itemIdDropout: share.describe('Share of item ids and a_v hidden in training: an unseen item has an answer.'),
  dropout: share.describe("Share of the towers' inputs set to zero in training."),
  normalize: z.boolean().describe('YouTubeDNN, MIND: vectors of unit length, which towers always have.'),
  interests: z.int().min(1).max(16).describe('MIND: interests of a user at most.'),
  routings: z.int().min(1).max(10).describe('MIND: iterations of the dynamic routing.'),
  labelPower: weight.describe('MIND: how sharply training picks the interest that fits the label.'),
  context: z
    .enum(['none', 'declared', 'all'])
    .describe(
      "What the user tower hears of the request: the dataset's context columns; all: the hour and weekday too.",
    ),
  userIds: z.boolean().describe('Whether the user tower has a user id embedding at all.'),
  repeats: z.boolean().describe('Train on every purchase of an item by a user, not on the first alone.'),
  augmentedDims: z.int().min(0).max(512).describe('Dimensions of a_u and a_v; 0 leaves them out.'),
  crossFit: z.boolean().describe('a_u and a_v in two halves: the towers see the one that never mimicked the pair.'),
  causal: z
    .boolean()
    .default(false)
    .describe(
      "With crossFit, where a history is what came before: a user's earlier pairs teach one half of a_u, which the later ones see; the earlier see none.",
    ),
  mimicUser: weight.describe('λ1, weight of ‖a_u − p_v‖².'),
  mimicItem: weight.describe('λ2, weight of ‖a_v − p_u‖².'),
  alignment: weight.describe('λ3, weight of the Category Alignment Loss.'),
  alignmentSquared: z.boolean().describe('Squared Frobenius norms in the alignment.'),
  alignmentCategories: z.int().min(2).max(1000).describe('Categories that the alignment sees, largest first.'),
  learningRate: z.number().gt(0).max(10).describe('Adam, for the fully connected layers; decays to a tenth.'),
  tableLearningRate: z.number().gt(0).max(10).describe('Adagrad or Adam, for embedding rows; decays to a tenth.'),
  augmentedLearningRate: z.number().gt(0).max(10).describe('The same for a_u and a_v.'),
  tableOptimizer: z.enum(['adagrad', 'adagrad-row', 'adam']).describe('How touched embedding rows are updated.'),
  tableInit: z.number().gt(0).max(10).describe('Standard deviation that embedding rows start with.'),
  weightDecay: weight.describe('Decoupled weight decay of the fully connected layers.'),
  tableDecay: weight.describe('Weight decay of embedding rows, at each touch.'),
  popularityWeight: z
    .number()
    .min(0)
    .max(10)
    .default(0)
    .describe("α of the popularity prior: the served score is ⟨p_u, p_v⟩ + α log(1 + the item's interactions)."),
  popularityHalfLife: z
    .number()
    .min(0)
    .max(100_000)
    .default(0)
    .describe(
      'Days after which an interaction counts half in the prior, which data without time then have none of; 0: all count alike.',
    ),
  itemItemWeight: z
    .number()
    .min(0)
    .max(100)
    .default(0)
    .describe(
      `β of the item-item prior: the served score is ⟨p_u, p_v⟩ + β · what EASE gives the item, in few dimensions. Queries have none, nor has a catalogue above ${maxEaseItems} items.`,
    ),
  itemItemDims: z.int().min(1).max(512).default(128).describe('Dimensions of the item-item prior.'),
  itemItemRegularisation: z
    .number()
    .gt(0)
    .max(1e6)
    .default(300)
    .describe("λ of the item-item prior's EASE: penalty of the squared weights."),
  patience: z
    .int()
    .min(0)
    .max(1000)
    .describe('Epochs without a better one, by NDCG@100 on held-out baskets, that end training at the best; 0: none.'),
});

export type TrainingSettings = z.infer<typeof trainingSettings>;

const paper: TrainingSettings = {
  epochs: 6,
  batch: 256,
  loss: 'sigmoid',
  negatives: 4,
  targets: 32,
  hardNegatives: 0,
  negativeSmoothing: 0,
  temperature: 0.2,
  learnTemperature: false,
  skip: false,
  identityStart: false,
  layers: [256, 128, 32],
  idDims: 32,
  featureDims: 16,
  history: 0,
  historyDecay: [1],
  historyDropout: 0,
  historyBasket: false,
  userIdDropout: 0,
  itemIdDropout: 0,
  dropout: 0,
  normalize: true,
  interests: 4,
  routings: 3,
  labelPower: 2,
  context: 'declared',
  userIds: true,
  repeats: false,
  augmentedDims: 32,
  crossFit: false,
  causal: false,
  mimicUser: 0.5,
  mimicItem: 0.5,
  alignment: 0.001,
  alignmentSquared: false,
  alignmentCategories: 32,
  learningRate: 0.001,
  tableLearningRate: 0.005,
  augmentedLearningRate: 0.05,
  tableOptimizer: 'adam',
  tableInit: 0.05,
  weightDecay: 0,
  tableDecay: 0,
  popularityWeight: 0,
  popularityHalfLife: 0,
  itemItemWeight: 0,
  itemItemDims: 128,
  itemItemRegularisation: 300,
  patience: 0,
};

const fast: TrainingSettings = {
  ...paper,
  epochs: 3,
  loss: 'softmax',
  negatives: 1024,
  temperature: 0.12,
  skip: true,
  history: 100,
  historyDecay: [0.98],
  historyDropout: 0.5,
  userIdDropout: 0.1,
  itemIdDropout: 0.1,
  crossFit: true,
  alignment: 0.003,
  tableInit: 0.01,
  popularityWeight: 0.1,
  popularityHalfLife: 7,
};

/**
 * `paper`: as published. `fast`: what makes it better, within a minute of CPU on the example. `best`: the same with vectors
 * and ids of 128 dimensions that the towers start from, longer, ended by the held-out baskets, a_u from the past alone,
 * what EASE says beside the towers (two-tower+ and DAT+ of the quality bench).
 */
export const presets: Record<'paper' | 'fast' | 'best', TrainingSettings> = {
  paper,
  fast,
  best: {
    ...fast,
    epochs: 4,
    patience: 2,
    layers: [256, 128, 128],
    idDims: 128,
    augmentedDims: 128,
    identityStart: true,
    causal: true,
    itemItemWeight: 0.5,
  },
};

export type Preset = keyof typeof presets;
