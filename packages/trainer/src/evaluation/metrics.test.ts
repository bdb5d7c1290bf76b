import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { gini, listMetrics, userMetrics } from './metrics.ts';
import { listLength } from './rankings.ts';

describe("a user's metrics", () => {
  test('are those worked by hand', () => {
    // Targets at ranks 2, 60 and 200: one in the first 50, two in the first 100.
    const m = userMetrics([2, 60, 200]);
    const ideal = 1 + 1 / Math.log2(3) + 1 / Math.log2(4);
    assert.equal(m['HR@50'], 1);
    // The first lies among the first 10, and no other among the first 20.
    assert.deepEqual([m['HR@10'], m['HR@20'], m['Recall@20']], [1, 1, 1 / 3]);
    assert.equal(m['NDCG@10'], 1 / Math.log2(3) / ideal);
    assert.equal(userMetrics([11, 60])['HR@10'], 0);
    assert.equal(userMetrics([11, 60])['HR@20'], 1);
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

describe('Gini', () => {
  test('is half the relative mean absolute difference', () => {
    // Its definition: Σ_i Σ_j |x_i − x_j| / (2 n Σ x).
    const counts = fc.array(fc.nat(20), { minLength: 1, maxLength: 30 }).filter((list) => list.some((x) => x > 0));
    fc.assert(
      fc.property(counts, (x) => {
        const differences = x.flatMap((a) => x.map((b) => Math.abs(a - b))).reduce((a, b) => a + b);
        const expected = differences / (2 * x.length * x.reduce((a, b) => a + b));
        assert.ok(Math.abs(gini(x) - expected) < 1e-12);
      }),
    );
  });

  test('is 0 for equal counts and 1 − 1/n where one has all', () => {
    assert.equal(gini([3, 3, 3]), 0);
    assert.equal(gini([0, 0, 0, 7]), 0.75);
  });
});

test('coverage, ARP and Gini are those of the lists worked by hand', () => {
  // Two users in a catalogue of four: the lists {0, 1} and {0}; the popularities are 10, 4, 2, 0.
  const list = new Int32Array(2 * listLength).fill(-1);
  list.set([0, 1], 0);
  list.set([0], listLength);
  const m = listMetrics({ user: Int32Array.of(5, 6), list }, Float32Array.of(10, 4, 2, 0));
  assert.equal(m['Coverage@50'], 2 / 4);
  assert.equal(m['ARP@50'], ((10 + 4) / 2 + 10) / 2);
  // Shown 2, 1, 0, 0 times.
  assert.equal(m['Gini@50'], gini([2, 1, 0, 0]));
  const second = listMetrics({ user: Int32Array.of(5, 6), list }, Float32Array.of(10, 4, 2, 0), [1]);
  assert.equal(second['Coverage@100'], 1 / 4);
});
