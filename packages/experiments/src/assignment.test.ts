import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { assign, bucketOf } from './assignment.ts';
import { chiSquareSurvival, normalSurvival } from './statistics/distributions.ts';

const arms = [
  { id: 'a', weight: 0.5, position: 0 },
  { id: 'b', weight: 0.3, position: 1 },
  { id: 'c', weight: 0.2, position: 2 },
];
const users = Array.from({ length: 50_000 }, (_, i) => `customer-${12_346 + i}`);

describe('the hash', () => {
  test("is GrowthBook's version 2", () => {
    // From GrowthBook's cases.json, spec 0.5.4: the `bucket` of experiments with hashVersion 2.
    assert.equal(bucketOf('feature', '123'), 5231);
    assert.equal(bucketOf('experiment', '1'), 4413);
    assert.equal(bucketOf('holdout', '1'), 8043);
    // Printed by hash(seed, value, 2) of @growthbook/growthbook 1.8.0.
    assert.equal(bucketOf('', 'a'), 216);
    assert.equal(bucketOf('', 'b'), 9054);
    assert.equal(bucketOf('b', 'a'), 6650);
    assert.equal(bucketOf('duet', '12346'), 6254);
    assert.equal(bucketOf('0192f0c1-exp', '18287'), 3296);
    assert.equal(bucketOf('seed', 'user-1'), 4232);
  });

  test('spreads users evenly over 100 groups of buckets', () => {
    for (const seed of ['one', 'two', 'one:traffic', 'two:traffic']) {
      const counts = new Array<number>(100).fill(0);
      for (const user of users) counts[Math.floor(bucketOf(seed, user) / 100)]!++;
      const chiSquare = counts.reduce((sum, n) => sum + (n - users.length / 100) ** 2 / (users.length / 100), 0);
      assert.ok(chiSquareSurvival(chiSquare, 99) > 1e-4, `seed ${seed}: χ² ${chiSquare}`);
    }
  });

  test('is independent between seeds, and between taking part and the arm', () => {
    const seeds = ['one', 'two', 'exp-1', 'exp-2', 'one:traffic', 'exp-1:traffic'];
    for (const [i, first] of seeds.entries()) {
      for (const second of seeds.slice(i + 1)) {
        // Independence in a 10 × 10 table of deciles: χ² on 81 degrees of freedom.
        const table = Array.from({ length: 10 }, () => new Array<number>(10).fill(0));
        for (const user of users)
          table[Math.floor(bucketOf(first, user) / 1000)]![Math.floor(bucketOf(second, user) / 1000)]!++;
        const rows = table.map((row) => row.reduce((a, b) => a + b));
        const columns = table[0]!.map((_, c) => table.reduce((sum, row) => sum + row[c]!, 0));
        let chiSquare = 0;
        for (const [r, row] of table.entries()) {
          for (const [c, n] of row.entries()) {
            const expected = (rows[r]! * columns[c]!) / users.length;
            chiSquare += (n - expected) ** 2 / expected;
          }
        }
        assert.ok(chiSquareSurvival(chiSquare, 81) > 1e-4, `${first} and ${second}: χ² ${chiSquare}`);
      }
    }
  });
});

describe('assignment', () => {
  test('gives each arm its share, within binomial bounds', () => {
    for (const trafficShare of [0.1, 1]) {
      const assigned = users.flatMap((user) => assign({ seed: 'shares', trafficShare, arms }, user)?.id ?? []);
      const within = (count: number, n: number, p: number) => {
        const z = Math.abs(count - n * p) / Math.sqrt(n * p * (1 - p));
        assert.ok(p === 1 || normalSurvival(z) > 1e-4, `${count} of ${n}, planned ${p}: z ${z}`);
      };
      within(assigned.length, users.length, trafficShare);
      for (const { id, weight } of arms) within(assigned.filter((arm) => arm === id).length, assigned.length, weight);
    }
  });

  test('never moves a user to another arm, nor out, as the traffic share rises', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.string(), fc.string(), share, share, (seed, user, one, other) => {
        const [small, large] = [Math.min(one, other), Math.max(one, other)];
        const before = assign({ seed, trafficShare: small, arms }, user);
        if (before) assert.equal(assign({ seed, trafficShare: large, arms }, user), before);
      }),
      { numRuns: 1000 },
    );
  });

  test('takes everybody at share 1 and nobody at share 0, whatever the order of the arms', () => {
    fc.assert(
      fc.property(fc.string(), (user) => {
        const all = assign({ seed: 's', trafficShare: 1, arms }, user);
        assert.ok(all);
        assert.equal(assign({ seed: 's', trafficShare: 1, arms: arms.toReversed() }, user), all);
        assert.equal(assign({ seed: 's', trafficShare: 0, arms }, user), undefined);
      }),
    );
  });

  test('gives an arm of weight zero nobody, and rounding leaves nobody without an arm', () => {
    const thirds = [0, 1, 2].map((position) => ({ id: String(position), weight: 1 / 3, position }));
    const withEmpty = [...thirds, { id: 'empty', weight: 0, position: 3 }];
    const seen = new Set(users.map((user) => assign({ seed: 'thirds', trafficShare: 1, arms: withEmpty }, user)?.id));
    assert.deepEqual([...seen].sort(), ['0', '1', '2']);
  });
});
