export type { BuiltIndex } from './build.ts';
export { buildModelIndex } from './build-index.ts';
export { type Filter, filterPart, filterSchema } from './filter.ts';
export type { Plan, PlannedExperiment } from './plan.ts';
export { openServing, type Serving } from './serving.ts';
