export { evaluationUsers } from './evaluation/draw-users.ts';
export type { Judged } from './evaluation/evaluate.ts';
export { type Evaluation, evaluationSchema } from './evaluation/evaluation.ts';
export { type BaselineRequest, evaluateBaseline, evaluateModel } from './evaluation/judge.ts';
export type { CurvePoint } from './loop/checkpoint.ts';
export { failAbandonedRuns, requestOfRun } from './runs.ts';
export { type TrainRequest, type TrainResult, trainModel } from './train.ts';
export type { TrainerContext } from './trainer-context.ts';
export { type TrialResult, type TuneContext, type TuneRequest, type TuneResult, tune } from './tuning/tune.ts';
