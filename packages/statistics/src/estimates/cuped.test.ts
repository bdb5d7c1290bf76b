import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { runStatistic } from '../run.ts';
import { near } from '../testing.ts';
import scipy from '../vectors.json' with { type: 'json' };
import { type Cuped, cuped, pairMoments, prePost } from './cuped.ts';

describe('CUPED', () => {
  const whole = fc.integer({ min: 0, max: 1000 });
  const user = fc.record({ clicks: whole, impressions: fc.integer({ min: 1, max: 50 }), preClicks: whole });
  type User = Record<'clicks' | 'impressions' | 'preClicks', number>;
  const sumsOf = (arm: User[]) => {
    const sum = (of: (user: User) => number) => arm.reduce((total, one) => total + BigInt(of(one)), 0n);
    return {
      sums: {
        users: BigInt(arm.length),
        clicks: sum((one) => one.clicks),
        impressions: sum((one) => one.impressions),
        preClicks: sum((one) => one.preClicks),
      },
      product: (a: keyof User, b: keyof User) => sum((one) => one[a] * one[b]),
    };
  };
  const arms = fc.tuple(...[0, 1].map(() => fc.array(user, { minLength: 3, maxLength: 40 })));

  test('adds up to the residual variance (1 − ρ²) of least squares, and never widens', () => {
    fc.assert(
      fc.property(arms, (both) => {
        const metric = {
          numerator: 'clicks',
          denominator: 'impressions',
          preNumerator: 'preClicks',
          preDenominator: 'users',
        } as const;
        const parts = both.map((arm) => prePost(pairMoments(sumsOf(arm)), metric));
        fc.pre(parts.every((part) => part !== undefined));
        const { estimates, varianceReduction } = cuped(parts);
        const weighed = (of: (i: number) => number) => parts.reduce((sum, { n }, i) => sum + (n - 1) * of(i), 0);
        const before = weighed((i) => parts[i]!.variance);
        fc.pre(before > 1e-6);
        const after = weighed((i) => estimates[i]!.variance * parts[i]!.n);
        assert.ok(Math.abs(after - (1 - varianceReduction) * before) <= 1e-9 * before);
        assert.ok(varianceReduction >= 0 && varianceReduction <= 1 + 1e-12);
      }),
    );
  });

  test("has the coefficients of statsmodels' regression on arm and past, for means and linearised ratios", () => {
    for (const { arms, theta, difference, correlation, variances } of scipy['OLS(y ~ 1 + arm + x)']) {
      const result = runStatistic({ kind: 'cuped', inputs: { arms } }).result as Cuped;
      near(result.theta, theta, 1e-6);
      near(result.estimates[1]!.value - result.estimates[0]!.value, difference, 1e-6);
      near(result.correlation, correlation, 1e-6);
      for (const [i, variance] of variances.entries()) near(result.estimates[i]!.variance, variance, 1e-6);
    }
  });

  test('takes out a past that explains everything: users who do twice what they did differ by nothing else', () => {
    const arm = (pasts: number[], more: number) =>
      sumsOf(pasts.map((preClicks) => ({ clicks: 2 * preClicks + more, impressions: 1, preClicks })));
    const metric = {
      numerator: 'clicks',
      denominator: 'users',
      preNumerator: 'preClicks',
      preDenominator: 'users',
    } as const;
    const parts = [arm([1, 5, 9], 0), arm([2, 7, 30], 4)].map((sums) => prePost(pairMoments(sums), metric)!);
    const { theta, correlation, estimates } = cuped(parts);
    near(theta, 2);
    near(correlation, 1);
    near(estimates[1]!.value - estimates[0]!.value, 4);
    assert.ok(estimates[0]!.variance < 1e-12);
  });

  test('leaves an estimate as it is where nobody has a past', () => {
    const part = { n: 10, value: 3, before: 0, variance: 4, varianceBefore: 0, covariance: 0 };
    assert.deepEqual(cuped([part, { ...part, value: 5 }]), {
      estimates: [
        { value: 3, variance: 0.4, n: 10 },
        { value: 5, variance: 0.4, n: 10 },
      ],
      theta: 0,
      correlation: null,
      varianceReduction: 0,
    });
  });
});
