import { DuetError } from '@duet/base';
import { seededRng } from '@duet/random';
import { z } from 'zod';
import { bayesianLift, bayesianShares, liftPrior } from './comparisons/bayes.ts';
import { confidenceSequence, differenceOf, liftSequence } from './comparisons/confidence-sequence.ts';
import { relativeLift } from './comparisons/lift.ts';
import { benjaminiHochberg, holm } from './comparisons/multiple-testing.ts';
import { proportionsTest } from './comparisons/two-proportions.ts';
import { estimateInterval, welch } from './comparisons/welch.ts';
import { minimumDetectableEffect, powerOf, requiredUsers } from './design/power.ts';
import { sequentialSrm, srm } from './design/srm.ts';
import { cuped } from './estimates/cuped.ts';
import { proportion } from './estimates/proportion.ts';
import { quantileBootstrap, quantileDifference, quantileEstimate } from './estimates/quantile.ts';
import { capOf, winsorise } from './estimates/winsorise.ts';
import * as given from './inputs.ts';
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
import { creditOf, interleavingTest } from './rankings/interleaving.ts';
import { doublyRobust, ips, snips } from './rankings/off-policy.ts';

const { count, level, positive, probability, proportionInput, twoArms } = given;
const bootstrap = {
  q: probability,
  level,
  seed: count.default(1),
  replicates: z.int().min(2).max(100_000).default(1999),
};

/** Every statistic by name: what it takes and what it answers. A new one is one line here. */
const statistics = {
  mean: define(z.strictObject({ arm: given.mean, level }), ({ arm, level }) => ({
    ...arm,
    ...estimateInterval(arm, level),
  })),
  ratio: define(z.strictObject({ arm: given.ratio, level }), ({ arm, level }) => ({
    ...arm,
    ...estimateInterval(arm, level),
  })),
  welch: define(z.strictObject({ ...twoArms, level }), ({ control, treatment, level }) =>
    welch(control, treatment, level),
  ),
  'relative-lift': define(
    z.strictObject({ ...twoArms, level, method: given.liftMethod }),
    ({ control, treatment, ...options }) => relativeLift(control, treatment, options),
  ),
  'confidence-sequence': define(
    z.strictObject({ ...twoArms, level, tunedFor: positive }),
    ({ control, treatment, ...options }) => ({
      absolute: confidenceSequence(differenceOf(control, treatment), options),
      relative: liftSequence(control, treatment, options),
    }),
  ),
  cuped: define(z.strictObject({ arms: z.array(given.prePostArm).min(1) }), ({ arms }) => cuped(arms)),
  winsorise: define(z.strictObject({ values: given.values, q: probability.default(0.999) }), ({ values, q }) => {
    const cap = capOf(values, q)!;
    return { cap, values: winsorise(values, cap) };
  }),
  proportion: define(given.shareAndLevel, ({ k, n, level }) => proportion(k, n, level)),
  proportions: define(
    z.strictObject({ control: proportionInput, treatment: proportionInput, level }),
    ({ control, treatment, level }) => proportionsTest(control, treatment, level),
  ),
  quantile: define(z.strictObject({ users: given.usersValues, q: probability, level }), ({ users, q, level }) => ({
    ...quantileEstimate(users, q, level),
  })),
  'quantile-bootstrap': define(
    z.strictObject({ users: given.usersValues, ...bootstrap }),
    ({ users, q, seed, ...options }) => quantileBootstrap(users, q, { ...options, rng: seededRng(seed) }),
  ),
  'quantile-difference': define(
    z.strictObject({ control: given.usersValues, treatment: given.usersValues, ...bootstrap }),
    ({ control, treatment, q, seed, ...options }) =>
      quantileDifference(control, treatment, q, { ...options, rng: seededRng(seed) }),
  ),
  srm: define(given.split, ({ observed, weights }) => srm(observed, weights)),
  'sequential-srm': define(
    given.split.safeExtend({ concentration: positive.optional() }),
    ({ observed, weights, concentration }) => sequentialSrm(observed, weights, concentration),
  ),
  holm: define(z.strictObject({ p: given.pValues }), ({ p }) => ({ adjusted: holm(p) })),
  'benjamini-hochberg': define(z.strictObject({ p: given.pValues }), ({ p }) => ({ adjusted: benjaminiHochberg(p) })),
  'bayesian-lift': define(
    z.strictObject({ ...twoArms, level, prior: z.strictObject({ mean: z.number(), sd: positive }).default(liftPrior) }),
    ({ control, treatment, ...options }) => bayesianLift(control, treatment, options),
  ),
  'bayesian-shares': define(
    z.strictObject({ control: proportionInput, treatment: proportionInput, level, prior: given.sharePrior }),
    ({ control, treatment, ...options }) => bayesianShares(control, treatment, options),
  ),
  power: define(given.powerInputs, ({ effect, users, ...plan }) => ({ power: powerOf(plan, effect, users) })),
  'required-users': define(given.requiredUsersInputs, ({ effect, power, ...plan }) => ({
    ...requiredUsers(plan, effect, power),
  })),
  'minimum-detectable-effect': define(given.detectableEffectInputs, ({ users, power, ...plan }) => {
    const found = minimumDetectableEffect(plan, users, power);
    if (found) return found;
    throw new DuetError('bad-input', `No effect, however large, is found by ${users} users with a power of ${power}.`, {
      where: { field: 'inputs.users' },
      fix: 'Plan for more users, or ask for less power.',
    });
  }),
  ips: define(z.strictObject({ choices: given.choices, ...given.offPolicy }), ({ choices, ...options }) =>
    ips(choices, options),
  ),
  snips: define(z.strictObject({ choices: given.choices, ...given.offPolicy }), ({ choices, ...options }) =>
    snips(choices, options),
  ),
  'doubly-robust': define(
    z.strictObject({ choices: given.modelledChoices, ...given.offPolicy }),
    ({ choices, ...options }) => doublyRobust(choices, options),
  ),
  interleaving: define(
    z.strictObject({ users: z.array(z.strictObject({ control: count, treatment: count })).min(2), level }),
    ({ users, level }) => interleavingTest(creditOf(users), level),
  ),
  'normal-cdf': define(z.strictObject({ x: z.number() }), ({ x }) => ({
    value: normalCdf(x),
    survival: normalSurvival(x),
  })),
  'normal-quantile': define(z.strictObject({ p: probability }), ({ p }) => ({ value: normalQuantile(p) })),
  'student-cdf': define(z.strictObject({ t: z.number(), df: positive }), ({ t, df }) => ({
    value: studentCdf(t, df),
    survival: studentSurvival(t, df),
  })),
  'student-quantile': define(z.strictObject({ p: probability, df: positive }), ({ p, df }) => ({
    value: studentQuantile(p, df),
  })),
  'chi-square-survival': define(z.strictObject({ x: z.number().nonnegative(), df: positive }), ({ x, df }) => ({
    value: chiSquareSurvival(x, df),
  })),
  'beta-cdf': define(z.strictObject({ x: z.number().min(0).max(1), a: positive, b: positive }), ({ x, a, b }) => ({
    value: betaCdf(x, a, b),
  })),
  'binomial-cdf': define(z.strictObject({ k: count, n: count, p: z.number().min(0).max(1) }), ({ k, n, p }) => ({
    value: binomialCdf(k, n, p),
  })),
};

