export type { Judged } from './evaluation/evaluate.ts';
export { type BaselineRequest, evaluateBaseline, evaluateModel } from './evaluation/judge.ts';
export { userMetrics } from './evaluation/metrics.ts';
export type { CurvePoint } from './loop/checkpoint.ts';
export { failAbandonedRuns, requestOfRun } from './runs.ts';
export { hasVectors, type ModelSettings, ownSettings, resolveSettings, settingsOfKind } from './settings.ts';
export { type TrainRequest, type TrainResult, trainModel } from './train.ts';
export type { TrainerContext } from './trainer-context.ts';
export { type TriedSettings, type TuneContext, type TuneRequest, type TuneResult, tune } from './tuning/tune.ts';
