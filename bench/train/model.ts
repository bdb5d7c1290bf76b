import { type GraphSettings, presets, type TrainingSettings } from '@duet/models';

/** The two batch shapes that are timed: the paper's, and a large one with shared negatives. */
export const shapes = {
  sigmoid: { loss: 'sigmoid', batch: 256, negatives: 4, temperature: 0.2 },
  softmax: { loss: 'softmax', batch: 4096, negatives: 1024, temperature: 0.12 },
} as const satisfies Record<string, Partial<TrainingSettings>>;

export type ShapeName = keyof typeof shapes;

/** DAT as published, without the alignment, which is Duet's alone here: every contender trains exactly this. */
export const settingsOf = (shape: ShapeName): TrainingSettings => ({
  ...presets.paper,
  ...shapes[shape],
  alignment: 0,
});

/** One categorical feature beside the id on each side. */
export function modelOf(settings: TrainingSettings): GraphSettings & TrainingSettings {
  const width = settings.idDims + settings.featureDims;
  return { ...settings, kind: 'dat', userWidth: width, itemWidth: width, categories: 0 };
}

/**
 * Floating point operations of one step's matrix products: 2 for each multiply-add, forward and twice that backward.
 */
export function flopsPerStep(s: GraphSettings): { dense: number; scores: number } {
  const sizes = (width: number) => [width + s.augmentedDims, ...s.layers];
  const perRow = (width: number) =>
    sizes(width)
      .slice(1)
      .reduce((sum, out, i) => sum + 2 * sizes(width)[i]! * out, 0);
  const items = s.batch + (s.loss === 'sigmoid' ? s.batch * s.negatives : s.negatives);
  const pairs = s.loss === 'sigmoid' ? items : s.batch * items;
  return {
    dense: 3 * (s.batch * perRow(s.userWidth) + items * perRow(s.itemWidth)),
    scores: 3 * 2 * pairs * s.layers.at(-1)!,
  };
}
