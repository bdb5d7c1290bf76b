import type { Experiment } from '@duet/db';
import type { ExperimentInput, ExperimentSettings } from '@duet/experiments';

/** One arm as the form holds it: what is typed stays text until it is sent. */
export interface FormArm {
  name: string;
  modelId: string;
  indexId: string | null;
  percent: string;
  control: boolean;
  alpha: string;
  diversity: string;
  rankerId: string;
}

/** An experiment's plan as the form holds it. */
export interface FormPlan {
  name: string;
  datasetId: string;
  hypothesis: string;
  design: Experiment['design'];
  arms: FormArm[];
  traffic: string;
  layer: string;
  layerShare: string;
  targeting: { attribute: string; values: string }[];
  primaryMetric: string;
  guardrails: { metric: string; percent: string }[];
  plannedDays: string;
  minimumUsers: string;
  sequential: boolean;
  alpha: string;
  stopRules: ExperimentSettings['stopRules'];
  clickWindowHours: string;
  orderWindowDays: string;
  orderAttribution: 'user' | 'item';
  lateHours: string;
  gmvCapQuantile: string;
  exploration: string;
  excludedUsers: string;
}

/** A number, or NaN, which the experiment's own check refuses by the field's name. */
const number = (typed: string): number => (typed.trim() === '' ? Number.NaN : Number(typed));
const share = (typed: string): number => number(typed) / 100;
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
  const weights = arms.map((arm) => share(arm.percent));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return Math.abs(sum - 1) < 0.002 ? weights.map((weight) => weight / sum) : weights;
}

/** What the form says, as `createExperiment`, `setExperiment` and `launchPhase` take it. */
export function planOf(form: FormPlan): Omit<ExperimentInput, 'name' | 'datasetId'> {
  const weights = weightsOf(form.arms);
  return {
    design: form.design,
    trafficShare: share(form.traffic),
    primaryMetric: form.primaryMetric,
    layer: form.layer.trim() || null,
    arms: form.arms.map(({ name, modelId, indexId, control, alpha, diversity, rankerId }, i) => ({
      ...{ name, modelId, indexId, control, weight: weights[i]! },
      settings: {
        ...(rankerId && { rankerId }),
        ...(alpha.trim() && { alpha: number(alpha) }),
        ...(diversity.trim() && { diversity: number(diversity) }),
      },
    })),
    settings: {
      hypothesis: form.hypothesis,
      guardrails: form.guardrails.map(({ metric, percent }) => ({ metric, maxRelativeLoss: share(percent) })),
      targeting: form.targeting.map(({ attribute, values }) => ({ attribute, in: parts(values, /,/) })),
      plannedDays: number(form.plannedDays),
      minimumUsers: number(form.minimumUsers),
      sequential: form.sequential,
      alpha: share(form.alpha),
      stopRules: form.stopRules,
      attribution: {
        clickWindowHours: number(form.clickWindowHours),
        orderWindowDays: number(form.orderWindowDays),
        orderAttribution: form.orderAttribution,
        lateHours: number(form.lateHours),
      },
      gmvCapQuantile: form.gmvCapQuantile.trim() ? number(form.gmvCapQuantile) : null,
      exploration: share(form.exploration),
      layerShare: share(form.layerShare),
      excludedUsers: parts(form.excludedUsers, /[\n,]/),
    },
  };
}
