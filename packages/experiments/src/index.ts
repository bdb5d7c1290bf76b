export { assign } from './assignment.ts';
export { type EventInput, eventSchema, logEvents } from './events.ts';
export {
  createExperiment,
  type ExperimentInput,
  ensureExperiment,
  startExperiment,
  stopExperiment,
} from './experiment.ts';
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
