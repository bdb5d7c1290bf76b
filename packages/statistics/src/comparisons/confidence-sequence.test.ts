import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { near, nearInterval } from '../testing.ts';
import scipy from '../vectors.json' with { type: 'json' };
import {
  confidenceSequence,
  differenceOf,
  liftSequence,
  sequentialWidth,
  tunedInformation,
} from './confidence-sequence.ts';

describe('confidence sequence', () => {
  const estimate = fc.record({
    value: fc.double({ min: 0.5, max: 2, noNaN: true }),
    variance: fc.double({ min: 1e-4, max: 0.01, noNaN: true }),
    n: fc.integer({ min: 10, max: 1_000_000 }),
  });
  const tunedFor = fc.integer({ min: 100, max: 1_000_000 });

  test('is narrower at the users that it is tuned for than any tuned for others', () => {
    for (const level of [0.8, 0.95, 0.999]) {
      const width = (n: number) => sequentialWidth(n, { level, tunedFor: 1000 });
      const tunedElsewhere = (tuned: number) => sequentialWidth(1000, { level, tunedFor: tuned });
      for (const other of [300, 900, 1100, 3000]) assert.ok(tunedElsewhere(other) > width(1000));
    }
  });

  test("is theorem 2.2 with ρ by scipy's Lambert W, and p the level at which zero is left out", () => {
    for (const { value, variance, n, tunedFor, level, interval, p } of scipy['asymptotic confidence sequence']) {
      const sequence = confidenceSequence({ value, variance, n }, { tunedFor, level });
      nearInterval(sequence, interval, 1e-6);
      near(sequence.p, p, 1e-6);
    }
  });

  test('is about as wide as the paper says: tuned by its closed form, ρ² t = −2 log α + log(−2 log α) + 1', () => {
    // Waudby-Smith et al. 2024, appendix B.2: an approximation from above of the exact optimum.
    const least = -2 * Math.log(0.05);
    near(tunedInformation(0.05), least + Math.log(least) + 1, 0.1);
    assert.equal(sequentialWidth(1000, { tunedFor: 1000 }).toFixed(2), '3.04');
  });

  test('has p ≤ α exactly where the interval leaves zero out, absolute and relative', () => {
    fc.assert(
      fc.property(estimate, estimate, tunedFor, (control, treatment, tuned) => {
        const { low, high, p } = confidenceSequence(differenceOf(control, treatment), { tunedFor: tuned });
        fc.pre(Math.abs(p! - 0.05) > 1e-9);
        assert.equal(low! > 0 || high! < 0, p! <= 0.05);
        const relative = liftSequence(control, treatment, { tunedFor: tuned });
        fc.pre(relative.low !== null);
        assert.equal(relative.low! > 0 || relative.high! < 0, p! <= 0.05);
      }),
    );
  });

  test('solves the equation of its tuning', () => {
    for (const alpha of [0.2, 0.05, 0.001]) {
      const s = tunedInformation(alpha);
      near(s, Math.log(s + 1) - 2 * Math.log(alpha), 1e-12);
    }
  });

  test('has no limits where nothing varies', () => {
    assert.deepEqual(confidenceSequence({ value: 1, variance: 0, n: 10 }, { tunedFor: 10 }), {
      value: 1,
      low: null,
      high: null,
      p: null,
    });
  });
});
