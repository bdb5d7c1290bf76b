import { z } from 'zod';
import { type Baseline, type Effect, impossibleEffect } from './design/power.ts';
import { type PrePost, prePost } from './estimates/cuped.ts';
import { deltaRatio, type Estimate, meanEstimate } from './estimates/estimate.ts';
import { momentsOf } from './estimates/moments.ts';

/** What the statistics of `duet stats` take, by the names that their JSON descriptions use. */
const users = z.array(z.number()).min(2, 'needs at least two users');
export const level = z.number().gt(0).lt(1).default(0.95);
export const probability = z.number().gt(0).lt(1);
export const positive = z.number().positive();
export const count = z.int().nonnegative();

/**
 * One of several forms of an object, each told by a key that it alone has, so that what is wrong is said of the form
 * that was meant.
 */
function formOf<Answer>(forms: Record<string, z.ZodType<Answer>>) {
  return z.unknown().transform((value, context): Answer => {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    const key = Object.keys(forms).find((key) => isObject && Object.hasOwn(value, key));
    if (key === undefined) {
      context.addIssue(`must be an object with ${Object.keys(forms).join(' or ')}`);
      return z.NEVER;
    }
    const parsed = forms[key]!.safeParse(value);
    if (parsed.success) return parsed.data;
    for (const { path, message } of parsed.error.issues) context.addIssue({ code: 'custom', path, message });
    return z.NEVER;
  });
}

const meanOfValues = z.strictObject({ values: users }).transform(({ values }): Estimate => {
  const { n, meanX, varianceX } = momentsOf(values, values);
  return meanEstimate({ n, mean: meanX, variance: varianceX })!;
});
const meanOfMoments = z
  .strictObject({ n: z.int().min(2), mean: z.number(), variance: z.number().nonnegative() })
  .transform((arm): Estimate => meanEstimate(arm)!);

/** An arm's mean: one value per user, or their number, mean and unbiased variance. */
export const mean = formOf({ values: meanOfValues, mean: meanOfMoments });

/** An arm's ratio of sums: numerator and denominator per user. */
export const ratio = z
  .strictObject({ numerator: users, denominator: users })
  .refine((arm) => arm.numerator.length === arm.denominator.length, 'needs as many numerators as denominators')
  .transform(({ numerator, denominator }, context): Estimate => {
    const found = deltaRatio(momentsOf(numerator, denominator));
    if (found) return found;
    context.addIssue('needs denominators whose sum is not zero');
    return z.NEVER;
  });

const armInput = formOf({ numerator: ratio, values: meanOfValues, mean: meanOfMoments });
export const twoArms = { control: armInput, treatment: armInput };

export const proportionInput = z
  .strictObject({ k: count, n: count })
  .refine(({ k, n }) => k <= n, { message: 'must not be more than n', path: ['k'] });
export const shareAndLevel = proportionInput.safeExtend({ level });
/** Below ½ a Beta prior is a spike at 0 and 1. */
export const sharePrior = z.strictObject({ a: z.number().min(0.5), b: z.number().min(0.5) }).default({ a: 1, b: 1 });
export const liftMethod = z.enum(['fieller', 'delta']).default('fieller');
export const values = z.array(z.number()).min(1);

/** Users seen and planned weights, one each an arm. */
export const split = z
  .strictObject({ observed: z.array(count).min(2), weights: z.array(z.number().nonnegative()).min(2) })
  .refine((o) => o.observed.length === o.weights.length, { message: 'needs one weight per arm', path: ['weights'] })
  .refine((o) => o.weights.some((w) => w > 0), { message: 'needs a weight above zero', path: ['weights'] });

/** An arm's users now and before: a metric, or a ratio where denominators are given. */
export const prePostArm = z
  .strictObject({
    numerator: users,
    denominator: users.optional(),
    preNumerator: users,
    preDenominator: users.optional(),
  })
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

/** A metric's history, the planned arms, and what is to be found. */
const powerPlan = {
  baseline: formOf<Baseline>({
    rate: z.strictObject({ rate: z.number().gt(0).lt(1) }),
    mean: z.strictObject({ mean: z.number(), variance: positive }),
  }),
  weights: z.array(positive).min(2).default([1, 1]),
  alpha: probability.default(0.05),
  correction: z.enum(['bonferroni', 'none']).default('bonferroni'),
  multiplies: z.boolean().default(true),
  sequential: z.boolean().default(false),
  tunedFor: positive.optional(),
};
const effect = z
  .strictObject({ absolute: z.number().optional(), relative: z.number().optional() })
  .transform(({ absolute, relative }, context): Effect => {
    if (absolute !== undefined && relative === undefined) return { absolute };
    if (relative !== undefined && absolute === undefined) return { relative };
    context.addIssue(relative === undefined ? 'needs absolute or relative' : 'takes absolute or relative, not both');
    return z.NEVER;
  });

const possible = <Plan extends { baseline: Baseline; effect: Effect; multiplies: boolean }>(
  plan: Plan,
  context: z.RefinementCtx,
) => {
  const fault = impossibleEffect(plan, plan.effect);
  if (fault !== undefined) context.addIssue({ code: 'custom', path: ['effect'], message: fault });
};
export const powerInputs = z.strictObject({ ...powerPlan, effect, users: positive }).superRefine(possible);
export const requiredUsersInputs = z
  .strictObject({ ...powerPlan, effect, power: probability.default(0.8) })
  .superRefine(possible);
export const detectableEffectInputs = z.strictObject({
  ...powerPlan,
  users: positive,
  power: probability.default(0.8),
});

/** Each user's values. */
export const usersValues = z.array(z.array(z.number())).min(1);

const choice = z.strictObject({
  reward: z.number(),
  propensity: z.number().gt(0).max(1),
  target: z.number().min(0).max(1),
  user: z.string().optional(),
});
export const choices = z.array(choice).min(2);
export const modelledChoices = z.array(choice.extend({ predicted: z.number(), predictedTarget: z.number() })).min(2);
export const offPolicy = { level, maxWeight: positive.default(Infinity) };
