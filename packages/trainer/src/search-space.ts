import type { Rng } from '@duet/models';
import { isTower, type ModelSettings, type TrainingSettings } from './settings.ts';

/** Where one setting is drawn from. Both ends count; `integer` rounds; `zero` is the share of draws that are 0. */
export type Range =
  | { choice: readonly unknown[] }
  | { uniform: readonly [number, number]; integer?: true; zero?: number }
  | { log: readonly [number, number]; integer?: true; zero?: number };

export type SearchSpace = Readonly<Record<string, Range>>;

/** Of the settings that there are: one that is renamed fails to compile here. */
type TowerSpace = { readonly [Name in keyof TrainingSettings]?: Range };

/** What every tower model has in common. */
const towers: TowerSpace = {
  learningRate: { log: [3e-4, 1e-2] },
  tableLearningRate: { log: [5e-4, 2e-2] },
  tableInit: { log: [2e-3, 0.1] },
  tableDecay: { log: [1e-6, 1e-3], zero: 0.5 },
  weightDecay: { log: [1e-4, 1], zero: 0.5 },
  batch: { choice: [256, 512, 1024] },
  idDims: { choice: [32, 64, 128] },
  featureDims: { choice: [8, 16, 32] },
  userIdDropout: { uniform: [0, 1] },
  itemIdDropout: { uniform: [0, 0.5] },
  dropout: { uniform: [0, 0.5], zero: 0.3 },
};

/** The paper's layers stay: its augmented vectors and its vectors have 32 dimensions. */
const paperLoss: TowerSpace = {
  temperature: { log: [0.05, 1] },
  negatives: { choice: [1, 2, 4, 8, 16] },
};

const batchSoftmax: TowerSpace = {
  temperature: { log: [0.03, 0.3] },
  negatives: { choice: [0, 256, 512, 1024, 2048] },
  hardNegatives: { choice: [0, 0, 128, 512] },
  negativeSmoothing: { choice: [0, 0.5, 0.75, 1] },
  layers: { choice: [[64], [128], [128, 64], [256, 128], [256, 128, 64]] },
  skip: { choice: [false, true] },
  learnTemperature: { choice: [false, true] },
  repeats: { choice: [true, false] },
};

const pooledHistory: TowerSpace = {
  history: { choice: [20, 50, 100, 200] },
  historyDecay: { choice: [[1], [0.98], [0.9], [0.8], [1, 0.8], [1, 0], [0.98, 0.8, 0]] },
  historyDropout: { uniform: [0, 0.5], zero: 0.3 },
  historyBasket: { choice: [true, false] },
};

const dualAugmented: TowerSpace = {
  crossFit: { choice: [true, false] },
  augmentedLearningRate: { log: [2e-3, 0.1] },
  mimicUser: { log: [0.01, 2] },
  mimicItem: { log: [0.01, 2] },
  alignment: { log: [1e-4, 1] },
};

const towerSpace = (base: TrainingSettings): TowerSpace => ({
  ...towers,
  ...(base.loss === 'sigmoid' ? paperLoss : batchSoftmax),
  ...(base.history > 0 ? pooledHistory : {}),
  ...(base.augmentedDims > 0 ? dualAugmented : {}),
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

/** What a kind's tuning draws from. A tower model's space follows from the parts that its base settings have. */
export const searchSpace = (kind: string, base: ModelSettings): SearchSpace =>
  isTower(base) ? towerSpace(base) : (others[kind] ?? {});

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

/**
 * One point of the space (Bergstra & Bengio 2012: independent draws, which waste nothing on settings that do not
 * matter). `fixed` settings keep their values. Augmented vectors mimic tower outputs, so they follow the last layer.
 */
export function sampleSettings(
  space: SearchSpace,
  fixed: Readonly<Record<string, unknown>>,
  rng: Rng,
): Record<string, unknown> {
  const drawn = Object.fromEntries(Object.entries(space).map(([name, range]) => [name, draw(range, rng)]));
  const settings = { ...drawn, ...fixed };
  const { layers } = settings as { layers?: number[] };
  if ('mimicUser' in space && layers !== undefined && !('augmentedDims' in fixed)) {
    settings.augmentedDims = layers.at(-1);
  }
  return settings;
}
