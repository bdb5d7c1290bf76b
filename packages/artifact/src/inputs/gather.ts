import type { TrainingSettings, Values } from '@duet/models';
import { type Bags, historyBags, selectBags, sequenceBags, singleBags } from './bags.ts';
import { isContext } from './context.ts';
import type { EmbeddingTable } from './embedding-table.ts';
import { asEntities, describedRow, type Entities, hasId, stranger } from './entity.ts';
import type { FeatureSpace } from './feature-space.ts';

/** Rows of a table that are pooled into some columns of an input. */
export interface Gathered<T extends EmbeddingTable = EmbeddingTable> {
  table: T;
  bags: Bags;
  input: 'user' | 'item' | 'history' | `${'user' | 'item'}${'Augmented' | 'Mimic'}`;
  width: number;
  offset: number;
}

/** One row an entity, of `halves` that it has; the unknown row 0 for a hidden one. */
const ownBags = (entities: Entities, halves: 1 | 2 = 1, half = (_: number) => 0): Bags =>
  singleBags(entities.map((entity, i) => (hasId(entity) ? 1 + entity * halves + half(i) : 0)));

/** The mean of both halves of each entity. */
function bothHalves(entities: Entities): Bags {
  const row = Int32Array.from({ length: 2 * entities.length }, (_, at) => {
    const entity = entities[at >> 1]!;
    return hasId(entity) ? 1 + 2 * entity + (at & 1) : 0;
  });
  const start = Int32Array.from({ length: entities.length + 1 }, (_, i) => 2 * i);
  return { start, row, weight: new Float32Array(row.length).fill(0.5) };
}

/** Users with their histories (item rows, oldest first), and items. */
export interface Gathering {
  users: Entities;
  histories: ArrayLike<number>[];
  items: Entities;
  /**
   * In cross-fitted training: the half of each user and item that mimics, and whose do: the first ones', a stranger for
   * none.
   */
  mimics?: {
    users: Uint8Array;
    items: Uint8Array;
    learning: { user: Entities; item: Entities };
    /** Whether users whose first half mimics see no a_u, for the second is of what came later. */
    causal: boolean;
  };
  /** Bags [users] to take in the place of the users' own, by feature name. */
  userOverrides?: Record<string, Bags>;
  /** The same [items] for the items. */
  itemOverrides?: Record<string, Bags>;
}

/**
 * Which rows of which tables make the inputs of these users (with their histories) and items. One without its id has
 * the unknown row in the place of its id and of its augmented vector.
 */
export function gather<T extends EmbeddingTable>(
  space: FeatureSpace,
  tables: Record<string, T>,
  settings: Pick<TrainingSettings, 'history' | 'augmentedDims' | 'crossFit' | 'mimicUser' | 'mimicItem'>,
  batch: Gathering,
): Gathered<T>[] {
  const side = (name: 'user' | 'item', entities: Entities): Gathered<T>[] => {
    const width = name === 'user' ? space.userWidth : space.itemWidth;
    const visible = entities.map(describedRow);
    const features = space[name].map((feature): Gathered<T> => {
      const table = tables[feature.table]!;
      const place = { table, input: name, width, offset: feature.offset };
      if (feature.decay !== undefined) {
        return { ...place, bags: historyBags(batch.histories, settings.history, feature.decay) };
      }
      const override = (name === 'user' ? batch.userOverrides : batch.itemOverrides)?.[feature.name];
      if (override !== undefined) return { ...place, bags: override };
      if (isContext(feature.name)) return { ...place, bags: singleBags(new Int32Array(entities.length)) };
      if (feature.name === `${name}_id`) return { ...place, bags: ownBags(entities) };
      return { ...place, bags: selectBags(space.encoded[name][feature.name]!.bags, visible) };
    });
    if (settings.augmentedDims > 0) {
      const place = { table: tables[`${name}.augmented`]!, width: settings.augmentedDims, offset: 0 };
      const halves = batch.mimics?.[`${name}s`];
      const later =
        name === 'user' && batch.mimics?.causal
          ? asEntities(entities.map((entity, i) => (halves![i] === 0 ? stranger : entity)))
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

/** The gathered inputs by name, for one side alone. */
export function pooled(gathered: Gathered[]): Values {
  const feeds: Values = {};
  for (const { table, bags, input, width, offset } of gathered) {
    feeds[input] ??= new Float32Array((bags.start.length - 1) * width);
    table.pool(bags, feeds[input], width, offset);
  }
  return feeds;
}
