export { type GateSettings, gateSettings, parseGate } from './gate/gate-settings.ts';
export { addVersion, type Promoted, promote, rollback, versionsOf } from './registry/champion.ts';
export { deploy, type ListedDeployment, listDeployments, undeploy } from './registry/deployment.ts';
export {
  changeRegisteredModel,
  findRegisteredModel,
  type RegisteredModelInput,
  type RegisteredModelPatch,
  registerModel,
} from './registry/registered-model.ts';
export { checkSchedule, lastDue, nextDue, type Schedule } from './registry/schedule.ts';
