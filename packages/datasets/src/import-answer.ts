import type { ClockSummary, ImportSummary, ReadSummary } from './summary.ts';

/** What an import tells whoever asked for it. */
export interface ImportAnswer extends Pick<ReadSummary, 'mapping' | 'currency' | 'events' | 'warnings'> {
  /** Interactions, users and items of the dataset. */
  rows: number;
  users: number;
  items: number;
  /** Malformed rows of all files; all are in the dataset folder's rejected.jsonl. */
  rejected: number;
  /** Optional values that could not be read, and are empty. */
  emptied: number;
  clock: ClockSummary;
}

export interface ImportResult extends ImportAnswer {
  datasetId: string;
  /** The snapshot that has the data. */
  snapshot: string;
  fingerprint: string;
  summary: ImportSummary;
  /** Where it was added to a dataset: what of it is new there. */
  added?: number;
  /** Rows that the dataset had. */
  duplicates?: number;
  addedItems?: number;
  updatedItems?: number;
  withdrawnItems?: number;
}

export const answerOf = ({ mapping, currency, events, warnings, rejected, emptied }: ReadSummary) => ({
  rejected: rejected.total,
  emptied: emptied.total,
  mapping,
  currency,
  events,
  warnings,
});
