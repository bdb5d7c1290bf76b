import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { DuetError } from '@duet/base';
import fc from 'fast-check';
import { relativeLift } from './comparisons/lift.ts';
import { estimateInterval, type WelchTest, welch } from './comparisons/welch.ts';
import { sequentialSrm, srm } from './design/srm.ts';
import { deltaRatio, meanEstimate } from './estimates/estimate.ts';
import { momentsFromSums, momentsOf } from './estimates/moments.ts';
import { proportion } from './estimates/proportion.ts';
import {
  betaCdf,
  binomialCdf,
  chiSquareSurvival,
  normalCdf,
  normalQuantile,
  normalSurvival,
  studentCdf,
  studentQuantile,
  studentSurvival,
} from './numerics/distributions.ts';
import { runStatistic } from './run.ts';
import { near, nearInterval } from './testing.ts';
import scipy from './vectors.json' with { type: 'json' };

// Expected numbers are those of vectors.json: scipy's, made by vectors.py, under the call that gave them.

describe('distributions agree with scipy', () => {
  test('normal: distribution, survival and quantile', () => {
    for (const [x, value] of scipy['norm.cdf(x)']) near(normalCdf(x!), value!);
    for (const [x, value] of scipy['norm.sf(x)']) near(normalSurvival(x!), value!);
    for (const [p, value] of scipy['norm.ppf(p)']) near(normalQuantile(p!), value!);
    assert.equal(normalQuantile(0.5), 0);
  });

  test("Student's t: survival and quantile", () => {
    for (const [t, df, value] of scipy['t.sf(t, df)']) near(studentSurvival(t!, df!), value!);
    for (const [p, df, value] of scipy['t.ppf(p, df)']) near(studentQuantile(p!, df!), value!);
  });

  test('chi-square: survival', () => {
    for (const [x, df, value] of scipy['chi2.sf(x, df)']) near(chiSquareSurvival(x!, df!), value!);
  });

  test('beta and binomial: distribution', () => {
    for (const [x, a, b, value] of scipy['beta.cdf(x, a, b)']) near(betaCdf(x!, a!, b!), value!);
    for (const [k, n, p, value] of scipy['binom.cdf(k, n, p)']) near(binomialCdf(k!, n!, p!), value!);
    assert.equal(binomialCdf(-1, 5, 0.5), 0);
  });

  test('a quantile inverts its distribution function', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }),
        fc.double({ min: 0.5, max: 1e6, noNaN: true }),
        (p, df) => {
          near(studentCdf(studentQuantile(p, df), df), p, 1e-8);
          near(normalCdf(normalQuantile(p)), p, 1e-12);
        },
      ),
    );
  });
});

