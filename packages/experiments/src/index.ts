export { type Assignment, assignUser, bucketsOf, hashedArm } from './assignment.ts';
export { drawsOf } from './draws.ts';
export { type EventInput, eventSchema } from './event-schema.ts';
export { logEvents } from './events.ts';
export {
  assignable,
  createExperiment,
  type ExperimentInput,
  ensureExperiment,
  findExperiment,
} from './experiment.ts';
export { type Explored, explore } from './exploration.ts';
export { reportCsv } from './export/csv.ts';
export { reportHtml } from './export/html.ts';
export { liftScale, ticksOf } from './export/plot.ts';
export { shopHistory } from './history.ts';
export { isAA, launchExperiment, launchPhase, readinessOf } from './launch.ts';
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
export { type OffPolicyReport, offPolicyReport } from './off-policy.ts';
export { type RolledUp, readRollup, type Segment } from './read-rollup.ts';
export {
  formatChange,
  formatDay,
  formatFigure,
  formatLevel,
  formatMoney,
  formatPercent,
  formatProbability,
} from './report/figures.ts';
export { experimentReport, type ReportRequest } from './report/report.ts';
export type { Lift, Report } from './report/shape.ts';
export { rollUp } from './rollup.ts';
export { type LatencyLog, openLatencyLog, readServed, type Served } from './served.ts';
export {
  armSettings,
  type ExperimentSettings,
  experimentSettings,
  parseSettings,
  uncountedUsers,
} from './settings.ts';
export { applyStopRules, warningsOf } from './stop-rules.ts';
export { type Team, teamDraft } from './team-draft.ts';
export { dropOldEvents, rollUpOpen } from './upkeep.ts';
