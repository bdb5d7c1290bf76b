/**
 * What a person decides: everything of this package that trains nothing, so that an app can have it without a trainer.
 */
export type { Choice } from '@duet/trainer';
export {
  type AlertKind,
  addDestination,
  alertKinds,
  listAlerts,
  listDestinations,
  raise,
  removeDestination,
  settle,
  signatureOf,
} from './alerts/alerts.ts';
export { type Delivery, deliverAlerts, tryDestination } from './alerts/deliver.ts';
export { alertOfRule, settleRules, watchDueHealth, watchHealth } from './alerts/watch.ts';
export type { Gate, GateCheck } from './gate/gate.ts';
export { type GateSettings, gateSettings, parseGate } from './gate/gate-settings.ts';
export { lastHealth, type NamedResult } from './health/health.ts';
export { failCutRefreshes } from './refresh/cut.ts';
export { dueModels, queueRefresh } from './refresh/due.ts';
export type { StageRecord } from './refresh/refresh-run.ts';
export { adoptModel, settingsOf } from './registry/adopt.ts';
export { addVersion, championBefore, type Promoted, promote, rollback, versionsOf } from './registry/champion.ts';
export { decide } from './registry/decide.ts';
export { deploy, type ListedDeployment, listDeployments, undeploy } from './registry/deployment.ts';
export {
  changeRegisteredModel,
  findRegisteredModel,
  type RegisteredModelInput,
  type RegisteredModelPatch,
  registerModel,
} from './registry/registered-model.ts';
export { checkSchedule, lastDue, nextDue, type Schedule } from './registry/schedule.ts';
export { contentsOfDataset, type DatasetContents, removeDataset } from './removal/remove-dataset.ts';
export { pruneModels, removeModel } from './removal/remove-model.ts';
export { unregisterModel } from './removal/unregister.ts';
