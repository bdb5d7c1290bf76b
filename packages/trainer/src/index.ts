export { type Evaluation, evaluationSchema, type Judged } from './evaluate.ts';

export { type ChosenExecutor, openExecutor } from './executor.ts';
export { exportTowers } from './export.ts';
export { type BaselineKind, evaluateBaseline, evaluateModel } from './judge.ts';
export type { CurvePoint } from './loop.ts';
export { type LoadedModel, openModel } from './model.ts';
export { failAbandonedRuns, requestOfRun } from './runs.ts';
export { type Preset, presets, resolveSettings, type TrainingSettings, trainingSettings } from './settings.ts';
export { type TrainerContext, type TrainRequest, type TrainResult, trainModel } from './train.ts';
export { type TriedSettings, type TuneContext, type TuneRequest, type TuneResult, tune } from './tune.ts';
