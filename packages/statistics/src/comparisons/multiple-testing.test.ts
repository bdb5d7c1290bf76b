import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { near } from '../testing.ts';
import scipy from '../vectors.json' with { type: 'json' };
import { benjaminiHochberg, holm, holmLevels } from './multiple-testing.ts';

describe('adjusted p values', () => {
  const { p: ps, holm: byHolm, benjaminiHochberg: byBh } = scipy.multipletests;
  const ascending = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 20 });

  test("agree with statsmodels' multipletests", () => {
    for (const [i, p] of holm(ps).entries()) near(p, byHolm[i]!);
    for (const [i, p] of benjaminiHochberg(ps).entries()) near(p, byBh[i]!);
  });

  test("reject what Benjamini & Hochberg's own example rejects: four of fifteen, where Holm has three", () => {
    // JRSS B 57:295, §3.2: the thrombolysis trial of Neuhaus et al. 1992.
    const rejected = (adjusted: (number | null)[]) => adjusted.filter((p) => p! <= 0.05).length;
    assert.equal(rejected(benjaminiHochberg(ps)), 4);
    assert.equal(rejected(holm(ps)), 3);
  });

  test('never fall below the raw ones, keep their order, and Holm is the stricter', () => {
    fc.assert(
      fc.property(ascending, (raw) => {
        const [strict, lenient] = [holm(raw), benjaminiHochberg(raw)] as number[][];
        for (const [i, p] of raw.entries()) {
          // But for rounding.
          assert.ok(p * (1 - 1e-12) <= lenient![i]! && lenient![i]! * (1 - 1e-12) <= strict![i]! && strict![i]! <= 1);
          for (const [j, q] of raw.entries())
            if (p < q) assert.ok(strict![i]! <= strict![j]! && lenient![i]! <= lenient![j]!);
        }
      }),
    );
  });

  test('leave out what the data do not determine', () => {
    assert.deepEqual(holm([0.01, null, 0.04]), [0.02, null, 0.04]);
    assert.deepEqual(benjaminiHochberg([]), []);
  });
});

describe("intervals at Holm's levels", () => {
  const some = fc.array(fc.option(fc.double({ min: 0, max: 0.2, noNaN: true })), { minLength: 1, maxLength: 8 });
  const alpha = 0.05;

  test('leave out zero exactly where the adjusted p is at most α', () => {
    fc.assert(
      fc.property(some, (ps) => {
        const [adjusted, levels] = [holm(ps), holmLevels(ps, alpha)];
        for (const [i, p] of ps.entries()) {
          // A hair about α is a matter of rounding.
          if (p === null || Math.abs(adjusted[i]! - alpha) < 1e-12) continue;
          assert.equal(p <= levels[i]!, adjusted[i]! <= alpha);
        }
      }),
    );
  });

  test('are one alone’s at α, and never wider than Bonferroni’s', () => {
    assert.deepEqual(holmLevels([0.3], alpha), [alpha]);
    assert.deepEqual(holmLevels([0.001, 0.6, null], alpha), [alpha / 2, alpha, alpha]);
    fc.assert(
      fc.property(some, (ps) => {
        for (const level of holmLevels(ps, alpha)) assert.ok(level >= alpha / ps.length - 1e-15 && level <= alpha);
      }),
    );
  });
});
