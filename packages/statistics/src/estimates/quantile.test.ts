import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRng } from '@duet/random';
import fc from 'fast-check';
import { near, nearInterval } from '../testing.ts';
import scipy from '../vectors.json' with { type: 'json' };
import { quantileBootstrap, quantileDifference, quantileEstimate } from './quantile.ts';
import { capOf, quantileOf, winsorise } from './winsorise.ts';

const { users, outer, bootstrap } = scipy['quantile of users'];

describe('quantiles', () => {
  test("agree with numpy's default kind", () => {
    const { values } = scipy['minimum(values, quantile)'];
    const sorted = values.toSorted((a, b) => a - b);
    for (const [q, value] of scipy['quantile(values, q)']) near(quantileOf(sorted, q!), value!);
  });

  test("of users' values have the variance of the outer interval", () => {
    for (const { q, value, variance, interval } of outer) {
      const estimate = quantileEstimate(users, q)!;
      near(estimate.value, value);
      near(estimate.variance, variance, 1e-6);
      nearInterval(estimate, interval, 1e-6);
    }
  });

  test('by bootstrap are those that numpy gets from the same draws of users', () => {
    for (const { q, seed, replicates, interval } of bootstrap) {
      nearInterval(quantileBootstrap(users, q, { rng: seededRng(seed), replicates }), interval, 1e-9);
    }
  });

  test('of one arm against itself differ by nothing', () => {
    const { value, low, high } = quantileDifference(users, users, 0.5, { rng: seededRng(1), replicates: 500 });
    assert.equal(value, 0);
    assert.ok(low! < 0 && high! > 0);
  });

  test('of equal users are known exactly, and of nobody not at all', () => {
    const same = [[3, 3], [3], [3]];
    assert.deepEqual(quantileBootstrap(same, 0.5, { rng: seededRng(1) }), { value: 3, low: 3, high: 3 });
    assert.equal(quantileEstimate([[], []], 0.5), undefined);
    assert.deepEqual(quantileBootstrap([[]], 0.5, { rng: seededRng(1) }), { value: null, low: null, high: null });
  });

  test('a replicate is the quantile of what was drawn, however ties and ranks fall', () => {
    const values = fc.array(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 4 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(values, fc.double({ min: 0.01, max: 0.99, noNaN: true }), fc.nat(), (all, q, seed) => {
        const some = all.filter((own) => own.length > 0);
        fc.pre(some.length > 0);
        const { low } = quantileBootstrap(all, q, { rng: seededRng(seed), replicates: 1 });
        const rng = seededRng(seed);
        const drawn = some.flatMap(() => some[Math.floor(rng() * some.length)]!).sort((a, b) => a - b);
        assert.ok(Math.abs(low! - quantileOf(drawn, q)) < 1e-9);
      }),
    );
  });
});

describe('winsorising', () => {
  test("agrees with numpy's minimum of values and their quantile", () => {
    const { values, q, winsorised } = scipy['minimum(values, quantile)'];
    for (const [i, value] of winsorise(values, capOf(values, q)!).entries()) near(value, winsorised[i]!);
    assert.equal(capOf([], 0.9), undefined);
  });
});
