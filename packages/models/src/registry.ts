import { DuetError } from '@duet/base';
import type { ArchitectureName, TowerSettings } from './tower-settings.ts';
import type { TrainingSettings } from './training-settings.ts';

/** What the trainer and the command line need to know of a kind of model. */
export interface ModelKind {
  kind: string;
  title: string;
  /** One sentence for the admin. */
  summary: string;
  /** A `scorer` only scores; `factors` (solved for) and `tower` models (by gradient) are trained and have vectors and an index. */
  family: 'scorer' | 'factors' | 'tower';
  /** How a tower model's sides are made. */
  architecture?: ArchitectureName;
  /** Settings that this kind starts from, over the preset's. */
  defaults: Record<string, unknown>;
}

/** Without the parts that make DAT. */
const plain = { augmentedDims: 0, causal: false, mimicUser: 0, mimicItem: 0, alignment: 0 };

/** The published baselines learn by sampled softmax, without priors, whatever the preset, which then says how long. */
const sampledSoftmax = {
  ...plain,
  loss: 'softmax',
  batch: 512,
  negatives: 1024,
  tableInit: 0.01,
  popularityWeight: 0,
  itemItemWeight: 0,
  identityStart: false,
};

/** Every kind of model, in the order of the paper's table. */
export const modelKinds: readonly ModelKind[] = [
  {
    kind: 'popularity',
    title: 'Popularity',
    summary: 'The same best sellers for everybody: what any model has to beat.',
    family: 'scorer',
    defaults: {},
  },
  {
    kind: 'item-knn',
    title: 'Item-kNN',
    summary: 'Items bought by the same users, by cosine similarity.',
    family: 'scorer',
    defaults: {},
  },
  {
    kind: 'ease',
    title: 'EASE',
    summary: 'The linear item-to-item model that predicts a basket best, in closed form.',
    family: 'scorer',
    defaults: {},
  },
  {
    kind: 'wals',
    title: 'WALS',
    summary: 'Weighted matrix factorisation by alternating least squares, as in 2008.',
    family: 'factors',
    defaults: {},
  },
  {
    kind: 'ials',
    title: 'iALS',
    summary: 'The same with a penalty that grows with how often a user or item was seen: its strong modern form.',
    family: 'factors',
    defaults: {},
  },
  {
    kind: 'fm',
    title: 'FM',
    summary: 'A factorisation machine over the features of user, history and item.',
    family: 'tower',
    architecture: 'fm',
    defaults: { ...sampledSoftmax, temperature: 0.3, tableLearningRate: 0.01, history: 100, historyDecay: [0.98] },
  },
  {
    kind: 'youtube-dnn',
    title: 'YouTubeDNN',
    summary: 'The pooled history through fully connected layers, against one embedding an item.',
    family: 'tower',
    architecture: 'youtube-dnn',
    defaults: { ...sampledSoftmax, temperature: 0.12, tableLearningRate: 0.005, history: 100, historyDecay: [0.98] },
  },
  {
    kind: 'mind',
    title: 'MIND',
    summary: 'Several interests of a user by dynamic routing, each a vector of its own.',
    family: 'tower',
    architecture: 'mind',
    defaults: { ...sampledSoftmax, temperature: 0.12, tableLearningRate: 0.005, history: 30 },
  },
  {
    kind: 'two-tower',
    title: 'Two-tower',
    summary: 'A user tower and an item tower that meet in one inner product.',
    family: 'tower',
    architecture: 'towers',
    defaults: plain,
  },
  {
    kind: 'dat',
    title: 'DAT',
    summary: 'Two-tower with augmented vectors that mimic the other tower, and category alignment.',
    family: 'tower',
    architecture: 'towers',
    defaults: {},
  },
];

/** @throws DuetError `corrupt` where the kind is not one that is trained by gradient */
export function architectureOf(kind: string): ArchitectureName {
  const known = modelKinds.find((candidate) => candidate.kind === kind);
  if (known?.architecture !== undefined) return known.architecture;
  throw new DuetError('corrupt', `"${kind}" is not a kind of model that this Duet knows.`, {
    where: { field: 'kind' },
    fix: 'Train the model again.',
  });
}

/**
 * What shapes the graphs of a kind of model with these settings and features.
 *
 * @param categories that the alignment sees, in training
 */
export function towerSettings(
  kind: string,
  settings: TrainingSettings,
  { userWidth, itemWidth }: Pick<TowerSettings, 'userWidth' | 'itemWidth'>,
  categories = 0,
): TowerSettings {
  return { ...settings, architecture: architectureOf(kind), userWidth, itemWidth, categories };
}
