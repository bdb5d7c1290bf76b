import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeTerms, historyBags, quantileBuckets, selectBags, sequenceBags, tokenize } from './features.ts';

describe('features', () => {
  test('terms get rows by frequency, several are averaged, rare and unknown ones are row 0', () => {
    const { vocabulary, bags } = encodeTerms([['red', 'cup'], ['cup'], [], ['cup', 'blue', 'blue'], ['red']], 2);
    assert.deepEqual(vocabulary, ['cup', 'red']);
    assert.deepEqual([...bags.start], [0, 2, 3, 4, 5, 6]);
    assert.deepEqual([...bags.row], [2, 1, 1, 0, 1, 2]);
    assert.deepEqual([...bags.weight], [0.5, 0.5, 1, 1, 1, 1]);
  });

  test('numbers fall into ten buckets of equal size; an unknown number into none', () => {
    const buckets = quantileBuckets([...Array.from({ length: 20 }, (_, i) => i), Number.NaN]);
    assert.deepEqual(buckets[0], ['q0']);
    assert.deepEqual(buckets[19], ['q9']);
    assert.deepEqual(buckets[20], []);
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
