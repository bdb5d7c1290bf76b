import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hasPopularity, popularityPrior } from './popularity.ts';

const day = 86_400;
/** Two sales of a, today and 30 days ago, one of b 60 days ago, none of c; a later one of c is not learnt from. */
const sales = {
  items: ['a', 'b', 'c'],
  item: Int32Array.of(0, 0, 1, 2),
  time: Float64Array.of(100 * day, 70 * day, 40 * day, 130 * day),
};
const train = Int32Array.of(0, 1, 2);

describe('the popularity prior', () => {
  test('counts a sale half for every half-life before the last one', () => {
    const prior = popularityPrior(sales, train, { popularityWeight: 0.1, popularityHalfLife: 30 });
    const [a, b] = [0.1 * Math.log(2.5), 0.1 * Math.log(1.25)];
    // An item that nobody had, and one that the model does not know, get the 90th percentile of the others: of two the
    // lower.
    const expected = [b, a, b, b];
    assert.equal(prior.length, expected.length);
    for (const [item, value] of prior.entries())
      assert.ok(Math.abs(value - expected[item]!) < 1e-7, `${item}: ${value}`);
  });

  test('counts all sales alike without a half-life', () => {
    const prior = popularityPrior(sales, train, { popularityWeight: 1, popularityHalfLife: 0 });
    assert.deepEqual([...prior.subarray(1, 3)], [Math.log(3), Math.log(2)].map(Math.fround));
  });

  test('is there where it weighs something and its half-life has a time to go by', () => {
    const fading = { popularityWeight: 0.1, popularityHalfLife: 30 };
    assert.equal(hasPopularity({}, fading), true);
    assert.equal(hasPopularity({ clock: 'position' }, fading), false);
    assert.equal(hasPopularity({ clock: 'file' }, { ...fading, popularityHalfLife: 0 }), true);
    assert.equal(hasPopularity({}, { ...fading, popularityWeight: 0 }), false);
  });
});
