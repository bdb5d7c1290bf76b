/**
 * The tables that pass between the statements of an import, in the order in which they are made. Statements name them
 * by these declarations, and {@link Workspace.fill} holds whoever writes one to its columns.
 *
 * Reading ends, and writing a dataset begins, with {@link wholeInteractions}, {@link knownUsers}, {@link knownItems},
 * {@link users} and {@link items}. Beside them each file has a view of its own, see {@link Source}.
 */
export interface Table {
  readonly name: string;
  /** SQL type of each column. */
  readonly columns: Readonly<Record<string, string>>;
  /** The name, so that a table stands in a statement as itself. */
  toString(): string;
}

const table = (name: string, columns: Record<string, string>): Table => ({ name, columns, toString: () => name });

/**
 * Rows that were left out, of every file. Written by `source.ts` (what cannot be read) and `checks.ts` (what is wrong).
 */
export const rejected = table('rejected', {
  file: 'VARCHAR',
  line: 'BIGINT',
  column: 'VARCHAR',
  reason: 'VARCHAR',
  value: 'VARCHAR',
  /** The row's fields by column, as JSON; none of a row that is not one of the file's columns. */
  record: 'VARCHAR',
});

/**
 * Optional values that could not be read: how many, and the first three by column and reason. Written by `checks.ts`.
 */
export const emptied = table('emptied', {
  file: 'VARCHAR',
  column: 'VARCHAR',
  reason: 'VARCHAR',
  rows: 'BIGINT',
  line: 'BIGINT[]',
  value: 'VARCHAR[]',
});

const ids = { number: 'INTEGER', id: 'VARCHAR' };
/** What `user_key` and `item_key` stand for in the tables of interactions. Written by `scan.ts`. */
export const userIds = table('user_ids', ids);
export const itemIds = table('item_ids', ids);

const scannedColumns = {
  /** Part, line and element of the row in one number: see `rowNumber`. */
  _row: 'BIGINT',
  user_key: 'INTEGER',
  item_key: 'INTEGER',
  /** Unix seconds, a position, or the line. */
  moment: 'DOUBLE',
  event: 'VARCHAR',
  quantity: 'DOUBLE',
  price: 'DOUBLE',
  value: 'DOUBLE',
  order_id: 'VARCHAR',
  title: 'VARCHAR',
  category: 'VARCHAR',
  /** Place in `splitParts`. */
  part: 'UTINYINT',
  /** Values of the context's columns. */
  context: 'VARCHAR[]',
  /** The same for rows equal in every column. */
  twin: 'UBIGINT',
  /** Whether the row takes a purchase back. */
  cancels: 'BOOLEAN',
  weight: 'DOUBLE',
  /** Whether it hides the item from the user's recommendations. */
  hides: 'BOOLEAN',
  /** Why the row does not count, though it is sound. */
  ignored: 'VARCHAR',
  /** Whether something is wrong with the row. */
  faulty: 'BOOLEAN',
  /** Whether an optional value cannot be read. */
  emptied: 'BOOLEAN',
};

/** Every row of the interactions file, checked. Written by `scan.ts`. */
export const scanned = table('scanned', scannedColumns);

/** The same while users and items are called what they are, where files do not number them. Written by `scan.ts`. */
export const scannedTexts = table('scanned_texts', { ...scannedColumns, user_key: 'VARCHAR', item_key: 'VARCHAR' });

/**
 * SQL for the columns of {@link scanned} that are the same in every row, because no column of the files has their role.
 *
 * @param roles those that the interactions' columns have
 */
export const interactionConstants = (
  roles: Readonly<Record<string, unknown>>,
  context: readonly string[],
): Record<string, string> => ({
  ...(roles.event ? {} : { event: 'NULL', weight: '1', hides: 'true' }),
  ...(roles.price ? {} : { price: 'NULL' }),
  ...(roles.value ? {} : { value: 'NULL' }),
  ...(roles.order ? {} : { order_id: 'NULL' }),
  ...(roles.title ? {} : { title: 'NULL' }),
  ...(roles.category ? {} : { category: 'NULL' }),
  ...(roles.split ? {} : { part: 'NULL' }),
  ...(context.length > 0 ? {} : { context: '[]' }),
});

