import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { listLength, rankAll, targetRanks, topItems } from './rankings.ts';
import { byUser } from './scorer.ts';

/** Few distinct values, so that ties are common; −Infinity is a hidden item. */
const scoreList = fc.array(fc.constantFrom(-Infinity, 0, 1, 2, 3), { minLength: 2, maxLength: 60 });
const sorted = (scores: readonly number[]) =>
  scores
    .map((score, item) => ({ score, item }))
    .filter(({ score }) => score > -Infinity)
    .sort((a, b) => b.score - a.score || a.item - b.item)
    .map(({ item }) => item);

describe('ranks', () => {
  test('break ties by item row, so that a constant score gains nothing', () => {
    assert.deepEqual(targetRanks(new Float32Array(4), Int32Array.of(2, 0)), [
      { item: 0, rank: 1 },
      { item: 2, rank: 3 },
    ]);
  });

  test('agree with sorting the whole catalogue', () => {
    fc.assert(
      fc.property(scoreList, fc.array(fc.nat(1000)), (values, wanted) => {
        const order = sorted(values);
        const targets = [...new Set(wanted.map((i) => order[i % order.length]!))].filter((item) => item !== undefined);
        const expected = targets
          .map((item) => ({ item, rank: order.indexOf(item) + 1 }))
          .sort((a, b) => a.rank - b.rank);
        assert.deepEqual(targetRanks(Float32Array.from(values), Int32Array.from(targets)), expected);
      }),
    );
  });
});

describe('a list', () => {
  test('is the head of the sorted catalogue, ties by item row', () => {
    fc.assert(
      fc.property(scoreList, fc.integer({ min: 1, max: 20 }), (values, k) => {
        assert.deepEqual([...topItems(Float32Array.from(values), k)], sorted(values).slice(0, k));
      }),
    );
  });

  test('is refused where a score is not a number, wherever it stands', () => {
    for (const at of [0, 5, 9]) {
      const scores = Float32Array.from({ length: 10 }, (_, i) => (i === at ? Number.NaN : 10 - i));
      assert.throws(() => topItems(scores, 3), { code: 'bad-input', message: new RegExp(`row ${at} is not a number`) });
    }
  });
});

describe('ranking everything', () => {
  const evaluations = [
    { user: 7, targets: Int32Array.of(3), seen: Int32Array.of(0, 1) },
    { user: 4, targets: Int32Array.of(0, 2), seen: Int32Array.of(0) },
  ];
  const score = byUser((_, scores) => scores.set([9, 8, 7, 6]));

  test('leaves out what the user has had, unless it is a target', async () => {
    const { user, start, item, rank, list } = await rankAll(evaluations, 4, score, { mask: true });
    assert.deepEqual([...user], [7, 4]);
    assert.deepEqual([...start], [0, 1, 3]);
    assert.deepEqual([...item], [3, 0, 2]);
    assert.deepEqual([...rank], [2, 1, 3]);
    assert.deepEqual([...list.subarray(0, 3)], [2, 3, -1]);
    assert.deepEqual([...list.subarray(listLength, listLength + 5)], [0, 1, 2, 3, -1]);
  });

  test('counts everything where nothing is masked', async () => {
    const { rank } = await rankAll(evaluations, 4, score, { mask: false });
    assert.deepEqual([...rank], [4, 1, 3]);
  });

  test('scores many users in blocks as it would one by one', async () => {
    const items = 40_000;
    const users = 250;
    const many = Array.from({ length: users }, (_, user) => ({
      user,
      targets: Int32Array.of((user * 97) % items),
      seen: new Int32Array(),
    }));
    // Item i's score falls with its distance from the user's target, so the target is first.
    const near = byUser(({ user }, scores) => {
      for (let i = 0; i < items; i++) scores[i] = -Math.abs(i - ((user * 97) % items));
    });
    const { rank } = await rankAll(many, items, near, { mask: true });
    assert.ok(rank.every((r) => r === 1));
  });
});
