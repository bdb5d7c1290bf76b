import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Estimate } from '../estimates/estimate.ts';
import { near } from '../testing.ts';
import { proportionsTest } from './two-proportions.ts';
import { withVarianceFloor } from './variance-floor.ts';
import { welch } from './welch.ts';

const estimate = fc.record({
  value: fc.double({ min: -5, max: 5, noNaN: true }),
  variance: fc.double({ min: 0, max: 10, noNaN: true }),
  n: fc.integer({ min: 2, max: 1_000_000 }),
});
const sum = ([a, b]: readonly Estimate[]) => a!.variance + b!.variance;
/** k of n users, with the unbiased variance of their zeros and ones. */
const proportion = (k: number, n: number): Estimate => ({
  value: k / n,
  variance: ((k / n) * (1 - k / n)) / (n - 1),
  n,
});

describe('the variance floor', () => {
  test('never makes a difference surer, and changes nothing else', () => {
    fc.assert(
      fc.property(estimate, estimate, (control, treatment) => {
        const floored = withVarianceFloor(control, treatment);
        assert.ok(sum(floored) >= sum([control, treatment]));
        assert.deepEqual(
          floored.map(({ value, n }) => [value, n]),
          [control, treatment].map(({ value, n }) => [value, n]),
        );
        const [other, one] = withVarianceFloor(treatment, control);
        near(one.variance + 1, floored[0].variance + 1);
        near(other.variance + 1, floored[1].variance + 1);
      }),
    );
  });

  test('leaves arms of equal size alone', () => {
    fc.assert(
      fc.property(estimate, estimate, (control, treatment) => {
        const equal: [Estimate, Estimate] = [control, { ...treatment, n: control.n }];
        assert.ok(sum(withVarianceFloor(...equal)) <= sum(equal) * (1 + 1e-12));
      }),
    );
  });

  test('gives Pearson’s χ² of two shares where the small arm has the smaller one', () => {
    const floored = withVarianceFloor(proportion(500, 9000), proportion(20, 1000));
    const z = (floored[1].value - floored[0].value) / Math.sqrt(sum(floored));
    // But for n − 1 in place of n, and for the variance between the arms, which the pooled share counts as well.
    near(z * z, proportionsTest({ k: 500, n: 9000 }, { k: 20, n: 1000 }).chiSquare!, 0.01);
  });

  test('keeps an arm without a single order from being sure of anything', () => {
    const [control, treatment] = [proportion(60, 1000), proportion(0, 40)];
    assert.ok(welch(control, treatment).p! < 1e-10);
    assert.ok(welch(...withVarianceFloor(control, treatment)).p! > 0.05);
  });
});
