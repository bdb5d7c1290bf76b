import { type ArchitectureName, modelKinds, type TrainingSettings } from '@duet/models';
import type { Rng } from '@duet/random';
import { isTower, type ModelSettings } from '../settings.ts';

/** Where one setting is drawn from. Both ends count; `integer` rounds; `zero` is the share of draws that are 0. */
export type Range =
  | { choice: readonly unknown[] }
  | { uniform: readonly [number, number]; integer?: true; zero?: number }
  | { log: readonly [number, number]; integer?: true; zero?: number };

export type SearchSpace = Readonly<Record<string, Range>>;

/** Of the settings that there are: one that is renamed fails to compile here. */
type TowerSpace = { readonly [Name in keyof TrainingSettings]?: Range };

/** What every model that is trained by gradient has in common. */
const byGradient: TowerSpace = {
  learningRate: { log: [3e-4, 1e-2] },
  tableLearningRate: { log: [5e-4, 2e-2] },
  tableInit: { log: [2e-3, 0.1] },
  tableDecay: { log: [1e-6, 1e-3], zero: 0.5 },
  batch: { choice: [128, 256, 512, 1024] },
  idDims: { choice: [32, 64, 128] },
  dropout: { uniform: [0, 0.5], zero: 0.3 },
};

const sigmoidLoss: TowerSpace = {
  negatives: { choice: [1, 2, 4, 8, 16] },
};

const batchSoftmax: TowerSpace = {
  negatives: { choice: [0, 256, 512, 1024, 2048] },
  hardNegatives: { choice: [0, 0, 128, 512] },
  negativeSmoothing: { choice: [0, 0.5, 0.75, 1] },
  repeats: { choice: [true, false] },
};

const multiPositive: TowerSpace = {
  negatives: { choice: [2048, 4096] },
  targets: { choice: [8, 16, 32, 64] },
  repeats: { choice: [true, false] },
};

const losses: Record<TrainingSettings['loss'], TowerSpace> = {
  sigmoid: sigmoidLoss,
  softmax: batchSoftmax,
  'multi-positive': multiPositive,
};

const unseen: TowerSpace = {
  userIdDropout: { uniform: [0, 1] },
  itemIdDropout: { uniform: [0, 0.5] },
};

/** The paper's layers stay: its augmented vectors and its vectors have 32 dimensions. */
const layers = (base: TrainingSettings): TowerSpace => ({
  weightDecay: { log: [1e-4, 1], zero: 0.5 },
  featureDims: { choice: [8, 16, 32] },
  ...(base.loss !== 'sigmoid' && {
    layers: { choice: [[64], [128], [128, 64], [256, 128], [256, 128, 128]] },
    skip: { choice: [false, true] },
  }),
});

const pooledHistory: TowerSpace = {
  history: { choice: [20, 50, 100, 200] },
  historyDecay: { choice: [[1], [0.98], [0.9], [0.8], [1, 0.8], [1, 0], [0.98, 0.8, 0]] },
  historyDropout: { uniform: [0, 0.5], zero: 0.3 },
  historyBasket: { choice: [true, false] },
};

const temperature = (from: number, to: number): TowerSpace => ({
  temperature: { log: [from, to] },
  learnTemperature: { choice: [false, true] },
});

/** A trial fits EASE anew, whatever its weight. */
const itemItemPrior: TowerSpace = {
  itemItemWeight: { choice: [0, 0.25, 0.5, 1] },
};

const dualAugmented: TowerSpace = {
  crossFit: { choice: [true, false] },
  causal: { choice: [true, false] },
  augmentedLearningRate: { log: [2e-3, 0.1] },
  mimicUser: { log: [0.01, 2] },
  mimicItem: { log: [0.01, 2] },
  alignment: { log: [1e-4, 1] },
};

