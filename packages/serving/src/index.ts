export { buildModelIndex } from './build-index.ts';
export type { Plan, PlannedExperiment } from './plan.ts';
export { openServing, type Serving } from './serving.ts';
