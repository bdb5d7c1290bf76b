import type { Bags } from './bags.ts';
import type { ContextFeature } from './context.ts';

/** One column of a tower's input: pooled rows of one table. */
export interface Feature {
  /** "user_id", "country", "history", "title" … */
  name: string;
  /** Key of its table; `history` may share the item ids' table. */
  table: string;
  dims: number;
  /** First column in the concatenated input. */
  offset: number;
  /** A view of the user's last items: the weight of each, per item that came after it. */
  decay?: number | undefined;
}

/** A feature's rows for every user or item: a vocabulary and the entities' bags. Row 0 of each table is "unknown". */
export interface Encoded {
  /** Terms of rows 1, 2, …; empty for id tables, whose row is 1 + the entity's own. */
  vocabulary: string[];
  bags: Bags;
  /** Of a number that was put in buckets: {@link bucketBounds}. */
  bounds?: number[] | undefined;
}

/** Both towers' inputs: which features there are, and every user's and item's rows in them. */
export interface FeatureSpace {
  user: Feature[];
  item: Feature[];
  /** Features of each item of an unpooled history: those of `item`, or none. */
  sequence: Feature[];
  userWidth: number;
  itemWidth: number;
  /** Rows and width of each table. */
  tables: Record<string, { rows: number; dims: number }>;
  /** By feature name. `history` is not here: it depends on the moment. */
  encoded: { user: Record<string, Encoded>; item: Record<string, Encoded> };
  /** Of the situation, by feature name: inputs of the user tower too. */
  context: Record<string, ContextFeature>;
}

/** Of a model that looks at ids alone. */
export const noFeatures: FeatureSpace = {
  user: [],
  item: [],
  sequence: [],
  userWidth: 0,
  itemWidth: 0,
  tables: {},
  encoded: { user: {}, item: {} },
  context: {},
};
