import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { meanEstimate } from '../estimates/estimate.ts';
import { near, nearInterval } from '../testing.ts';
import scipy from '../vectors.json' with { type: 'json' };
import { bayesianLift, bayesianShares } from './bayes.ts';

describe('Bayesian view', () => {
  const arm = ([n, mean, variance]: readonly number[]) => meanEstimate({ n: n!, mean: mean!, variance: variance! })!;
  const proportion = ([k, n]: readonly number[]) => ({ k: k!, n: n! });

  test("the lift's posterior is what scipy's quadrature of prior times likelihood gives", () => {
    for (const { control, treatment, prior, value, interval, chanceToWin, loss } of scipy[
      'quad(norm.pdf * norm.pdf)'
    ]) {
      const view = bayesianLift(arm(control), arm(treatment), { prior: { mean: prior[0]!, sd: prior[1]! } });
      near(view.lift.value, value, 1e-6);
      nearInterval(view.lift, interval, 1e-6);
      near(view.chanceToWin, chanceToWin, 1e-6);
      near(view.expectedLoss.treatment, loss[0]!, 1e-6);
      near(view.expectedLoss.control, loss[1]!, 1e-6);
    }
  });

  test("two shares' posteriors are what scipy's quadrature of Beta densities gives", () => {
    for (const { control, treatment, prior, chanceToWin, loss, interval } of scipy['quad(beta.pdf * beta.cdf)']) {
      const view = bayesianShares(proportion(control), proportion(treatment), {
        prior: { a: prior[0]!, b: prior[1]! },
      });
      near(view.chanceToWin, chanceToWin, 1e-6);
      near(view.expectedLoss.treatment, loss[0]!, 1e-6);
      near(view.expectedLoss.control, loss[1]!, 1e-6);
      nearInterval(view.difference, interval, 1e-6);
    }
  });

  test("the chance to win is Evan Miller's closed sum for whole numbers", () => {
    // evanmiller.org/bayesian-ab-testing.html, eq. 6: Σᵢ B(a₁ + i, b₁ + b₂)/((b₂ + i) B(1 + i, b₂) B(a₁, b₁)), i < a₂.
    const logGammaOf = (n: number) =>
      Array.from({ length: n - 1 }, (_, i) => Math.log(i + 1)).reduce((a, b) => a + b, 0);
    const logBeta = (a: number, b: number) => logGammaOf(a) + logGammaOf(b) - logGammaOf(a + b);
    const count = fc.integer({ min: 1, max: 60 });
    fc.assert(
      fc.property(count, count, count, count, (a1, b1, a2, b2) => {
        let sum = 0;
        for (let i = 0; i < a2; i++) {
          sum += Math.exp(logBeta(a1 + i, b1 + b2) - Math.log(b2 + i) - logBeta(1 + i, b2) - logBeta(a1, b1));
        }
        const { chanceToWin } = bayesianShares({ k: a1 - 1, n: a1 + b1 - 2 }, { k: a2 - 1, n: a2 + b2 - 2 });
        assert.ok(Math.abs(chanceToWin - sum) < 1e-9);
      }),
      { numRuns: 20 },
    );
  });

  test('loss and gain differ by the mean, whatever the data', () => {
    const count = fc.integer({ min: 0, max: 500 });
    fc.assert(
      fc.property(count, count, count, count, (k1, k2, m1, m2) => {
        const view = bayesianShares({ k: k1, n: k1 + m1 }, { k: k2, n: k2 + m2 });
        const { control, treatment } = view.expectedLoss;
        assert.ok(Math.abs(control - treatment - view.difference.value!) < 1e-9);
      }),
      { numRuns: 20 },
    );
  });

  test('has no lift where control earns nothing', () => {
    assert.equal(bayesianLift(arm([10, 0, 0]), arm([10, 1, 1])).chanceToWin, null);
  });
});
