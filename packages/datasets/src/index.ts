export { type ImportResult, type ImportSummary, importDataset } from './import.ts';
export { itemEdit, saveItem } from './items.ts';
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
} from './load.ts';
export { type ImportRequest, importRequest, readImportRequest } from './request.ts';
export { isOneKind, type Sides, userItem } from './sides.ts';
export { type Spending, spendingOf } from './spending.ts';
export { hideReverses, lastOf, type Split, splitDataset, validationSplit } from './splits.ts';
