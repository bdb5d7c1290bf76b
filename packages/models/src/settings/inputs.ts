import { z } from 'zod';
import { setting } from './setting.ts';

const fraction = z.number().min(0).max(1);
const weight = z.number().min(0).max(1000);

/** What the towers see, and what they make of it. */
export const inputSettings = {
  skip: setting({
    schema: z.boolean(),
    meaning: 'Adds a linear map of the input to the last layer.',
    paper: false,
    fast: true,
    part: 'layers',
    search: ({ loss }) => loss !== 'sigmoid' && { choice: [false, true] },
  }),
  identityStart: setting({
    schema: z.boolean(),
    meaning:
      'With skip: the linear map starts by passing the ids of items and history on, where they are as wide as ' +
      'the vectors, and the layers start with nothing.',
    paper: false,
    best: true,
    part: 'identity-start',
    later: true,
  }),
  outputRelu: setting({
    schema: z.boolean(),
    meaning: 'ReLU after the last layer too, so that no vector has a part below zero.',
    paper: true,
    adapted: false,
    part: 'output-relu',
    later: true,
  }),
  layers: setting({
    schema: z.array(z.int().min(1).max(4096)).min(1).max(8),
    meaning: 'Widths of the fully connected layers.',
    paper: [256, 128, 32],
    best: [256, 128, 128],
    part: 'layers',
    search: ({ loss }) => loss !== 'sigmoid' && { choice: [[64], [128], [128, 64], [256, 128], [256, 128, 128]] },
  }),
  idDims: setting({
    schema: z.int().min(1).max(512),
    meaning: 'Width of user and item id embeddings.',
    paper: 32,
    best: 128,
    search: { choice: [32, 64, 128] },
  }),
  featureDims: setting({
    schema: z.int().min(1).max(512),
    meaning: 'Width of every other feature embedding.',
    paper: 32,
    adapted: 16,
    part: 'layers',
    search: { choice: [8, 16, 32] },
  }),
  history: setting({
    schema: z.int().min(0).max(1000),
    meaning: "The user's last items that the user tower sees; 0 for none.",
    paper: 0,
    fast: 100,
    search: ({ history }) => history > 0 && { choice: [20, 50, 100, 200] },
  }),
  historyDecay: setting({
    schema: z.array(z.number().min(0).max(1)).min(1).max(4),
    meaning: 'Weight of an item in the history, per item that came after it; one view of the history each.',
    paper: [1],
    fast: [0.98],
    part: 'pooled-history',
    search: ({ history }) => history > 0 && { choice: [[1], [0.98], [0.9], [0.8], [1, 0.8], [1, 0], [0.98, 0.8, 0]] },
  }),
  historyDropout: setting({
    schema: fraction,
    meaning: 'Share of the history that training leaves out at random.',
    paper: 0,
    fast: 0.5,
    search: ({ history }) => history > 0 && { uniform: [0, 0.5], zero: 0.3 },
  }),
  historyBasket: setting({
    schema: z.boolean(),
    meaning: 'In training, the history includes the other items of the same moment.',
    paper: false,
    search: ({ history }) => history > 0 && { choice: [true, false] },
  }),
  userIdDropout: setting({
    schema: fraction,
    meaning: 'Share of user ids, a_u and situations hidden in training: an unseen user has an answer.',
    paper: 0,
    fast: 0.1,
    search: { uniform: [0, 1] },
  }),
  itemIdDropout: setting({
    schema: fraction,
    meaning: 'Share of item ids and a_v hidden in training: an unseen item has an answer.',
    paper: 0,
    fast: 0.1,
    search: { uniform: [0, 0.5] },
  }),
  dropout: setting({
    schema: fraction,
    meaning: "Share of the towers' inputs set to zero in training.",
    paper: 0,
    search: { uniform: [0, 0.5], zero: 0.3 },
  }),
  normalize: setting({
    schema: z.boolean(),
    meaning: 'YouTubeDNN, MIND: vectors of unit length, which towers always have.',
    paper: true,
    part: 'normalize',
    search: { choice: [true, false] },
  }),
  interests: setting({
    schema: z.int().min(1).max(16),
    meaning: 'MIND: interests of a user at most.',
    paper: 4,
    part: 'interests',
    search: { choice: [1, 2, 4, 6] },
  }),
  routings: setting({
    schema: z.int().min(1).max(10),
    meaning: 'MIND: iterations of the dynamic routing.',
    paper: 3,
    part: 'interests',
  }),
  labelPower: setting({
    schema: weight,
    meaning: 'MIND: how sharply training picks the interest that fits the label.',
    paper: 2,
    part: 'interests',
    search: { log: [0.5, 16] },
  }),
  context: setting({
    schema: z.enum(['none', 'declared', 'all']),
    meaning: "What the user tower reads of the request: the dataset's context columns; all: the hour and weekday too.",
    paper: 'declared',
  }),
  userIds: setting({
    schema: z.boolean(),
    meaning: 'Whether the user tower has a user id embedding at all.',
    paper: true,
    part: 'user-ids',
  }),
  repeats: setting({
    schema: z.boolean(),
    meaning: 'Train on every purchase of an item by a user, not on the first alone.',
    paper: false,
    search: ({ loss }) => loss !== 'sigmoid' && { choice: [true, false] },
  }),
};
