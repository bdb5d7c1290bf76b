import type { TrainingSettings, Values } from '@duet/models';
import { type Bags, historyBags, selectBags, sequenceBags, singleBags } from './bags.ts';
import { isContext } from './context.ts';
import type { EmbeddingTable } from './embedding-table.ts';
import type { FeatureSpace } from './feature-space.ts';

/** Rows of a table that are pooled into some columns of an input. */
export interface Gathered<T extends EmbeddingTable = EmbeddingTable> {
  table: T;
  bags: Bags;
  input: 'user' | 'item' | 'history' | `${'user' | 'item'}${'Augmented' | 'Mimic'}`;
  width: number;
  offset: number;
}

/** An entity of which nothing is known, not even its attributes. */
export const unknown = -(2 ** 31);

/** An entity whose id is hidden is written −1 − entity: its other features still count. */
const shown = (entity: number): number => (entity === unknown ? -1 : entity < 0 ? -1 - entity : entity);

/** One row an entity, of `halves` that it has; the unknown row 0 for a hidden one. */
const ownBags = (entities: Int32Array, halves: 1 | 2 = 1, half = (_: number) => 0): Bags =>
  singleBags(entities.map((entity, i) => (entity < 0 ? 0 : 1 + entity * halves + half(i))));

/** The mean of both halves of each entity. */
function bothHalves(entities: Int32Array): Bags {
  const row = Int32Array.from({ length: 2 * entities.length }, (_, at) => {
    const entity = entities[at >> 1]!;
    return entity < 0 ? 0 : 1 + 2 * entity + (at & 1);
  });
  const start = Int32Array.from({ length: entities.length + 1 }, (_, i) => 2 * i);
  return { start, row, weight: new Float32Array(row.length).fill(0.5) };
}

/** Users with their histories (item rows, oldest first), and items. */
export interface Gathering {
  users: Int32Array;
  histories: ArrayLike<number>[];
  items: Int32Array;
  /** In cross-fitted training: the half of each user and item that mimics, and whose do: the first ones', −1 for none. */
  mimics?: {
    users: Uint8Array;
    items: Uint8Array;
    learning: { user: Int32Array; item: Int32Array };
    /** Whether users whose first half mimics see no a_u, for the second is of what came later. */
    causal: boolean;
  };
  /** Bags [users] to take in the place of the users' own, by feature name. */
  given?: Record<string, Bags>;
  /** The same [items] for the items. */
  givenItems?: Record<string, Bags>;
}

/**
 * Which rows of which tables make the inputs of these users (with their histories) and items. A user of −1 − u or an
 * item of −1 − i has its id and augmented vector replaced by the unknown row.
 */
export function gather<T extends EmbeddingTable>(
  space: FeatureSpace,
  tables: Record<string, T>,
  settings: Pick<TrainingSettings, 'history' | 'augmentedDims' | 'crossFit' | 'mimicUser' | 'mimicItem'>,
  batch: Gathering,
): Gathered<T>[] {
  const side = (name: 'user' | 'item', entities: Int32Array): Gathered<T>[] => {
    const width = name === 'user' ? space.userWidth : space.itemWidth;
    const visible = entities.map(shown);
    const features = space[name].map((feature): Gathered<T> => {
      const table = tables[feature.table]!;
      const place = { table, input: name, width, offset: feature.offset };
      if (feature.decay !== undefined) {
        return { ...place, bags: historyBags(batch.histories, settings.history, feature.decay) };
      }
      const given = (name === 'user' ? batch.given : batch.givenItems)?.[feature.name];
      if (given !== undefined) return { ...place, bags: given };
      if (isContext(feature.name)) return { ...place, bags: singleBags(new Int32Array(entities.length)) };
      if (feature.name === `${name}_id`) return { ...place, bags: ownBags(entities) };
      return { ...place, bags: selectBags(space.encoded[name][feature.name]!.bags, visible) };
    });
    if (settings.augmentedDims > 0) {
      const place = { table: tables[`${name}.augmented`]!, width: settings.augmentedDims, offset: 0 };
      const halves = batch.mimics?.[`${name}s`];
      const later =
        name === 'user' && batch.mimics?.causal
          ? entities.map((entity, i) => (halves![i] === 0 ? unknown : entity))
          : entities;
      const seen = halves
        ? ownBags(later, 2, (i) => 1 - halves[i]!)
        : settings.crossFit
          ? bothHalves(entities)
          : ownBags(entities);
      features.push({ ...place, bags: seen, input: `${name}Augmented` });
      if (halves && settings[name === 'user' ? 'mimicUser' : 'mimicItem'] > 0) {
        const { learning } = batch.mimics!;
        features.push({ ...place, bags: ownBags(learning[name], 2, (i) => halves[i]!), input: `${name}Mimic` });
      }
    }
    return features;
  };
  const sequence = space.sequence.map(({ name, table, offset }): Gathered<T> => {
    const bags = sequenceBags(space.encoded.item[name]!.bags, batch.histories, settings.history);
    return { table: tables[table]!, bags, input: 'history', width: space.itemWidth, offset };
  });
  return [
    ...(batch.users.length > 0 ? [...side('user', batch.users), ...sequence] : []),
    ...(batch.items.length > 0 ? side('item', batch.items) : []),
  ];
}

/** Items of each history that a sequence has room for. */
export const historyLengths = (histories: ArrayLike<number>[], { history }: { history: number }): Float32Array =>
  Float32Array.from(histories, (list) => Math.min(list.length, history));

/** Entities as {@link gather} takes them: the id of one that training never showed says nothing, so it is hidden. */
export const hideUntrained = (entities: Int32Array, trained: (entity: number, place: number) => boolean): Int32Array =>
  entities.map((entity, place) => (entity < 0 || trained(entity, place) ? entity : -1 - entity));

/** The gathered inputs by name, for one side alone. */
export function pooled(gathered: Gathered[]): Values {
  const feeds: Values = {};
  for (const { table, bags, input, width, offset } of gathered) {
    feeds[input] ??= new Float32Array((bags.start.length - 1) * width);
    table.pool(bags, feeds[input], width, offset);
  }
  return feeds;
}
