export { type Evaluation, evaluationSchema, type Judged } from './evaluate.ts';
export { type ChosenExecutor, openExecutor } from './executor.ts';
export { exportTowers } from './export.ts';
export type { ItemDescription, ItemTower } from './item-tower.ts';
export { type BaselineRequest, evaluateBaseline, evaluateModel } from './judge.ts';
export type { CurvePoint } from './loop.ts';
export { type Asker, type LoadedModel, openModel } from './model.ts';
export { failAbandonedRuns, requestOfRun } from './runs.ts';
export {
  hasVectors,
  type ModelSettings,
  ownSettings,
  type Preset,
  presets,
  resolveSettings,
  settingsOfKind,
  type TrainingSettings,
} from './settings.ts';
export { type TrainerContext, type TrainRequest, type TrainResult, trainModel } from './train.ts';
export { type TriedSettings, type TuneContext, type TuneRequest, type TuneResult, tune } from './tune.ts';
