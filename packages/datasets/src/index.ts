export { itemEdit, saveItem } from './edit-item.ts';
export { type ImportResult, importDataset } from './import.ts';
export {
  type Catalogue,
  type ContextColumn,
  type Interactions,
  loadCatalogue,
  loadInteractions,
  loadUsers,
  type Situation,
  situationOf,
  type UserTable,
} from './load/dataset.ts';
export { type Spending, spendingOf } from './load/spending.ts';
export { hideReverses, lastOf, type Split, splitDataset, validationSplit } from './load/splits.ts';
export { type ImportRequest, importRequest, readImportRequest } from './request.ts';
export { isOneKind, type Sides, userItem } from './shape.ts';
export type { ImportSummary } from './summary.ts';
export { clearAbandonedDrafts } from './write/draft.ts';
