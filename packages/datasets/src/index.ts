export {
  type CategoryChange,
  categoryChanges,
  deleteCategory,
  mergeCategory,
  moveItems,
  renameCategory,
  undoCategoryChange,
} from './catalogue/categories.ts';
export { editItems, type ItemsEdit } from './catalogue/edit-items.ts';
export { type SyncedCatalogue, syncCatalogue } from './catalogue/sync.ts';
export {
  interactionWrite,
  itemWrites,
  type RowResult,
  userWrite,
  writeInteractionBatch,
  writeItemBatch,
  writeUserBatch,
} from './catalogue/write-batch.ts';
export { itemEdit, saveItem } from './edit-item.ts';
export { type ImportPreview, importDataset, previewImport } from './import.ts';
export type { ImportResult } from './import-answer.ts';
export {
  type Catalogue,
  type ContextColumn,
  type Interactions,
  loadCatalogue,
  loadDisliked,
  loadInteractions,
  loadUsers,
  type Situation,
  situationOf,
  type UserTable,
} from './load/dataset.ts';
export { adoptOldFolders, findSnapshot } from './load/newest-snapshot.ts';
export { type Spending, spendingOf } from './load/spending.ts';
export { hideReverses, lastOf, type Split, splitDataset, validationSplit } from './load/splits.ts';
export { addPart, type NewRow } from './parts/add-part.ts';
export { type EventMeaning, meaningOfEvents } from './parts/event-weights.ts';
export { partsOf } from './parts/parts-of.ts';
export { removePart } from './parts/remove-part.ts';
export { type ForgottenUser, forgetUser } from './privacy/forget-user.ts';
export { rowsOfUser, type UserRows } from './privacy/user-rows.ts';
export { type Role, rolesOf, type TableName } from './read/forms/form.ts';
export { readEncoding } from './read/text/encoding.ts';
export type { ImportResources } from './reading.ts';
export { csvCell, csvLine, type RejectedRow, rejectedCsv, rejectedRows } from './rejected-csv.ts';
export { type ImportRequest, importRequest, readImportRequest, replaces } from './request.ts';
export { importResources } from './resources.ts';
export { isOneKind, type Sides, userItem } from './shape.ts';
export { takeSnapshot } from './snapshots/take-snapshot.ts';
export {
  mostKeptDays,
  parseShop,
  parseStorefront,
  type ShopSettings,
  setStorefront,
  shopSettings,
  storefrontOf,
  storefrontPatch,
} from './storefront/storefront.ts';
export type { FaultSummary, ImportSummary, TableMapping } from './summary.ts';
export {
  clearImportRuns,
  type ImportOrder,
  type InspectedUpload,
  importOrder,
  inspectUploads,
  previewUploads,
  runImport,
  startImport,
  type UploadPreview,
} from './upload/import-run.ts';
export {
  maxUpload,
  removeUpload,
  removeUploads,
  type UploadedFile,
  uploadedFiles,
  uploadsFolder,
} from './upload/uploads.ts';
export { csvToParquet } from './write/csv-to-parquet.ts';
export { clearAbandonedDrafts } from './write/draft.ts';
export { removeDatasetFiles } from './write/remove-dataset.ts';
