export { inputPlan, towerFile, towerGraph, trainingGraph, vectorDims, vectorsPerUser } from './architecture.ts';
export { type EaseModel, fitEase, maxEaseItems, scoreByEase } from './ease.ts';
export { type EaseFactors, easeFactors } from './ease-factors.ts';
export type { DenseOptimizer, Executor, Session, Values } from './executor.ts';
export { openOnnx, openTfjs } from './executors/open.ts';
export {
  type FactorKind,
  type FactorTraining,
  factorPresets,
  factorSettings,
} from './factor-training.ts';
export {
  type FactoriseOptions,
  type FactorObjective,
  type FactorSettings,
  factoriseItems,
  rowSolver,
  type SparseRows,
  type SweptItems,
} from './factors.ts';
export { Graph, type Shape, sizeOf, type Tensor } from './graph.ts';
export { type ItemNeighbours, itemNeighbours, scoreByNeighbours } from './item-knn.ts';
export { popularityScores } from './popularity.ts';
export { architectureOf, type ModelKind, modelKinds, towerSettings } from './registry.ts';
export { type ArchitectureName, type InputPlan, itemsInBatch, type TowerSettings } from './tower-settings.ts';
export { type Preset, presets, type TrainingSettings, trainingSettings } from './training-settings.ts';
