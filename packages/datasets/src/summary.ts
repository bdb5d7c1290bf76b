import type { SourceNotes } from './read/source/source.ts';
import type { ImportSettings } from './request.ts';
import type { Clock, Sides } from './shape.ts';

/** A value, or a row, that could not be used. */
export interface FaultyRow {
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
  /**
   * When subtracted: rows that took something of an earlier purchase of the user and item back, and those that found
   * none.
   */
  matched: number;
  unmatched: number;
  /** Purchases that nothing is left of, and those that less is left of. */
  purchasesRemoved: number;
  purchasesReduced: number;
}

/** What became of the rows of an items or users file. */
export interface EntitySummary {
  /** Ids of the file. */
  read: number;
  /** Items that no interaction names (kept: they are what cold start is about); users without any (left out). */
  withoutInteractions: number;
  /** Rows in whose place a later one of the same id came. */
  superseded: number;
}

export interface ItemsSummary extends EntitySummary {
  /** Items that the file says are not shown: hidden, draft, expired. */
  hidden: number;
  /** Items of interactions that a complete items file lacks. */
  withdrawn: number;
  outOfStock: number;
}

/** Faults by reason, and some of them. */
export interface FaultSummary {
  total: number;
  byReason: Record<string, number>;
  examples: FaultyRow[];
}

/**
 * What of an item a file says. The rest stays as it is, of an item that the dataset has; but what a file lists is
 * shown, unless it hides it.
 */
export interface ListedFields {
  fields: ('title' | 'category' | 'price' | 'stock')[];
  attributes: string[];
}

/** How one of the files was understood. */
export interface TableMapping extends SourceNotes {
  /** The known form that it has. */
  form?: string;
  /** The column, or columns, of each role. */
  columns: Record<string, string>;
  /** Columns that nothing is made of. */
  unused: string[];
  /** Of an items file. */
  says?: ListedFields;
  /** How its rows were used: read = used + rejected + ignored. */
  rows: { read: number; used: number; rejected: number; ignored: Record<string, number>; usedPercent: number };
}

export interface ClockSummary {
  kind: Clock;
  /** ISO 8601, of a clock that is a time. */
  first?: string;
  last?: string;
}

export interface EventSummary {
  event: string;
  rows: number;
  weight: number;
}

/** What reading the files came to. */
export interface ReadSummary {
  clock: Clock;
  sides: Sides;
  /** Whether the file says which part each row belongs to. */
  split: boolean;
  /** Columns that say in what situation an interaction happened: `context_<place>` of the Parquet file. */
  context: string[];
  /** Whether some interactions, such as views, hide nothing from recommendations. */
  hides: boolean;
  interactions: InteractionsSummary;
  items: ItemsSummary;
  users: EntitySummary;
  rejected: FaultSummary;
  /** Optional values that could not be read: they are empty. */
  emptied: FaultSummary;
  mapping: Record<string, TableMapping>;
  currency: { code: string; from: string };
  /** Most rows first. */
  events: EventSummary[];
  /** What the reader should know, as sentences. */
  warnings: string[];
}

/** What the importer saw: `Dataset.summary`. */
export interface ImportSummary extends ReadSummary {
  seconds: number;
}
