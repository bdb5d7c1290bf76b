import { z } from 'zod';
import { type PrePost, prePost } from './estimates/cuped.ts';
import { deltaRatio, type Estimate, meanEstimate } from './estimates/estimate.ts';
import { momentsOf } from './estimates/moments.ts';

/** What the statistics of `duet stats` take, by the names that their JSON descriptions use. */
const users = z.array(z.number()).min(2, 'needs at least two users');
export const level = z.number().gt(0).lt(1).default(0.95);
export const probability = z.number().gt(0).lt(1);
export const positive = z.number().positive();
export const count = z.int().nonnegative();

/** An arm's mean: one value per user, or their number, mean and unbiased variance. */
export const mean = z
  .union([
    z.object({ values: users }),
    z.object({ n: z.int().min(2), mean: z.number(), variance: z.number().nonnegative() }),
  ])
  .transform((arm): Estimate => {
    if (!('values' in arm)) return meanEstimate(arm)!;
    const { n, meanX, varianceX } = momentsOf(arm.values, arm.values);
    return meanEstimate({ n, mean: meanX, variance: varianceX })!;
  });

/** An arm's ratio of sums: numerator and denominator per user. */
export const ratio = z
  .object({ numerator: users, denominator: users })
  .refine((arm) => arm.numerator.length === arm.denominator.length, 'needs as many numerators as denominators')
  .refine((arm) => arm.denominator.some((y) => y !== 0), 'needs a denominator that is not zero for every user')
  .transform(({ numerator, denominator }): Estimate => deltaRatio(momentsOf(numerator, denominator))!);

const armInput = z.union([ratio, mean]);
export const twoArms = { control: armInput, treatment: armInput };

export const share = z
  .object({ k: count, n: count })
  .refine(({ k, n }) => k <= n, { message: 'must not be more than n', path: ['k'] });
export const shareAndLevel = share.safeExtend({ level });
/** Below ½ a Beta prior is a spike at 0 and 1. */
export const sharePrior = z.object({ a: z.number().min(0.5), b: z.number().min(0.5) }).default({ a: 1, b: 1 });
export const liftMethod = z.enum(['fieller', 'delta']).default('fieller');
export const values = z.array(z.number()).min(1);

/** Users seen and planned weights, one each an arm. */
export const split = z
  .object({ observed: z.array(count).min(2), weights: z.array(z.number().nonnegative()).min(2) })
  .refine((o) => o.observed.length === o.weights.length, { message: 'needs one weight per arm', path: ['weights'] })
  .refine((o) => o.weights.some((w) => w > 0), { message: 'needs a weight above zero', path: ['weights'] });

/** An arm's users now and before: a metric, or a ratio where denominators are given. */
export const prePostArm = z
  .object({ numerator: users, denominator: users.optional(), preNumerator: users, preDenominator: users.optional() })
  .refine(
    (arm) => Object.values(arm).every((values) => values?.length === arm.numerator.length),
    'needs as many values of each kind',
  )
  .transform((arm, context): PrePost => {
    const ones = arm.numerator.map(() => 1);
    const values = {
      ...arm,
      denominator: arm.denominator ?? ones,
      preDenominator: arm.preDenominator ?? ones,
      users: ones,
    };
    const found = prePost((a, b) => momentsOf(values[a], values[b]), prePostMetric);
    if (found) return found;
    context.addIssue('needs denominators that are not zero for every user');
    return z.NEVER;
  });

const prePostMetric = {
  numerator: 'numerator',
  denominator: 'denominator',
  preNumerator: 'preNumerator',
  preDenominator: 'preDenominator',
} as const;

export const pValues = z.array(z.number().min(0).max(1).nullable());

/** A metric's history and the planned arms. */
export const powerPlan = {
  baseline: z.union([z.object({ mean: z.number(), variance: positive }), z.object({ rate: probability })]),
  weights: z.array(positive).min(2).default([1, 1]),
  alpha: probability.default(0.05),
  correction: z.enum(['bonferroni', 'none']).default('bonferroni'),
  multiplies: z.boolean().default(true),
  sequential: z.boolean().default(false),
  tunedFor: positive.optional(),
};
export const effect = z.union([z.object({ absolute: z.number() }), z.object({ relative: z.number() })]);

/** Each user's values. */
export const usersValues = z.array(z.array(z.number())).min(1);

const choice = z.object({
  reward: z.number(),
  propensity: z.number().gt(0).max(1),
  target: z.number().min(0).max(1),
  user: z.string().optional(),
});
export const choices = z.array(choice).min(2);
export const modelledChoices = z.array(choice.extend({ predicted: z.number(), predictedTarget: z.number() })).min(2);
export const offPolicy = { level, maxWeight: positive.default(Infinity) };