describe('two arms', () => {
  const arm = ([n, mean, variance]: readonly number[]) => meanEstimate({ n: n!, mean: mean!, variance: variance! })!;

  const cases = scipy['ttest_ind_from_stats(equal_var=False)'];

  test("Welch's test agrees with scipy", () => {
    for (const { control, treatment, t, df, p, interval } of cases) {
      const result = welch(arm(control), arm(treatment));
      near(result.t, t);
      near(result.df, df);
      near(result.p, p);
      nearInterval(result, interval);
    }
  });

  test('relative lift agrees with the roots that scipy.optimize.brentq finds, and with the delta formula', () => {
    for (const { control, treatment, fieller, delta } of cases) {
      nearInterval(relativeLift(arm(control), arm(treatment)), fieller ?? [null, null]);
      nearInterval(relativeLift(arm(control), arm(treatment), { method: 'delta' }), delta);
    }
  });

  test("Student's sleep data have the t, df, p and interval that R's t.test documents", () => {
    // Student 1908, "The probable error of a mean", Biometrika 6:1–25; R's example(sleep): t = −1.8608, df = 17.776.
    const values = {
      control: [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2],
      treatment: [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
    };
    const { result } = runStatistic({
      kind: 'welch',
      inputs: { control: { values: values.control }, treatment: { values: values.treatment } },
    });
    const { t, df, p, low, high } = result as WelchTest;
    near(t, 1.8608, 1e-4);
    near(df, 17.776, 1e-4);
    near(p, 0.07939, 1e-4);
    nearInterval({ value: null, low, high }, [-0.2054832, 3.3654832], 1e-6);
  });

  test("Fieller's interval leaves out zero lift exactly where Welch's test is significant", () => {
    const figures = fc.record({
      n: fc.integer({ min: 2, max: 1000 }),
      mean: fc.double({ min: 0.5, max: 2, noNaN: true }),
      variance: fc.double({ min: 0.01, max: 5, noNaN: true }),
    });
    fc.assert(
      fc.property(figures, figures, (a, b) => {
        const [control, treatment] = [meanEstimate(a)!, meanEstimate(b)!];
        const { p } = welch(control, treatment);
        const { low, high } = relativeLift(control, treatment);
        fc.pre(low !== null && high !== null && Math.abs(p! - 0.05) > 1e-9);
        assert.equal(low > 0 || high < 0, p! < 0.05);
      }),
    );
  });

  test('no spread, no users and no control mean have null for an answer, never NaN', () => {
    const flat = arm([10, 5, 0]);
    assert.deepEqual(welch(flat, flat), { value: 0, low: null, high: null, t: null, df: null, p: null });
    assert.deepEqual(relativeLift(flat, arm([10, 6, 0])), { value: 6 / 5 - 1, low: null, high: null });
    assert.deepEqual(relativeLift(arm([10, 0, 0]), arm([10, 6, 1])), { value: null, low: null, high: null });
    assert.deepEqual(estimateInterval(flat), { value: 5, low: null, high: null });
    assert.equal(meanEstimate({ n: 1, mean: 5, variance: Number.NaN }), undefined);
    assert.equal(deltaRatio(momentsOf([0, 0], [0, 0])), undefined);
  });
});

describe('ratio of sums', () => {
  const cases = scipy['sem((x - R y) / mean(y))'];

  test('has the variance of the linearised values (x − R y)/ȳ', () => {
    for (const { x, y, value, variance, interval } of cases) {
      const ratio = deltaRatio(momentsOf(x, y))!;
      near(ratio.value, value);
      near(ratio.variance, variance);
      nearInterval(estimateInterval(ratio), interval);
    }
  });

  test('is the same from sums as from values', () => {
    const { x, y } = cases[0]!;
    const sum = (f: (i: number) => number) => BigInt(x.reduce((total, _, i) => total + f(i), 0));
    const sums = {
      n: 8n,
      x: sum((i) => x[i]!),
      y: sum((i) => y[i]!),
      xx: sum((i) => x[i]! ** 2),
      yy: sum((i) => y[i]! ** 2),
      xy: sum((i) => x[i]! * y[i]!),
    };
    const [exact, direct] = [momentsFromSums(sums), momentsOf(x, y)];
    for (const key of Object.keys(exact) as (keyof typeof exact)[]) near(exact[key], direct[key], 1e-14);
  });

  test('keeps its digits where floating-point sums of squares would lose them all', () => {
    // Users spend 10^9 and 10^9 + 1 in turn: the variance is n/4/(n − 1) whatever the offset.
    const [n, base] = [1_000_000n, 1_000_000_000n];
    const x = n * base + n / 2n;
    const xx = (n / 2n) * base ** 2n + (n / 2n) * (base + 1n) ** 2n;
    near(momentsFromSums({ n, x, y: n, xx, yy: n, xy: x }).varianceX, 0.25 * (1_000_000 / 999_999), 1e-15);
  });
});

test("proportions agree with scipy's Wilson interval", () => {
  for (const [k, n, low, high] of scipy["binomtest(k, n).proportion_ci(method='wilson')"]) {
    nearInterval(proportion(k!, n!), [low!, high!]);
  }
  assert.deepEqual(proportion(0, 0), { value: null, low: null, high: null });
  // R. Newcombe 1998, Statistics in Medicine 17:857–872, table I, method 3: four decimals.
  for (const [k, n, low, high] of [
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [1, 29, 0.0061, 0.1718],
  ] as const) {
    nearInterval(proportion(k, n), [low, high], 1e-2);
    assert.deepEqual(
      [proportion(k, n).low, proportion(k, n).high].map((x) => x?.toFixed(4)),
      [low, high].map((x) => x.toFixed(4)),
    );
  }
});

describe('sample ratio mismatch', () => {
  test('agrees with stats.chisquare, and warns below p = 0.001', () => {
    for (const { observed, weights, chiSquare, p } of scipy['chisquare(f_obs, f_exp)']) {
      const result = srm(observed, weights);
      near(result.chiSquare, chiSquare);
      near(result.p, p);
      assert.equal(result.warning, p < 0.001);
    }
  });

  test('finds the p = 1.8e-6 of the scorecard in Kohavi, Tang & Xu 2020, Trustworthy Online Experiments, §3', () => {
    assert.equal(srm([821_588, 815_482], [1, 1]).p!.toExponential(1), '1.8e-6');
  });

  test('sequential: is one over a ratio of binomial and beta-binomial probabilities', () => {
    for (const { observed, weights, concentration, p } of scipy['binom.pmf / betabinom.pmf']) {
      near(sequentialSrm(observed, weights, concentration).p, p, 1e-6);
    }
    assert.deepEqual(sequentialSrm([0, 0], [1, 1]), { p: null, warning: false });
    assert.deepEqual(sequentialSrm([5, 1], [1, 0]), { p: 0, warning: true });
    assert.equal(sequentialSrm([60_000, 50_000], [1, 1]).warning, true);
    const [few, many] = [100, 10_000].map((c) => sequentialSrm([400, 200], [1, 1], c).p!);
    near(sequentialSrm([400, 200], [1, 1], [100, 10_000]).p, 2 / (1 / few! + 1 / many!), 1e-9);
  });

  test('has an answer without users, and for users in an arm of weight zero', () => {
    assert.equal(srm([0, 0], [0.5, 0.5]).p, null);
    assert.equal(srm([10, 1], [1, 0]).warning, true);
    assert.equal(srm([10, 0], [1, 0]).warning, false);
  });
});

const arms = (control: object) => ({ control, treatment: { values: [1, 2] } });
const rate = (rate: number) => ({ baseline: { rate } });

describe('runStatistic', () => {
  test('takes users, or their moments', () => {
    const values = [1, 2, 4];
    const fromValues = runStatistic({
      kind: 'welch',
      inputs: { control: { values }, treatment: { values: [2, 5, 9] } },
    });
    const moments = { n: 3, mean: 7 / 3, variance: 7 / 3 };
    const fromMoments = runStatistic({ kind: 'welch', inputs: { control: moments, treatment: { values: [2, 5, 9] } } });
    near((fromMoments.result as { p: number }).p, (fromValues.result as { p: number }).p, 1e-12);
  });

  test('names what is wrong', () => {
    assert.throws(() => runStatistic({ kind: 'anova', inputs: {} }), /field kind.*kinds are mean, ratio, welch/);
    assert.throws(
      () => runStatistic({ kind: 'proportion', inputs: { k: 3, n: 2 } }),
      /inputs\.k: must not be more than n/,
    );
    assert.throws(
      () => runStatistic({ kind: 'ratio', inputs: { arm: { numerator: [1, 2], denominator: [0, 0] } } }),
      /inputs\.arm: needs denominators whose sum is not zero/,
    );
  });

  const refused: [claim: string, kind: string, inputs: object, told: RegExp][] = [
    [
      'denominators that sum to zero',
      'ratio',
      { arm: { numerator: [1, 2], denominator: [1, -1] } },
      /inputs\.arm.*sum/,
    ],
    ['a negative variance', 'welch', arms({ n: 9, mean: 1, variance: -1 }), /inputs\.control\.variance/],
    ['one user', 'welch', arms({ n: 1, mean: 1, variance: 1 }), /inputs\.control\.n/],
    ['text for a number', 'welch', arms({ n: 9, mean: '10', variance: 1 }), /inputs\.control\.mean.*number/],
    ['no values', 'welch', arms({ values: [] }), /inputs\.control\.values.*two users/],
    ['a value that is missing', 'welch', arms({ values: [1, null] }), /inputs\.control\.values\.1/],
    ['a standard deviation for the variance', 'welch', arms({ n: 9, mean: 1, sd: 2 }), /variance.*"sd"/],
    ['an arm that is none', 'welch', arms({}), /inputs\.control: must be an object with numerator or values or mean/],
    ['a key that nobody knows', 'proportion', { k: 1, n: 2, levl: 0.9 }, /"levl"/],
    [
      'a rate above one',
      'power',
      { ...rate(0.9), effect: { relative: 0.5 }, users: 1000 },
      /effect.*1\.35.*between 0 and 1/,
    ],
    ['the same', 'required-users', { ...rate(0.9), effect: { relative: 0.5 } }, /effect.*1\.35/],
    ['a rate below zero', 'required-users', { ...rate(0.05), effect: { relative: -1.5 } }, /effect.*-0\.025/],
    [
      'more than all lost',
      'power',
      { baseline: { mean: 1, variance: 4 }, effect: { relative: -1.5 }, users: 1000 },
      /effect.*lose all/,
    ],
    ['no effect', 'required-users', { ...rate(0.1), effect: { absolute: 0 } }, /effect.*no effect/],
    ['both effects', 'power', { ...rate(0.1), effect: { relative: 0.1, absolute: 3 }, users: 9 }, /effect.*not both/],
    ['neither effect', 'power', { ...rate(0.1), effect: {}, users: 9 }, /effect.*absolute or relative/],
    [
      'an effect that nothing finds',
      'minimum-detectable-effect',
      { ...rate(0.9), users: 10 },
      /inputs\.users.*No effect/,
    ],
  ];
  for (const [claim, kind, inputs, told] of refused) {
    test(`refuses ${claim} (${kind}), and says where`, () => {
      assert.throws(
        () => runStatistic({ kind, inputs }),
        (error: DuetError) => {
          assert.equal(error.code, 'bad-input');
          assert.match(error.message, told);
          return true;
        },
      );
    });
  }
});
