import type { ImportSettings } from './request.ts';
import type { Clock, Sides } from './shape.ts';

/** A row that was left out. */
export interface RejectedRow {
  file: string;
  /** 1-based line of the file where its record begins; row number in Parquet. */
  line: number;
  /** Empty where the row as a whole is malformed. */
  column: string;
  reason: string;
  /** The offending value, or the beginning of the line. */
  value: string;
}

/** What became of the sound rows of the interactions file; the malformed ones are counted by reason elsewhere. */
export interface InteractionsSummary {
  read: number;
  /** Rows of events without a weight, by event. */
  ignoredEvents: Record<string, number>;
  /** Rows equal in every column to an earlier one. */
  duplicates: { policy: ImportSettings['duplicates']; rows: number };
  cancellations: CancellationsSummary;
  /** What the k-core filter removed, in how many rounds. */
  kCore: { removed: number; rounds: number };
  kept: number;
}

export interface CancellationsSummary {
  policy: ImportSettings['cancellations'];
  rows: number;
  /** When subtracted: rows that took something of an earlier purchase of the user and item back, and those that found none. */
  matched: number;
  unmatched: number;
  /** Purchases that nothing is left of, and those that less is left of. */
  purchasesRemoved: number;
  purchasesReduced: number;
}

/** What became of the rows of an items or users file. */
export interface EntitySummary {
  read: number;
  /** Items that no interaction names (kept: they are what cold start is about); users without any (left out). */
  withoutInteractions: number;
}

export interface RejectedSummary {
  total: number;
  byReason: Record<string, number>;
  examples: RejectedRow[];
}

/** What reading the files came to. */
export interface ReadSummary {
  clock: Clock;
  sides: Sides;
  /** Whether the file says which part each row belongs to. */
  split: boolean;
  /** Columns that say in what situation an interaction happened: `context_<place>` of the Parquet file. */
  context: string[];
  interactions: InteractionsSummary;
  items: EntitySummary;
  users: EntitySummary;
  rejected: RejectedSummary;
}

/** What the importer saw: `Dataset.summary`. */
export interface ImportSummary extends ReadSummary {
  seconds: number;
}
