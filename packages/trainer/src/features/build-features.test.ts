import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  bucketBounds,
  bucketOf,
  encodeTerms,
  historyBags,
  selectBags,
  sequenceBags,
  tokenize,
} from '@duet/artifact/inputs';
import { presets } from '@duet/models';
import { buildFeatures } from './build-features.ts';

describe('features', () => {
  test('terms get rows by frequency, several are averaged, rare and unknown ones are row 0', () => {
    const { vocabulary, bags } = encodeTerms([['red', 'cup'], ['cup'], [], ['cup', 'blue', 'blue'], ['red']], 2);
    assert.deepEqual(vocabulary, ['cup', 'red']);
    assert.deepEqual([...bags.start], [0, 2, 3, 4, 5, 6]);
    assert.deepEqual([...bags.row], [2, 1, 1, 0, 1, 2]);
    assert.deepEqual([...bags.weight], [0.5, 0.5, 1, 1, 1, 1]);
  });

  test('numbers fall into ten buckets of equal size; an unknown number into none', () => {
    const numbers = [...Array.from({ length: 20 }, (_, i) => i), Number.NaN];
    const bounds = bucketBounds(numbers);
    const buckets = numbers.map((x) => bucketOf(x, bounds));
    assert.deepEqual(buckets[0], ['q0']);
    assert.deepEqual(buckets[19], ['q9']);
    assert.deepEqual(buckets[20], []);
    assert.deepEqual([bucketOf(-5, bounds), bucketOf(3.5, bounds), bucketOf(99, bounds)], [['q0'], ['q2'], ['q9']]);
    assert.deepEqual(bucketBounds([7, 7, 7]), [7, 7, 7, 7, 7, 7]);
    assert.deepEqual(bucketOf(7, [7, 7, 7]), ['q0']);
    assert.equal(buckets.filter(([bucket]) => bucket === 'q4').length, 2);
  });

  test('titles are words of any script', () => {
    assert.deepEqual(tokenize("SET/6 RED ÉTOILE's 茶"), ['set', '6', 'red', 'étoile', 's', '茶']);
  });

  test("an unpooled history is its last items' own bags, newest first, and nothing beyond its end", () => {
    const { bags } = encodeTerms([['red', 'cup'], ['cup'], ['red']], 1);
    const { start, row, weight } = sequenceBags(bags, [[2, 1, 0], [2], []], 2);
    assert.deepEqual([...start], [0, 2, 3, 4, 4, 4, 4]);
    // "cup" is row 1 and "red" row 2; item 0 has both, in the order of its title.
    assert.deepEqual([...row], [2, 1, 1, 2]);
    assert.deepEqual([...weight], [0.5, 0.5, 1, 1]);
  });

  test('a history is its last items, newest heaviest, weights summing to one', () => {
    const { start, row, weight } = historyBags([[5, 6, 7], []], 2, 0.5);
    assert.deepEqual([...start], [0, 2, 3]);
    // Items 7 and 6 are table rows 8 and 7; the empty history is the unknown row.
    assert.deepEqual([...row], [8, 7, 0]);
    assert.ok(Math.abs(weight[0]! - 2 / 3) < 1e-6 && Math.abs(weight[1]! - 1 / 3) < 1e-6 && weight[2] === 1);
  });

  test('an entity that is not there has the unknown row', () => {
    const all = encodeTerms([['a'], ['a', 'b'], ['b']], 1).bags;
    const { start, row } = selectBags(all, [-1, 1]);
    assert.deepEqual([...start], [0, 1, 3]);
    assert.deepEqual([...row], [0, 1, 2]);
  });
});

describe("a model's features", () => {
  const [users, items] = [2, 3];
  const data = {
    interactions: {
      users: Array.from({ length: users }, (_, u) => `u${u}`),
      items: Array.from({ length: items }, (_, i) => `i${i}`),
      user: new Int32Array(),
      item: new Int32Array(),
      time: new Float64Array(),
      weight: new Float32Array(),
      valueMinor: new Float64Array(),
    },
    catalogue: {
      ids: Array.from({ length: items }, (_, i) => `i${i}`),
      title: ['red cup', 'red pot', 'cup'],
      category: Int32Array.of(0, 1, 0),
      categories: ['cups', 'pots'],
      priceMinor: new Float64Array(items).fill(Number.NaN),
      attributes: {},
    },
    users: { title: ['', ''], attributes: {} },
  };
  const settings = { ...presets.paper, augmentedDims: 0, history: 5, layers: [8, 4], idDims: 6 };
  const shapes = (features: { name: string; table: string; dims: number; offset: number }[]) =>
    features.map(({ name, table, dims, offset }) => [name, table, dims, offset]);

  test('FM: as many factors for each and a weight, the history apart from the items', () => {
    const space = buildFeatures(data, settings, 'fm');
    assert.deepEqual(shapes(space.user), [
      ['user_id', 'user.user_id', 7, 0],
      ['history', 'user.history', 7, 7],
    ]);
    assert.deepEqual(
      shapes(space.item).map(([name]) => name),
      ['item_id', 'category', 'title'],
    );
    assert.deepEqual(space.tables['user.history'], { rows: 4, dims: 7 });
  });

  test('YouTubeDNN: no user id, and of an item its id alone', () => {
    const space = buildFeatures(data, settings, 'youtube-dnn');
    assert.deepEqual(shapes(space.user), [['history', 'user.history', 6, 0]]);
    assert.deepEqual(shapes(space.item), [['item_id', 'item.item_id', 4, 0]]);
    assert.deepEqual(Object.keys(space.encoded.item), ['item_id']);
  });

  test("MIND: an item's features over each other, and the same for each item of the history", () => {
    const space = buildFeatures(data, settings, 'mind');
    assert.deepEqual(space.sequence, space.item);
    assert.equal(space.itemWidth, 4);
    assert.ok(space.item.every(({ offset, dims }) => offset === 0 && dims === 4));
    assert.deepEqual(shapes(space.user), [['user_id', 'user.user_id', 6, 0]]);
  });

  test('where nothing tells users apart, that is said', () => {
    const nothing = { ...settings, userIds: false, history: 0 };
    assert.throws(() => buildFeatures(data, nothing), { code: 'bad-input', message: /tell users apart.*userIds/ });
  });
});
