import type { ArchitectureName } from './tower-settings.ts';

/** What the trainer and the command line need to know of a kind of model. */
export interface ModelKind {
  kind: string;
  title: string;
  /** One sentence for the admin. */
  summary: string;
  /** Tower models have vectors, an index and a training run; baselines only score. */
  family: 'tower' | 'baseline';
  /** How a tower model's sides are made. */
  architecture?: ArchitectureName;
  /** Settings that this kind starts from, over the preset's. */
  defaults: Record<string, unknown>;
}

/** Every kind of model, in the order of the paper's table. */
export const modelKinds: readonly ModelKind[] = [
  {
    kind: 'popularity',
    title: 'Popularity',
    summary: 'The same best sellers for everybody: what any model has to beat.',
    family: 'baseline',
    defaults: {},
  },
  {
    kind: 'item-knn',
    title: 'Item-kNN',
    summary: 'Items bought by the same users, by cosine similarity.',
    family: 'baseline',
    defaults: {},
  },
  {
    kind: 'two-tower',
    title: 'Two-tower',
    summary: 'A user tower and an item tower that meet in one inner product.',
    family: 'tower',
    architecture: 'towers',
    defaults: { augmentedDims: 0, mimicUser: 0, mimicItem: 0, alignment: 0 },
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
