import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRng } from '@duet/random';
import fc from 'fast-check';
import { explore } from './exploration.ts';

describe('exploration', () => {
  const pool = ['a', 'b', 'c', 'd', 'e', 'f'];

  test('puts each item to each place as often as it says', () => {
    const [lists, k, share] = [40_000, 3, 0.3];
    const rng = seededRng(1);
    const seen = new Map<string, { times: number; propensity: number }>();
    for (let i = 0; i < lists; i++) {
      for (const [place, { item, propensity }] of explore(pool, k, share, rng).entries()) {
        const key = `${item} ${place}`;
        const known = seen.get(key) ?? { times: 0, propensity };
        assert.equal(known.propensity, propensity);
        seen.set(key, { ...known, times: known.times + 1 });
      }
    }
    assert.equal(seen.size, pool.length * k);
    for (const [key, { times, propensity }] of seen) {
      const sd = Math.sqrt(lists * propensity * (1 - propensity));
      assert.ok(Math.abs(times - lists * propensity) < 5 * sd, `${key}: ${times} of ${lists}, said ${propensity}`);
    }
  });

  test('shows nothing twice, and the pool as it is where nothing is explored', () => {
    fc.assert(
      fc.property(fc.nat({ max: 8 }), fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(), (k, share, seed) => {
        const list = explore(pool, k, share, seededRng(seed)).map(({ item }) => item);
        assert.equal(new Set(list).size, Math.min(k, pool.length));
        assert.deepEqual(
          explore(pool, k, 0, seededRng(seed)),
          pool.slice(0, k).map((item) => ({ item, propensity: 1 })),
        );
      }),
    );
    assert.deepEqual(explore([], 5, 0.5, seededRng(1)), []);
  });
});
