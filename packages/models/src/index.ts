export { type EaseModel, fitEase, maxEaseItems, scoreByEase } from './baselines/ease.ts';
export { type EaseFactors, easeFactors } from './baselines/ease-factors.ts';
export type { FactorKind, FactorTraining } from './baselines/factor-model.ts';
export {
  type FactoriseOptions,
  type FactorSettings,
  factoriseItems,
  type SparseRows,
  type SweptItems,
} from './baselines/factors.ts';
export { type ItemNeighbours, itemNeighbours, scoreByNeighbours } from './baselines/item-knn.ts';
export { popularityScores } from './baselines/popularity.ts';
export { type FactorObjective, rowSolver } from './baselines/row-solver.ts';
export type { ItemScorer, ScorerModel } from './baselines/scorer-model.ts';
export { openOnnx, openTfjs } from './executors/open.ts';
export type { DenseOptimizer, Executor, Session, Values } from './graph/executor.ts';
export { Graph, type Shape, sizeOf, type Tensor } from './graph/graph.ts';
export { type ModelKind, modelKinds, modelOfKind } from './registry.ts';
export {
  hasVectors,
  isTower,
  type ModelSettings,
  ownSettings,
  recordedSettings,
  resolveSettings,
  settingsOfKind,
  type VectorSettings,
} from './resolve-settings.ts';
export { type Preset, presetNames, type Range, type SearchBase, valuePresets } from './settings/setting.ts';
export { presets, type TrainingSettings } from './settings/tower.ts';
export {
  graphSettings,
  inputPlan,
  towerFile,
  towerGraph,
  trainingGraph,
  vectorDims,
  vectorsPerUser,
} from './tower-graphs.ts';
export { type GraphSettings, type InputPlan, itemsInBatch } from './towers/graph-settings.ts';
