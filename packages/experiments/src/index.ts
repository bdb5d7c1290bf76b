export { type Assignment, assignUser, bucketsOf, hashedArm } from './assignment.ts';
export { type EventInput, eventSchema, logEvents } from './events.ts';
export {
  assignable,
  createExperiment,
  type ExperimentInput,
  ensureExperiment,
  findExperiment,
} from './experiment.ts';
export {
  decideExperiment,
  type ExperimentPatch,
  lockedWhileRunning,
  setExperiment,
  setHoldout,
  startExperiment,
  startPhase,
  stopExperiment,
} from './lifecycle.ts';
export { type Measure, measures, type UserSums } from './measures.ts';
export { type Metric, metrics, readMetrics } from './metrics.ts';
export { eventCounts, eventSeries, recentEvents } from './monitor.ts';
export { type RolledUp, readRollup, type Segment } from './read-rollup.ts';
export { experimentReport, type Report } from './report.ts';
export { rollUp } from './rollup.ts';
export { type LatencyLog, openLatencyLog, readServed, type Served } from './served.ts';
export {
  armSettings,
  type ExperimentSettings,
  experimentSettings,
  parseSettings,
  uncountedUsers,
} from './settings.ts';
export { runStatistic } from './statistics/run.ts';
