export { type BulkAnswer, type BulkFormat, bulkFormatOf, bulkFormats, writeBulk } from './bulk/bulk-file.ts';
export { type BulkKind, type BulkMaker, type BulkRequest, bulkKinds } from './bulk/everybody.ts';
export { type Filter, filterPart, filterSchema } from './catalogue/filter.ts';
export type { BuiltIndex } from './indexing/build.ts';
export { buildModelIndex } from './indexing/build-index.ts';
export { chooseDataset, onlyDataset, type Plan, type PlannedExperiment } from './lifecycle/plan.ts';
export { type ListAnswer, type ListName, type ListRequest, listNames } from './lists/lists.ts';
export { openServing, type Serving } from './serving.ts';
