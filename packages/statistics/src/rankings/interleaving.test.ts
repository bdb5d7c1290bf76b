import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { tunedInformation } from '../comparisons/confidence-sequence.ts';
import { sequentialSrm } from '../design/srm.ts';
import { near, nearInterval } from '../testing.ts';
import scipy from '../vectors.json' with { type: 'json' };
import { creditOf, interleavingTest, signSequence } from './interleaving.ts';

const sums = { n: 69n, x: 30n, y: 60n, xx: 30n, yy: 60n, xy: 30n };

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

  test('has a sign test whose interval leaves ½ out exactly where p ≤ α', () => {
    for (let wins = 0; wins <= 60; wins++) {
      const { low, high, p } = interleavingTest({ wins, losses: 60 - wins, ties: 9, sums }).sign;
      assert.equal(low! > 0.5 || high! < 0.5, p! <= 0.05, `${wins}`);
    }
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

describe('the sign test at any look', () => {
  const tunedFor = 2000;

  test('counts a unanimous vote, which has no variance, as the result it is', () => {
    const { low, high, p, value } = signSequence({ wins: 30, losses: 0 }, { tunedFor });
    assert.equal(value, 1);
    // One over the mean of three Bayes factors, of which the uniform prior's is 2³⁰/31.
    assert.ok(p! < (3 * 31) / 2 ** 30 && low! > 0.5 && high === 1);
    assert.deepEqual(signSequence({ wins: 0, losses: 0 }, { tunedFor }), {
      value: null,
      low: null,
      high: null,
      p: null,
    });
  });

  test('has limits at which p, against them instead of ½, is α: the interval leaves ½ out where p ≤ α', () => {
    const count = fc.integer({ min: 0, max: 3000 });
    fc.assert(
      fc.property(count, count, fc.constantFrom(0.9, 0.95, 0.99), (wins, losses, level) => {
        fc.pre(wins + losses > 0);
        const { low, high, p, value } = signSequence({ wins, losses }, { level, tunedFor });
        assert.ok(low! <= value! && value! <= high!);
        if (Math.abs(p! - (1 - level)) > 1e-9) assert.equal(low! > 0.5 || high! < 0.5, p! <= 1 - level);
      }),
    );
  });

  test('is the sequential test of a split into halves, which scipy computes too, at the same concentrations', () => {
    for (const [wins, losses] of [
      [3, 1],
      [40, 10],
      [700, 800],
    ] as const) {
      const tuned = tunedFor / tunedInformation(0.05);
      const mixture = [2, Math.sqrt(2 * tuned), tuned];
      near(signSequence({ wins, losses }, { tunedFor }).p, sequentialSrm([losses, wins], [1, 1], mixture).p!, 1e-6);
    }
  });
});
