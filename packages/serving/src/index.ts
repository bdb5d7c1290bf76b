export { buildModelIndex } from './build-index.ts';
export type { Plan } from './plan.ts';
export { openServing, type Serving } from './serving.ts';
