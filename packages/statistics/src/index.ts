export {
  type BayesianLift,
  type BayesianShares,
  bayesianLift,
  bayesianShares,
  type LiftPrior,
  liftPrior,
} from './bayes.ts';
export {
  type AdjustedMetric,
  type Cuped,
  cuped,
  type MeasureSums,
  type PrePost,
  pairMoments,
  prePost,
} from './cuped.ts';
export { chiSquareSurvival, normalQuantile, normalSurvival, studentQuantile } from './distributions.ts';
export { deltaRatio, type Estimate, type Interval, meanEstimate } from './estimate.ts';
export { type Credit, creditOf, type InterleavingTest, interleavingTest, type UserCredit } from './interleaving.ts';
export { type LiftMethod, relativeLift } from './lift.ts';
export { momentsFromSums, momentsOf } from './moments.ts';
export { benjaminiHochberg, holm } from './multiple.ts';
export {
  doublyRobust,
  ips,
  type LoggedChoice,
  type ModelledChoice,
  type OffPolicyEstimate,
  snips,
} from './off-policy.ts';
export {
  type Baseline,
  baselineOf,
  type Effect,
  minimumDetectableEffect,
  type PowerPlan,
  powerOf,
  requiredUsers,
} from './power.ts';
export { proportion } from './proportion.ts';
export { proportionsTest } from './proportions.ts';
export { quantileBootstrap, quantileDifference, quantileEstimate } from './quantile.ts';
export { confidenceSequence, differenceOf, liftSequence } from './sequential.ts';
export { type SequentialSrm, type SrmTest, sequentialSrm, srm, srmConcentrations } from './srm.ts';
export { estimateInterval, welch } from './welch.ts';
export { capOf, winsorise } from './winsorise.ts';
