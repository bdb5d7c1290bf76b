import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { near, nearInterval } from '../testing.ts';
import scipy from '../vectors.json' with { type: 'json' };
import { proportionsTest } from './two-proportions.ts';

describe('two proportions', () => {
  const proportion = ([k, n]: readonly number[]) => ({ k: k!, n: n! });

  test("agree with statsmodels' proportions_ztest and confint_proportions_2indep(method='newcomb')", () => {
    for (const { control, treatment, chiSquare, p, interval } of scipy[
      "confint_proportions_2indep(method='newcomb')"
    ]) {
      const result = proportionsTest(proportion(control), proportion(treatment));
      near(result.chiSquare, chiSquare, 1e-6);
      near(result.p, p, 1e-6);
      nearInterval(result, interval, 1e-6);
    }
  });

  test("have the intervals of Newcombe's table II, method 10", () => {
    // Statistics in Medicine 17:873–890, cases (a) 56/70 − 48/80 and (b) 9/10 − 3/10, to its four decimals.
    for (const [treatment, control, low, high] of [
      [[56, 70], [48, 80], '0.0524', '0.3339'],
      [[9, 10], [3, 10], '0.1705', '0.8090'],
    ] as const) {
      const result = proportionsTest(proportion(control), proportion(treatment));
      assert.deepEqual([result.low!.toFixed(4), result.high!.toFixed(4)], [low, high]);
    }
  });

  test('have an interval, but no p, where nobody is counted, and neither without users', () => {
    const { p, low, high } = proportionsTest({ k: 0, n: 100 }, { k: 0, n: 100 });
    assert.equal(p, null);
    assert.ok(low! < 0 && high! > 0);
    assert.equal(proportionsTest({ k: 0, n: 0 }, { k: 1, n: 2 }).value, null);
  });
});
