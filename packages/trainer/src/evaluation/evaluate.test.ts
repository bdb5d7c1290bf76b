import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluate, historyBands, popularityBands } from './evaluate.ts';
import { byUser } from './scorer.ts';

test('an evaluation averages over users, and by group over the users with a target in it', async () => {
  const catalogue = { ids: ['a', 'b', 'c', 'd'], category: Int32Array.of(0, 0, 1, -1), categories: ['x', 'y'] };
  const split = {
    name: 'hand',
    train: new Int32Array(),
    evaluations: [
      { user: 0, targets: Int32Array.of(0, 2), seen: new Int32Array() },
      { user: 1, targets: Int32Array.of(3), seen: Int32Array.of(0) },
    ],
    coldItems: [{ user: 1, targets: Int32Array.of(3), seen: Int32Array.of(0) }],
    coldUsers: [{ user: 2, targets: Int32Array.of(1, 3), seen: new Int32Array() }],
  };
  const score = byUser((_, scores) => scores.set([4, 3, 2, 1]));
  const lists = [Int32Array.of(1), Int32Array.of(0, 1, 2), new Int32Array()];
  const { evaluation } = await evaluate({ split, catalogue, lists, score });
  const { metrics, byCategory, byPopularity, byHistory, coldItems, coldUsers, users } = evaluation;
  assert.equal(users, 2);
  assert.equal(metrics.MRR, (1 + 1 / 3) / 2);
  assert.equal(metrics['Coverage@50'], 1);
  assert.deepEqual(
    byCategory.map(({ category, users: n, metrics: m }) => [category, n, m.MRR]),
    [
      ['x', 1, 1],
      ['y', 1, 1 / 3],
    ],
  );
  assert.deepEqual([coldItems?.users, coldItems?.metrics.MRR], [1, 1 / 3]);
  assert.deepEqual([coldUsers?.users, coldUsers?.targets, coldUsers?.metrics.MRR], [1, 2, 1 / 2]);
  assert.equal(byPopularity.at(-1)?.band, 'not in training');
  assert.deepEqual(
    byHistory.map(({ band, metrics: m }) => [band, m.MRR]),
    [
      ['1–2', 1],
      ['3–4', 1 / 3],
    ],
  );
});

test('popularity bands are by rank among the items that were sold', () => {
  const count = Int32Array.from({ length: 22 }, (_, i) => (i < 20 ? 20 - i : 0));
  const { of } = popularityBands(count);
  assert.deepEqual([...of], [0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3]);
});

test('history bands are by distinct items', () => {
  const { names, of } = historyBands([0, 1, 2, 3, 9, 10, 49, 50, 900].map((n) => new Int32Array(n)));
  assert.deepEqual(
    [...of].map((band) => names[band]),
    ['0', '1–2', '1–2', '3–4', '5–9', '10–19', '20–49', '50 or more', '50 or more'],
  );
});
