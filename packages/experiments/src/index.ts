export { type Assignment, assignUser, bucketsOf, hashedArm } from './assign/assign-user.ts';
export { sharesOfRunning } from './assign/effective-share.ts';
export { type Explored, explore } from './assign/exploration.ts';
export { type GrowthBookExperiment, growthBookExperiment } from './assign/growthbook.ts';
export { drawsOf } from './assign/request-draws.ts';
export { type Team, teamDraft } from './assign/team-draft.ts';
export {
  type AnswerLog,
  answersOfLastHour,
  dropOldAnswerCounts,
  openAnswerLog,
} from './events/answer-log.ts';
export { type EventInput, eventSchema } from './events/event-schema.ts';
export { type EventSink, openEventSink } from './events/event-writer.ts';
export { type LoggedEvents, logEvents } from './events/log-events.ts';
export { eventCounts, eventSeries, recentEvents } from './events/recent-events.ts';
export { type LatencyLog, openLatencyLog, readServed, type Served } from './events/served-latency.ts';
export { reportCsv } from './export/csv.ts';
export { reportHtml } from './export/html.ts';
export { liftScale, ticksOf } from './export/plot.ts';
export { type Identified, type Identity, identifyUser, type KeptArm } from './identity/identify.ts';
export { setHoldout } from './lifecycle/holdout.ts';
export { isAA, launchExperiment, launchPhase, readinessOf } from './lifecycle/launch.ts';
export { decideExperiment, startExperiment, startPhase, stopExperiment } from './lifecycle/lifecycle.ts';
export { lockedWhileRunning } from './lifecycle/locks.ts';
export type { ExperimentPatch } from './lifecycle/patch.ts';
export { setExperiment } from './lifecycle/set-experiment.ts';
export { applyStopRules, warningsOf } from './lifecycle/stop-rules.ts';
export { type Metric, metrics, readMetrics } from './metrics/experiment-metrics.ts';
export { type Measure, measures, type UserSums } from './metrics/measures.ts';
export {
  assignable,
  createExperiment,
  type ExperimentInput,
  ensureExperiment,
  findExperiment,
  servedModel,
  withArms,
} from './plan/experiment.ts';
export {
  armSettings,
  type ExperimentSettings,
  experimentSettings,
  parseSettings,
  uncountedUsers,
} from './plan/experiment-settings.ts';
export { shopHistory } from './plan/shop-history.ts';
export { type CustomerData, exportCustomer } from './privacy/customer.ts';
export { beginErasure, erasuresOf, queueErasure, type Remaining, remaining, runErasure } from './privacy/erasure.ts';
export { compareArms, guardrailInterval } from './report/compare.ts';
export {
  formatChange,
  formatDay,
  formatFigure,
  formatLevel,
  formatMoney,
  formatPercent,
  formatProbability,
} from './report/figures.ts';
export { type OffPolicyReport, offPolicyReport } from './report/off-policy-report.ts';
export { experimentReport, type ReportRequest } from './report/report.ts';
export type { Lift, Report } from './report/shape.ts';
export { type RolledUp, readRollup, type Segment } from './rollup/read-rollup.ts';
export { rollUp } from './rollup/rollup.ts';
export { dropOldEvents, purgeEvents, rollUpOpen } from './rollup/upkeep.ts';
