import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noFeatures } from '@duet/artifact/inputs';
import { seededRng } from '@duet/random';
import { LearningTable } from '../batches/learning-table.ts';
import { type Earlier, startFrom } from './warm-start.ts';

const dims = 2;
/** A table of these rows whose numbers are drawn from a seed. */
function drawn(rows: number, seed: number): LearningTable {
  const table = new LearningTable(rows, dims);
  table.initialise(seededRng(seed), 1);
  return table;
}
const rowOf = ({ values }: { values: ArrayLike<number> }, row: number) => [values[row * dims], values[row * dims + 1]];
const vocabulary = (terms: string[]) => ({ vocabulary: terms, bags: {} as never });

test('known ids and terms begin with what they learnt and move a fifth as far, wherever their rows are now; new ones as drawn', () => {
  const earlierTables = { 'item.item_id': drawn(3, 1), 'item.augmented': drawn(5, 2), 'item.category': drawn(3, 3) };
  const earlier: Earlier = {
    space: { ...noFeatures, encoded: { user: {}, item: { category: vocabulary(['mugs', 'tea']) } } },
    params: { w: Float32Array.of(1, 2) },
    tables: earlierTables,
    file: { users: [], items: ['a', 'b'] },
  };
  const tables = { 'item.item_id': drawn(4, 5), 'item.augmented': drawn(7, 6), 'item.category': drawn(3, 7) };
  const before = { id: rowOf(tables['item.item_id'], 3), lamps: rowOf(tables['item.category'], 1) };
  const space = { ...noFeatures, encoded: { user: {}, item: { category: vocabulary(['lamps', 'tea']) } } };
  const dense = startFrom(earlier, { space, entities: { users: [], items: ['b', 'a', 'new'] }, tables });

  assert.deepEqual(dense, earlier.params);
  const [id, augmented, category] = Object.values(tables);
  assert.deepEqual(rowOf(id!, 0), rowOf(earlierTables['item.item_id'], 0));
  assert.deepEqual(rowOf(id!, 1), rowOf(earlierTables['item.item_id'], 2));
  assert.deepEqual(rowOf(id!, 2), rowOf(earlierTables['item.item_id'], 1));
  assert.deepEqual(rowOf(id!, 3), before.id);
  assert.deepEqual(
    Array.from(id!.rowRates!, (rate) => rate.toFixed(1)),
    ['0.2', '0.2', '0.2', '1.0'],
  );
  for (const half of [0, 1]) {
    assert.deepEqual(rowOf(augmented!, 1 + half), rowOf(earlierTables['item.augmented'], 3 + half));
    assert.deepEqual(rowOf(augmented!, 3 + half), rowOf(earlierTables['item.augmented'], 1 + half));
  }
  assert.deepEqual(
    [rowOf(category!, 1), rowOf(category!, 2)],
    [before.lamps, rowOf(earlierTables['item.category'], 2)],
  );

  const wider = startFrom(earlier, {
    space: { ...space, itemWidth: 9 },
    entities: { users: [], items: [] },
    tables: {},
  });
  assert.deepEqual(wider, {}, 'towers of another width begin anew');
});

test('a row’s rate scales how far each optimiser moves it', () => {
  for (const kind of ['adagrad', 'adagrad-row', 'adam'] as const) {
    const table = new LearningTable(2, dims);
    table.rowRates = Float32Array.of(1, 0.2);
    const bags = { start: Int32Array.of(0, 1, 2), row: Int32Array.of(0, 1), weight: Float32Array.of(1, 1) };
    table.accumulate(bags, Float32Array.of(1, 1, 1, 1), dims, 0);
    table.apply({ kind, learningRate: 0.1, decay: 0 });
    const [full, fifth] = [rowOf(table, 0), rowOf(table, 1)] as number[][];
    assert.ok(full![0]! < 0);
    assert.ok(Math.abs(fifth![0]! / full![0]! - 0.2) < 1e-6, kind);
  }
});
