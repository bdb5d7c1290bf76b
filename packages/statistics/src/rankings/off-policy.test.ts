import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { near, nearInterval } from '../testing.ts';
import scipy from '../vectors.json' with { type: 'json' };
import { doublyRobust, ips, snips } from './off-policy.ts';

describe('off-policy estimates', () => {
  const { choices, effectiveSampleSize, clipped, ...expected } = scipy["WLS(cov_type='cluster')"];

  test("agree with statsmodels' weighted means, robust to clusters", () => {
    for (const [result, of] of [
      [ips(choices), expected.ips],
      [snips(choices), expected.snips],
      [doublyRobust(choices), expected.doublyRobust],
      [ips(choices.map((choice) => ({ ...choice, user: undefined }))), expected.ipsOfSingles],
      [snips(choices, { maxWeight: 2 }), expected.snipsClipped],
    ] as const) {
      near(result.value, of.value, 1e-6);
      nearInterval(result, of.interval, 1e-6);
    }
    near(ips(choices).effectiveSampleSize, effectiveSampleSize);
    assert.equal(ips(choices, { maxWeight: 2 }).clipped, clipped);
  });

  test('of the logging policy itself are the plain mean, at full effective size', () => {
    const choice = fc.record({
      reward: fc.integer({ min: 0, max: 1 }),
      propensity: fc.double({ min: 0.01, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(choice, { minLength: 2, maxLength: 50 }), (logged) => {
        const same = logged.map((one) => ({ ...one, target: one.propensity, predicted: 0.3, predictedTarget: 0.3 }));
        const mean = logged.reduce((sum, { reward }) => sum + reward, 0) / logged.length;
        for (const estimate of [ips(same), snips(same), doublyRobust(same)]) {
          assert.ok(Math.abs(estimate.value! - mean) < 1e-12);
          near(estimate.effectiveSampleSize, logged.length);
        }
      }),
    );
  });

  test('are unbiased: over all that the logger can choose, IPS and DR average to the value of the judged policy', () => {
    const [reward, propensity, target, model] = [
      [0.2, 0.5, 0.9],
      [0.5, 0.3, 0.2],
      [0.1, 0.2, 0.7],
      [0.9, 0.1, 0.4],
    ] as const;
    const predictedTarget = target.reduce((sum, t, a) => sum + t * model[a]!, 0);
    const pair = (a: number) => {
      const one = {
        reward: reward[a]!,
        propensity: propensity[a]!,
        target: target[a]!,
        predicted: model[a]!,
        predictedTarget,
      };
      return [one, one];
    };
    const expectation = (of: typeof doublyRobust) => propensity.reduce((sum, p, a) => sum + p * of(pair(a)).value!, 0);
    const truth = target.reduce((sum, t, a) => sum + t * reward[a]!, 0);
    near(expectation(ips), truth);
    near(expectation(doublyRobust), truth);
  });

  test('know nothing of a single user', () => {
    assert.equal(snips([{ reward: 1, propensity: 0.5, target: 0.5 }]).value, null);
  });
});
