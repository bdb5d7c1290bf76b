export { assign } from './assignment.ts';
export { type EventInput, eventSchema, logEvents } from './events.ts';
export {
  createExperiment,
  type ExperimentInput,
  ensureExperiment,
  startExperiment,
  stopExperiment,
} from './experiment.ts';
export { eventCounts, eventSeries, recentEvents } from './monitor.ts';
export { experimentReport, type Report } from './report.ts';
export {
  armSettings,
  type ExperimentSettings,
  experimentSettings,
  parseSettings,
  uncountedUsers,
} from './settings.ts';
export { runStatistic } from './statistics/run.ts';
