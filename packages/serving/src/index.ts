export type { AnsweredItem, RetrieveAnswer, RetrieveRequest, SimilarItemsAnswer } from './answer.ts';
export { type BuildIndexRequest, type BuiltIndex, buildModelIndex } from './build-index.ts';
export type { Shopper, ShownItem } from './dataset.ts';
export { indexFolder } from './index-folder.ts';
export type { Plan, PlannedExperiment, PlannedModel } from './plan.ts';
export { openServing, type Serving, type ServingHealth } from './serving.ts';
