declare const brand: unique symbol;

/**
 * Users or items as the towers see them, a whole number each, since a batch has them in an Int32Array:
 *
 * - a row, ≥ 0: known by its id and by all else that its features say;
 * - {@link withoutId} of a row, −1 − row: its id and its augmented vector are hidden, its other features count;
 * - a {@link stranger}, −2³¹: nothing is known of it.
 */
export type Entities = Int32Array & { readonly [brand]: 'entities' };

/** One of {@link Entities}. */
export type Entity = number & { readonly [brand]: 'entity' };

/** An entity of which nothing is known, not even its attributes. */
export const stranger = -(2 ** 31) as Entity;

export const withId = (row: number): Entity => row as Entity;
export const withoutId = (row: number): Entity => (-1 - row) as Entity;

/** In a list of rows: there is none. */
export const noRow = -1;

/** Makes an entity of each row; where there is none, a stranger. */
export const entitiesOf = (rows: Int32Array, entityOf: (row: number, place: number) => Entity = withId): Entities =>
  asEntities(rows.map((row, place) => (row < 0 ? stranger : entityOf(row, place))));

/** Entities as they are, but for the ids of those that training never showed, which would say nothing. */
export const hideUntrained = (entities: Entities, trained: (row: number, place: number) => boolean): Entities =>
  asEntities(entities.map((entity, place) => (entity < 0 || trained(entity, place) ? entity : withoutId(entity))));

/** Rows as the entities that they are, or entities after a change that leaves each one: they are not copied. */
export const asEntities = (rows: Int32Array): Entities => rows as Entities;

/** Whether the towers see the entity's id. */
export const hasId = (entity: number): boolean => entity >= 0;

/** The row of the entity's id in a table of ids: 0, "unknown", where the id is hidden. */
export const idRow = (entity: number): number => (entity < 0 ? 0 : 1 + entity);

/** The row whose features say what the entity is; {@link noRow} for a stranger. */
export const describedRow = (entity: number): number =>
  entity === stranger ? noRow : entity < 0 ? -1 - entity : entity;