function define<Schema extends z.ZodType>(inputs: Schema, compute: (inputs: z.output<Schema>) => object) {
  return (raw: unknown): object => {
    const parsed = inputs.safeParse(raw);
    if (parsed.success) return compute(parsed.data);
    const [{ path, message }, ...others] = parsed.error.issues as [z.core.$ZodIssue, ...z.core.$ZodIssue[]];
    const also = others.map((issue) => `; ${[...issue.path, issue.message].join(': ')}`).slice(0, 2);
    throw new DuetError('bad-input', `${message}${also.join('')}.`, {
      where: { field: ['inputs', ...path].join('.') },
    });
  };
}

/** What `duet stats --input` reads. */
const description = z.strictObject({
  kind: z.enum(Object.keys(statistics) as [keyof typeof statistics]),
  inputs: z.unknown(),
});

/**
 * Runs one statistic from a JSON description, so that any other program's numbers can be compared with Duet's:
 * `{"kind": "welch", "inputs": {"control": {"n": 50, "mean": 3.2, "variance": 4.1}, "treatment": {"values": [3, 4,
 * 8]}}}`.
 *
 * @throws DuetError `bad-input` naming the field
 */
export function runStatistic(request: unknown): { kind: string; result: object } {
  const parsed = description.safeParse(request);
  if (!parsed.success) {
    const unknown = parsed.error.issues.find(({ code }) => code === 'unrecognized_keys');
    if (unknown) throw new DuetError('bad-input', `${unknown.message}.`, { fix: 'Give "kind" and "inputs" alone.' });
    throw new DuetError('bad-input', 'The description names no known statistic.', {
      where: { field: 'kind' },
      fix: `Give "kind" and "inputs"; kinds are ${Object.keys(statistics).join(', ')}.`,
    });
  }
  const { kind, inputs } = parsed.data;
  return { kind, result: statistics[kind](inputs) };
}
