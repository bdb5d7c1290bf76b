import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { evaluate, popularityBands, targetRanks, userMetrics } from './evaluate.ts';

const catalogue = { ids: ['a', 'b', 'c', 'd'], category: Int32Array.of(0, 0, 1, -1), categories: ['x', 'y'] };

describe('ranks', () => {
  test('count only items that the user has not seen', () => {
    const scores = Float32Array.of(9, 8, 7, 6);
    assert.deepEqual(targetRanks(scores, Int32Array.of(3), Int32Array.of(0, 1)), [{ item: 3, rank: 2 }]);
    assert.deepEqual([...scores], [9, 8, 7, 6], 'and the scores are as before');
  });

  test('break ties by item row, so that a constant score gains nothing', () => {
    const ranks = targetRanks(new Float32Array(4), Int32Array.of(2, 0), new Int32Array());
    assert.deepEqual(ranks, [
      { item: 0, rank: 1 },
      { item: 2, rank: 3 },
    ]);
  });

  test('agree with sorting the whole catalogue', () => {
    const list = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 2, maxLength: 40 });
    fc.assert(
      fc.property(list, fc.array(fc.nat(1000)), fc.array(fc.nat(1000), { minLength: 1 }), (values, hidden, wanted) => {
        const n = values.length;
        const targets = [...new Set(wanted.map((i) => i % n))];
        const seen = [...new Set(hidden.map((i) => i % n))].filter((i) => !targets.includes(i));
        const order = values
          .map((score, item) => ({ score, item }))
          .filter(({ item }) => !seen.includes(item))
          .sort((a, b) => b.score - a.score || a.item - b.item)
          .map(({ item }) => item);
        const expected = targets
          .map((item) => ({ item, rank: order.indexOf(item) + 1 }))
          .sort((a, b) => a.rank - b.rank);
        const actual = targetRanks(Float32Array.from(values), Int32Array.from(targets), Int32Array.from(seen));
        assert.deepEqual(actual, expected);
      }),
    );
  });
});

describe("a user's metrics", () => {
  test('are those worked by hand', () => {
    // Targets at ranks 2, 60 and 200: one in the first 50, two in the first 100.
    const m = userMetrics([2, 60, 200]);
    const ideal = 1 + 1 / Math.log2(3) + 1 / Math.log2(4);
    assert.equal(m['HR@50'], 1);
    assert.equal(m['Recall@50'], 1 / 3);
    assert.equal(m['Recall@100'], 2 / 3);
    assert.equal(m['NDCG@50'], 1 / Math.log2(3) / ideal);
    assert.equal(m['NDCG@100'], (1 / Math.log2(3) + 1 / Math.log2(61)) / ideal);
    assert.equal(m.MRR, 0.5);
  });

  test('divide recall by K where there are more targets than places', () => {
    assert.equal(userMetrics(Array.from({ length: 80 }, (_, i) => i + 1))['Recall@50'], 1);
  });
});

test('an evaluation averages over users, and by category over the users with a target in it', () => {
  const split = {
    name: 'hand',
    train: new Int32Array(),
    evaluations: [
      { user: 0, targets: Int32Array.of(0, 2), seen: new Int32Array() },
      { user: 1, targets: Int32Array.of(3), seen: Int32Array.of(0) },
    ],
  };
  const score = (row: number, scores: Float32Array) => scores.set(row === 0 ? [4, 3, 2, 1] : [4, 3, 2, 1]);
  const { metrics, byCategory, byPopularity, users } = evaluate(split, catalogue, Int32Array.of(5, 3, 1, 0), score);
  assert.equal(users, 2);
  assert.equal(metrics.MRR, (1 + 1 / 3) / 2);
  assert.deepEqual(
    byCategory.map(({ category, users: n, metrics: m }) => [category, n, m.MRR]),
    [
      ['x', 1, 1],
      ['y', 1, 1 / 3],
    ],
  );
  assert.deepEqual(byPopularity.at(-1)?.band, 'not in training');
});

test('popularity bands are by rank among the items that were sold', () => {
  const count = Int32Array.from({ length: 22 }, (_, i) => (i < 20 ? 20 - i : 0));
  const { bandOf } = popularityBands(count);
  assert.deepEqual([...bandOf], [0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3]);
});
