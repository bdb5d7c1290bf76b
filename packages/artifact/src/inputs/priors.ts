/** Name of the table [1 + items, 1] that holds what popularity adds to an item's score, where a model has it. */
export const popularityTable = 'item.popularity';

/**
 * Names of the tables [1 + items, dims] whose inner product is the prior: of an item that a user had, and of one that
 * is scored.
 */
export const itemItemTables = { history: 'history.item_item', item: 'item.item_item' } as const;
