import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { near, nearInterval } from '../testing.ts';
import scipy from '../vectors.json' with { type: 'json' };
import { creditOf, interleavingTest } from './interleaving.ts';

describe('interleaving', () => {
  test("agrees with scipy's binomtest and ttest_1samp, and statsmodels' robust weighted mean", () => {
    const { users, counts, ...expected } = scipy["binomtest, ttest_1samp, WLS(cov_type='HC0')"];
    const result = interleavingTest(creditOf(users));
    assert.deepEqual([result.wins, result.losses, result.ties], counts);
    for (const key of ['preference', 'userPreference', 'sign'] as const) {
      near(result[key].value, expected[key].value, 1e-6);
      nearInterval(result[key], expected[key].interval, 1e-6);
      near(result[key].p, expected[key].p, 1e-6);
    }
  });

  test('swapping the teams mirrors every share about one half and leaves every p', () => {
    const clicks = fc.nat({ max: 9 });
    fc.assert(
      fc.property(
        fc.array(fc.record({ control: clicks, treatment: clicks }), { minLength: 2, maxLength: 30 }),
        (users) => {
          const one = interleavingTest(creditOf(users));
          const other = interleavingTest(
            creditOf(users.map(({ control, treatment }) => ({ control: treatment, treatment: control }))),
          );
          for (const key of ['preference', 'userPreference', 'sign'] as const) {
            if (one[key].value === null) assert.equal(other[key].value, null);
            else assert.ok(Math.abs(one[key].value + other[key].value! - 1) < 1e-9);
            if (one[key].p !== null) assert.ok(Math.abs(one[key].p - other[key].p!) < 1e-6);
          }
        },
      ),
    );
  });

  test('has an answer where nobody clicked', () => {
    const result = interleavingTest(
      creditOf([
        { control: 0, treatment: 0 },
        { control: 0, treatment: 0 },
      ]),
    );
    assert.deepEqual(result.preference, { value: null, low: null, high: null, p: null });
    assert.deepEqual(result.sign, { value: null, low: null, high: null, p: null });
    assert.equal(result.userPreference.value, 0.5);
  });
});
