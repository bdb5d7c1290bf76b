import { dailyMeasures, pastMeasures } from '../metrics/measures.ts';

/** A table that passes from one statement of a transaction to the next, and goes with it. */
export interface PassingTable<Column extends string> {
  /** As it stands in SQL, quoted. */
  name: string;
  columns: readonly Column[];
}

/** The statement that makes the table from a query, which must give every column by its name. */
export const makeTable = ({ name, columns }: PassingTable<string>, query: string): string =>
  `CREATE TEMP TABLE ${name} ON COMMIT DROP AS SELECT ${quoted(columns)} FROM (${query}) AS "made"`;

/** Column names as a list in SQL. */
export const quoted = (columns: readonly string[]): string => columns.map((column) => `"${column}"`).join(', ');

const passing = <const Column extends string>(name: string, columns: readonly Column[]): PassingTable<Column> => ({
  name: `"${name}"`,
  columns,
});

/**
 * The events of the users who are attributed, each once: `exposure` says whether the experiment exposed the user by it,
 * `late` whether it arrived too late to count. An order event without an order has its own id as `orderId`.
 *
 * Written by `attribute`; read by `attribute` and `creditTeams`.
 */
export const candidateEvent = passing('candidateEvent', [
  ...(['userId', 'eventId', 'day', 'type', 'occurredAt', 'itemId', 'armId', 'device', 'orderId', 'quantity'] as const),
  ...(['valueMinor', 'exposure', 'late'] as const),
]);

/**
 * Those of them who were exposed, as "RollupUser" keeps them, and beside that when first (`firstAt`).
 *
 * Written by `attribute`; read by it, `creditTeams`, `moveSums` and `keepRows`.
 */
export const attributedUser = passing('attributedUser', [
  ...(['userId', 'status', 'armId', 'firstAt', 'firstDay', 'device', 'visitor', 'lateEvents'] as const),
  ...pastMeasures,
]);

/**
 * What those who count did, a row a day in all (category "") and one for each category, as "RollupUserDay" keeps it.
 *
 * Written by `attribute`; read by `moveSums` and `keepRows`.
 */
export const attributedUserDay = passing('attributedUserDay', ['userId', 'category', 'day', ...dailyMeasures]);

/**
 * What those who count saw and clicked of either team of an interleaving, a row a day, as "InterleavedUserDay" keeps
 * it.
 *
 * Written and read by `creditTeams`.
 */
export const creditedUserDay = passing('creditedUserDay', [
  ...(['userId', 'day', 'controlImpressions', 'treatmentImpressions', 'controlClicks', 'treatmentClicks'] as const),
]);
