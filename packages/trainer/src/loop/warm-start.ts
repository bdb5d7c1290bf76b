import type { Artifact } from '@duet/artifact';
import { type FeatureSpace, sharedFloats } from '@duet/artifact/inputs';
import type { Values } from '@duet/models';
import type { LearningTable } from '../batches/learning-table.ts';

/** What an earlier model learnt, as its artifact keeps it. */
export type Earlier = Pick<Artifact, 'space' | 'params'> & {
  tables: Record<string, { rows: number; dims: number; values: ArrayLike<number> }>;
  file: Pick<Artifact['file'], 'users' | 'items'>;
};

/** Ids of the entities that are trained now, by row. */
export interface Entities {
  users: readonly string[];
  items: readonly string[];
}

/** What stands behind the rows 1, 2, … of a table: ids, or terms; undefined for one that nothing names. */
function namesOf(table: string, space: FeatureSpace, { users, items }: Entities): readonly string[] | undefined {
  const [side, ...rest] = table.split('.');
  const name = rest.join('.');
  if (name === 'history') return items;
  if (name === 'user_id') return users;
  if (name === 'item_id') return items;
  if (name === 'augmented') return side === 'user' ? users : items;
  const encoded = side === 'user' || side === 'item' ? space.encoded[side][name] : undefined;
  return encoded?.vocabulary ?? space.context[table]?.vocabulary;
}

/**
 * A row that is kept moves by this share of a new row's rate: it has been learnt already, and is put right, not learnt
 * anew.
 */
const keptRate = 0.2;

/**
 * Lets a training begin where an earlier model of the same settings ended: what stands for a known id or term takes the
 * values that it had and moves less than what is new, which keeps the values that it was drawn with; the dense
 * parameters are taken over where the towers are as wide as they were. The optimisers begin anew.
 *
 * @param tables those that learn, drawn at random; written over
 * @returns the dense parameters to begin with; none where they do not fit
 */
export function startFrom(
  earlier: Earlier,
  now: { space: FeatureSpace; entities: Entities; tables: Record<string, LearningTable> },
): Values {
  for (const [name, table] of Object.entries(now.tables)) {
    const before = earlier.tables[name];
    if (before === undefined || before.dims !== table.dims) continue;
    const names = namesOf(name, now.space, now.entities);
    const known = namesOf(name, earlier.space, earlier.file);
    if (names === undefined || known === undefined) continue;
    const rates = sharedFloats(table.rows).fill(1);
    table.rowRates = rates;
    const keep = (to: number, from: number) => {
      rates[to] = keptRate;
      for (let i = 0; i < table.dims; i++) table.values[to * table.dims + i] = before.values[from * table.dims + i]!;
    };
    keep(0, 0);
    // A cross-fitted table has two rows side by side for each entity.
    const each = names.length === 0 ? 1 : (table.rows - 1) / names.length;
    if (before.rows !== 1 + each * known.length) continue;
    const rowOf = new Map(known.map((id, row) => [id, row]));
    names.forEach((id, row) => {
      const from = rowOf.get(id);
      if (from === undefined) return;
      for (let half = 0; half < each; half++) keep(1 + each * row + half, 1 + each * from + half);
    });
  }
  const isAlike = earlier.space.userWidth === now.space.userWidth && earlier.space.itemWidth === now.space.itemWidth;
  return isAlike ? earlier.params : {};
}