/** What each architecture reads beside. A product of unit vectors wants a low temperature, any other a higher one. */
const architectures: Record<ArchitectureName, (base: TrainingSettings) => TowerSpace> = {
  towers: (base) => ({
    ...unseen,
    ...layers(base),
    ...(base.loss === 'sigmoid' ? { temperature: { log: [0.05, 1] } } : temperature(0.03, 0.3)),
    ...(base.history > 0 && pooledHistory),
    ...(base.augmentedDims > 0 && dualAugmented),
    ...(base.itemItemWeight > 0 && itemItemPrior),
  }),
  fm: (base) => ({
    ...unseen,
    ...temperature(0.05, 1),
    tableLearningRate: { log: [2e-3, 5e-2] },
    ...(base.history > 0 && pooledHistory),
  }),
  'youtube-dnn': (base) => ({
    ...layers(base),
    ...temperature(0.03, 1),
    normalize: { choice: [true, false] },
    ...(base.history > 0 && pooledHistory),
  }),
  mind: () => ({
    ...temperature(0.03, 1),
    normalize: { choice: [true, false] },
    featureDims: { choice: [8, 16, 32] },
    layers: { choice: [[32], [64], [128]] },
    interests: { choice: [1, 2, 4, 6] },
    labelPower: { log: [0.5, 16] },
    history: { choice: [10, 20, 40] },
    historyDropout: { uniform: [0, 0.5], zero: 0.3 },
    historyBasket: { choice: [true, false] },
  }),
};

const towerSpace = (kind: string, base: TrainingSettings): TowerSpace => ({
  ...byGradient,
  ...losses[base.loss],
  ...architectures[modelKinds.find((model) => model.kind === kind)!.architecture!](base),
});

/** λ goes with ν: λ·(n + α0·N)^ν is what a vector feels. */
const factors: SearchSpace = {
  dimensions: { choice: [32, 64, 128, 256] },
  sweeps: { choice: [5, 10, 20] },
  unobservedWeight: { log: [3e-4, 1] },
  regularisation: { log: [1e-3, 10] },
  repeatPower: { choice: [0, 0.5, 1] },
};

/** The spaces of the kinds that are not trained by gradient. */
const others: Readonly<Record<string, SearchSpace>> = {
  'item-knn': { neighbours: { log: [5, 2000], integer: true }, shrinkage: { log: [0.1, 300], zero: 0.2 } },
  ease: { regularisation: { log: [3, 3000] } },
  wals: factors,
  ials: { ...factors, frequencyScaling: { uniform: [0.3, 1.2] }, regularisation: { log: [1e-4, 1] } },
};

/** What a kind's tuning draws from. One that is trained by gradient searches the parts that its base settings have. */
export const searchSpace = (kind: string, base: ModelSettings): SearchSpace =>
  isTower(base) ? towerSpace(kind, base) : (others[kind] ?? {});

/** Three significant digits: what a person would write, and far finer than any search. */
const rounded = (value: number): number => Number(value.toPrecision(3));

function draw(range: Range, rng: Rng): unknown {
  if ('choice' in range) return range.choice[Math.floor(rng() * range.choice.length)];
  if (range.zero !== undefined && rng() < range.zero) return 0;
  const value =
    'uniform' in range
      ? range.uniform[0] + rng() * (range.uniform[1] - range.uniform[0])
      : range.log[0] * (range.log[1] / range.log[0]) ** rng();
  return range.integer ? Math.round(value) : rounded(value);
}

/** Share of the settings that a point around a start draws anew. */
const mutated = 0.25;

/**
 * One point of the space (Bergstra & Bengio 2012: independent draws, which waste nothing on settings that do not
 * matter). `fixed` settings keep their values. Around a `start`, a quarter of the settings are drawn, one at least, and
 * the others are as they were there. Augmented vectors mimic tower outputs, so they follow the last layer.
 */
export function sampleSettings(
  space: SearchSpace,
  fixed: Readonly<Record<string, unknown>>,
  rng: Rng,
  start?: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const free = Object.keys(space).filter((name) => !(name in fixed));
  const one = start && free[Math.floor(rng() * free.length)];
  const changed = free.filter((name) => start === undefined || name === one || rng() < mutated);
  const settings = {
    ...start,
    ...Object.fromEntries(changed.map((name) => [name, draw(space[name]!, rng)])),
    ...fixed,
  };
  const { layers } = settings as { layers?: number[] };
  if ('mimicUser' in space && layers !== undefined && !('augmentedDims' in fixed)) {
    settings.augmentedDims = layers.at(-1);
  }
  return settings;
}
