import { DuetError } from '@duet/config';
import { z } from 'zod';
import {
  chiSquareSurvival,
  normalCdf,
  normalQuantile,
  normalSurvival,
  studentCdf,
  studentQuantile,
  studentSurvival,
} from './distributions.ts';
import { deltaRatio, type Estimate, meanEstimate } from './estimate.ts';
import { relativeLift } from './lift.ts';
import { momentsOf } from './moments.ts';
import { proportion } from './proportion.ts';
import { srm } from './srm.ts';
import { estimateInterval, welch } from './welch.ts';

const users = z.array(z.number()).min(2, 'needs at least two users');
const level = z.number().gt(0).lt(1).default(0.95);
const probability = z.number().gt(0).lt(1);
const df = z.number().positive();

/** An arm's mean: one value per user, or their number, mean and unbiased variance. */
const meanInput = z
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
const ratioInput = z
  .object({ numerator: users, denominator: users })
  .refine((arm) => arm.numerator.length === arm.denominator.length, 'needs as many numerators as denominators')
  .refine((arm) => arm.denominator.some((y) => y !== 0), 'needs a denominator that is not zero for every user')
  .transform(({ numerator, denominator }): Estimate => deltaRatio(momentsOf(numerator, denominator))!);

const armInput = z.union([ratioInput, meanInput]);
const method = z.enum(['fieller', 'delta']).default('fieller');
const counts = z.array(z.int().nonnegative()).min(2);

/** Every statistic by name: what it takes and what it answers. A new one is one line here. */
const statistics = {
  mean: define(z.object({ arm: meanInput, level }), ({ arm, level }) => ({ ...arm, ...estimateInterval(arm, level) })),
  ratio: define(z.object({ arm: ratioInput, level }), ({ arm, level }) => ({
    ...arm,
    ...estimateInterval(arm, level),
  })),
  welch: define(z.object({ control: armInput, treatment: armInput, level }), ({ control, treatment, level }) =>
    welch(control, treatment, level),
  ),
  'relative-lift': define(
    z.object({ control: armInput, treatment: armInput, level, method }),
    ({ control, treatment, level, method }) => relativeLift(control, treatment, { level, method }),
  ),
  proportion: define(
    z
      .object({ k: z.int().nonnegative(), n: z.int().nonnegative(), level })
      .refine(({ k, n }) => k <= n, { message: 'must not be more than n', path: ['k'] }),
    ({ k, n, level }) => proportion(k, n, level),
  ),
  srm: define(
    z
      .object({ observed: counts, weights: z.array(z.number().nonnegative()).min(2) })
      .refine((o) => o.observed.length === o.weights.length, { message: 'needs one weight per arm', path: ['weights'] })
      .refine((o) => o.weights.some((w) => w > 0), { message: 'needs a weight above zero', path: ['weights'] }),
    ({ observed, weights }) => srm(observed, weights),
  ),
  'normal-cdf': define(z.object({ x: z.number() }), ({ x }) => ({ value: normalCdf(x), survival: normalSurvival(x) })),
  'normal-quantile': define(z.object({ p: probability }), ({ p }) => ({ value: normalQuantile(p) })),
  'student-cdf': define(z.object({ t: z.number(), df }), ({ t, df }) => ({
    value: studentCdf(t, df),
    survival: studentSurvival(t, df),
  })),
  'student-quantile': define(z.object({ p: probability, df }), ({ p, df }) => ({ value: studentQuantile(p, df) })),
  'chi-square-survival': define(z.object({ x: z.number().nonnegative(), df }), ({ x, df }) => ({
    value: chiSquareSurvival(x, df),
  })),
};

function define<Schema extends z.ZodType>(inputs: Schema, compute: (inputs: z.output<Schema>) => object) {
  return (raw: unknown): object => {
    const parsed = inputs.safeParse(raw);
    if (parsed.success) return compute(parsed.data);
    const issue = parsed.error.issues[0]!;
    throw new DuetError('bad-input', `${issue.message}.`, { where: { field: ['inputs', ...issue.path].join('.') } });
  };
}

/** What `duet stats --input` reads. */
const description = z.object({
  kind: z.enum(Object.keys(statistics) as [keyof typeof statistics]),
  inputs: z.unknown(),
});

/**
 * Runs one statistic from a JSON description, so that any other program's numbers can be compared with Duet's:
 * `{"kind": "welch", "inputs": {"control": {"n": 50, "mean": 3.2, "variance": 4.1}, "treatment": {"values": [3, 4, 8]}}}`.
 *
 * @throws DuetError `bad-input` naming the field
 */
export function runStatistic(request: unknown): { kind: string; result: object } {
  const parsed = description.safeParse(request);
  if (!parsed.success) {
    throw new DuetError('bad-input', 'The description names no known statistic.', {
      where: { field: 'kind' },
      fix: `Give "kind" and "inputs"; kinds are ${Object.keys(statistics).join(', ')}.`,
    });
  }
  const { kind, inputs } = parsed.data;
  return { kind, result: statistics[kind](inputs) };
}
