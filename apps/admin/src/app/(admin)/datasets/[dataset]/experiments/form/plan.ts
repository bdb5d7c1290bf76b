import type { ExperimentInput } from '@duet/experiments';
import type { PlannedTest } from '@duet/experiments/power';
import { z } from 'zod';

const isNumber = (typed: string) => typed.trim() !== '' && Number.isFinite(Number(typed));

/** A number as it is typed. Its limits are the experiment's own, which says them when it is saved. */
const number = z.string().refine(isNumber, 'A number is needed here.');
const numberOrNothing = z.string().refine((typed) => typed.trim() === '' || isNumber(typed), 'This is not a number.');
const stopRule = z.enum(['warn', 'stop']);

const following = 'champion of ';

/** The choice of a registered model, whose champion the arm follows. */
export const followed = (registeredModelId: string): string => `${following}${registeredModelId}`;

const servedBy = (choice: string) =>
  choice.startsWith(following) ? { registeredModelId: choice.slice(following.length) } : { modelId: choice };

/** One arm as the form holds it: what is typed stays text until it is sent. */
const formArm = z.object({
  name: z.string().trim().min(1, 'An arm needs a name.'),
  /** Of a model that the arm pins, or {@link followed} of a registered model. */
  modelId: z.string().min(1, 'Choose a model.'),
  /** '' is the model's active one. */
  indexId: z.string(),
  percent: number,
  control: z.boolean(),
  alpha: numberOrNothing,
  diversity: numberOrNothing,
  /** '' is the dataset's newest. */
  rankerId: z.string(),
});

/** An experiment's plan as the form holds it. */
export const formPlan = z.object({
  name: z.string().trim().min(1, 'Give it a name.'),
  datasetId: z.string(),
  hypothesis: z.string(),
  design: z.enum(['ab', 'interleaving']),
  arms: z.array(formArm),
  traffic: number,
  layer: z.string(),
  layerShare: number,
  targeting: z.array(
    z.object({
      attribute: z.string().trim().min(1, 'Which attribute?'),
      values: z.string().trim().min(1, 'Which values?'),
    }),
  ),
  primaryMetric: z.string(),
  guardrails: z.array(z.object({ metric: z.string(), percent: number })),
  plannedDays: number,
  minimumUsers: number,
  sequential: z.boolean(),
  alpha: number,
  stopRules: z.object({ guardrail: stopRule, srm: stopRule, plannedEnd: stopRule }),
  clickWindowHours: number,
  orderWindowDays: number,
  orderAttribution: z.enum(['user', 'item']),
  lateHours: number,
  gmvCapQuantile: numberOrNothing,
  exploration: number,
  excludedUsers: z.string(),
  /** Why a new phase begins. */
  note: z.string(),
});

export type FormPlan = z.infer<typeof formPlan>;
export type FormArm = FormPlan['arms'][number];

const shareOf = (typed: string): number => Number(typed) / 100;
const parts = (typed: string, separator: RegExp): string[] =>
  typed
    .split(separator)
    .map((part) => part.trim())
    .filter(Boolean);

/** The shares of n arms in percent, as even as two decimals allow. */
export const evenly = (n: number): string[] =>
  Array.from({ length: n }, (_, i) =>
    String(Number((i < n - 1 ? 100 / n : 100 - (n - 1) * Number((100 / n).toFixed(2))).toFixed(2))),
  );

/** The arms' shares, which thirds typed as 33.3 make sum to one. */
export function weightsOf(arms: readonly Pick<FormArm, 'percent'>[]): number[] {
  const weights = arms.map((arm) => shareOf(arm.percent));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return Math.abs(sum - 1) < 0.002 ? weights.map((weight) => weight / sum) : weights;
}

/** What the form says, as `createExperiment`, `setExperiment` and `launchPhase` take it. */
export function planOf(form: FormPlan): Omit<ExperimentInput, 'name' | 'datasetId'> {
  const weights = weightsOf(form.arms);
  return {
    design: form.design,
    trafficShare: shareOf(form.traffic),
    primaryMetric: form.primaryMetric,
    layer: form.layer.trim() || null,
    arms: form.arms.map(({ name, modelId, indexId, control, alpha, diversity, rankerId }, i) => ({
      ...{ name, ...servedBy(modelId), indexId: indexId || null, control, weight: weights[i]! },
      settings: {
        ...(rankerId && { rankerId }),
        ...(alpha.trim() && { alpha: Number(alpha) }),
        ...(diversity.trim() && { diversity: Number(diversity) }),
      },
    })),
    settings: {
      hypothesis: form.hypothesis,
      guardrails: form.guardrails.map(({ metric, percent }) => ({ metric, maxRelativeLoss: shareOf(percent) })),
      targeting: form.targeting.map(({ attribute, values }) => ({ attribute, in: parts(values, /,/) })),
      plannedDays: Number(form.plannedDays),
      minimumUsers: Number(form.minimumUsers),
      sequential: form.sequential,
      alpha: shareOf(form.alpha),
      stopRules: form.stopRules,
      attribution: {
        clickWindowHours: Number(form.clickWindowHours),
        orderWindowDays: Number(form.orderWindowDays),
        orderAttribution: form.orderAttribution,
        lateHours: Number(form.lateHours),
      },
      gmvCapQuantile: form.gmvCapQuantile.trim() ? Number(form.gmvCapQuantile) : null,
      exploration: shareOf(form.exploration),
      layerShare: shareOf(form.layerShare),
      excludedUsers: parts(form.excludedUsers, /[\n,]/),
    },
  };
}

/**
 * The test that the form plans, for a forecast; undefined while a number in it cannot be read.
 * @param holdout share of the dataset's shoppers that are in no experiment
 * @param power chance to find the effect, 0 to 1
 */
export function plannedTestOf(form: FormPlan, holdout: number, power: number): PlannedTest | undefined {
  const weights = weightsOf(form.arms);
  const control = form.arms.findIndex((arm) => arm.control);
  const ofLayer = form.layer.trim() === '' ? 1 : shareOf(form.layerShare);
  const test = {
    metric: form.primaryMetric,
    weights: [weights[control] ?? Number.NaN, ...weights.filter((_, i) => i !== control)],
    plannedDays: Number(form.plannedDays),
    share: (1 - holdout) * shareOf(form.traffic) * ofLayer,
    alpha: shareOf(form.alpha),
    sequential: form.sequential,
    minimumUsers: Number(form.minimumUsers),
    power,
  };
  const positive = [test.plannedDays, test.share, test.alpha, test.minimumUsers, power, ...test.weights];
  return positive.every((n) => n > 0) && power < 1 && test.alpha < 1 ? test : undefined;
}