const countedColumns = {
  _row: 'BIGINT',
  user_key: 'INTEGER',
  item_key: 'INTEGER',
  moment: 'DOUBLE',
  event: 'VARCHAR',
  cancels: 'BOOLEAN',
  weight: 'DOUBLE',
  hides: 'BOOLEAN',
  quantity: 'DOUBLE',
  price: 'DOUBLE',
  value: 'DOUBLE',
  order_id: 'VARCHAR',
  part: 'UTINYINT',
  context: 'VARCHAR[]',
};

/** Sound rows that count: of events with a weight, or cancelling, each once where duplicates are dropped. */
export const counted = table('counted', countedColumns);

/** The same in both directions, where interactions are symmetric. */
export const mirrored = table('mirrored', countedColumns);

/** Purchases that cancellations took something of, and the cancellations. Written by `cancellations.ts`. */
export const netted = table('netted', {
  _row: 'BIGINT',
  cancels: 'BOOLEAN',
  /** Units that the row added, or took. */
  change: 'DOUBLE',
  /** Units that were there before. */
  before: 'DOUBLE',
  left: 'DOUBLE',
});

const interactionColumns = {
  _row: 'BIGINT',
  user_key: 'INTEGER',
  item_key: 'INTEGER',
  moment: 'DOUBLE',
  event: 'VARCHAR',
  weight: 'DOUBLE',
  hides: 'BOOLEAN',
  quantity: 'DOUBLE',
  /** In major units. */
  value: 'DOUBLE',
  order_id: 'VARCHAR',
  part: 'UTINYINT',
  context: 'VARCHAR[]',
};

/** The interactions that are kept. Written by `interactions.ts`. */
export const interactions = table('interactions', interactionColumns);

const known = { ...ids, interactions: 'BIGINT' };
/** Users of {@link interactions}. Written by `interactions.ts`. */
export const knownUsers = table('known_users', known);
/** Items of {@link interactions}. Written by `interactions.ts`. */
export const knownItems = table('known_items', known);

/** {@link interactions} with those of users and items that have too few: what a part holds. Written by `core.ts`. */
export const wholeInteractions = table('whole_interactions', interactionColumns);

export type Entity = 'users' | 'items';

/** Values of multi-valued attributes, one a row. Written by `lists.ts`. */
export const listValues = (entity: Entity): Table =>
  table(`values_${entity}`, { id: 'VARCHAR', name: 'VARCHAR', value: 'VARCHAR' });

/** Multi-valued attributes of each id, a JSON object of values joined by |. Written by `lists.ts`. */
export const lists = (entity: Entity): Table => table(`lists_${entity}`, { id: 'VARCHAR', lists: 'VARCHAR' });

/** Sound rows of the items file, one an id. Written by `items.ts`. */
export const listedItems = table('listed_items', {
  id: 'VARCHAR',
  title: 'VARCHAR',
  /** From the root. */
  category: 'VARCHAR[]',
  /** In major units. */
  price: 'DOUBLE',
  stocked: 'BOOLEAN',
  hidden: 'BOOLEAN',
  /** A JSON object. */
  attributes: 'VARCHAR',
});

/** Sound rows of the users file, one an id. Written by `users.ts`. */
export const listedUsers = table('listed_users', { id: 'VARCHAR', title: 'VARCHAR', attributes: 'VARCHAR' });

/** Every item of an interaction or of the items file, numbered from 0 by id. Written by `items.ts`. */
export const items = table('items', {
  row: 'INTEGER',
  item_id: 'VARCHAR',
  title: 'VARCHAR',
  category: 'VARCHAR',
  price_minor: 'INTEGER',
  in_stock: 'BOOLEAN',
  /** Whether it is not shown: the file hides it, or a complete file lacks it. */
  withdrawn: 'BOOLEAN',
  attributes: 'VARCHAR',
});

/** Every user (or query) of an interaction, numbered from 0 by id. Written by `users.ts`. */
export const users = table('users', { row: 'INTEGER', user_id: 'VARCHAR', title: 'VARCHAR', attributes: 'VARCHAR' });
