import type { ArchitectureName, TowerSettings } from './tower-settings.ts';

/** A small model of this architecture, for tests. */
export const settingsFor = (architecture: ArchitectureName, over: Partial<TowerSettings> = {}): TowerSettings => ({
  architecture,
  layers: [16, 8, 4],
  normalize: true,
  idDims: 3,
  history: 5,
  interests: 3,
  routings: 3,
  labelPower: 2,
  userWidth: 6,
  itemWidth: 5,
  augmentedDims: 0,
  loss: 'softmax',
  batch: 8,
  negatives: 6,
  temperature: 0.1,
  learnTemperature: true,
  skip: true,
  crossFit: false,
  mimicUser: 0,
  mimicItem: 0,
  alignment: 0,
  alignmentSquared: false,
  categories: 3,
  ...over,
});
