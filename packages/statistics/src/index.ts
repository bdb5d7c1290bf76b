export {
  type BayesianLift,
  type BayesianShares,
  bayesianLift,
  bayesianShares,
  type LiftPrior,
  liftPrior,
} from './comparisons/bayes.ts';
export { confidenceSequence, differenceOf, liftSequence } from './comparisons/confidence-sequence.ts';
export { type LiftMethod, relativeLift } from './comparisons/lift.ts';
export { benjaminiHochberg, holm, holmLevels } from './comparisons/multiple-testing.ts';
export { proportionsTest } from './comparisons/two-proportions.ts';
export { withVarianceFloor } from './comparisons/variance-floor.ts';
export { estimateInterval, welch } from './comparisons/welch.ts';
export {
  type Baseline,
  baselineOf,
  type Effect,
  minimumDetectableEffect,
  type PowerPlan,
  powerOf,
  requiredUsers,
} from './design/power.ts';
export { type SequentialSrm, type SrmTest, sequentialSrm, srm, srmConcentrations } from './design/srm.ts';
export {
  type AdjustedMetric,
  type Cuped,
  cuped,
  type MeasureSums,
  type PrePost,
  pairMoments,
  prePost,
} from './estimates/cuped.ts';
export { deltaRatio, type Estimate, type Interval, meanEstimate } from './estimates/estimate.ts';
export { momentsFromSums, momentsOf } from './estimates/moments.ts';
export { proportion } from './estimates/proportion.ts';
export { quantileBootstrap, quantileDifference, quantileEstimate } from './estimates/quantile.ts';
export { capOf, winsorise } from './estimates/winsorise.ts';
export { chiSquareSurvival, normalQuantile, normalSurvival, studentQuantile } from './numerics/distributions.ts';
export { type PairedDifference, pairedBootstrap } from './paired.ts';
export {
  type Credit,
  creditOf,
  type InterleavingTest,
  interleavingTest,
  type ShareTest,
  signSequence,
  type UserCredit,
} from './rankings/interleaving.ts';
export {
  doublyRobust,
  ips,
  type LoggedChoice,
  type ModelledChoice,
  type OffPolicyEstimate,
  snips,
} from './rankings/off-policy.ts';
