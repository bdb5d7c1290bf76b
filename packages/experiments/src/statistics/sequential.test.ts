import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { near } from './near.ts';
import { confidenceSequence, differenceOf, liftSequence, sequentialWidth, tunedInformation } from './sequential.ts';

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
