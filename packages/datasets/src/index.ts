export { type ImportResult, importDataset } from './import.ts';
export {
  type Catalogue,
  type Interactions,
  loadCatalogue,
  loadInteractions,
  loadUsers,
  type UserTable,
} from './load.ts';
export { type ImportRequest, importRequest, readImportRequest } from './request.ts';
export { type Split, splitDataset, validationSplit } from './splits.ts';
