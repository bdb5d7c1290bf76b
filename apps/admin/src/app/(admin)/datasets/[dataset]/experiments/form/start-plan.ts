import type { Arm, Experiment } from '@duet/db';
import { armSettings, parseSettings } from '@duet/experiments';
import { type FormPlan, followed } from './plan.ts';

const percent = (share: number) => String(Number((100 * share).toFixed(4)));

const text = (value: number | undefined) => (value === undefined ? '' : String(value));

/** A stored experiment, or a new one of these arms, as the form starts with it. */
export function formPlanOf(
  experiment: Partial<Experiment> & Pick<Experiment, 'name' | 'datasetId'>,
  arms: Pick<Arm, 'name' | 'modelId' | 'registeredModelId' | 'indexId' | 'weight' | 'control' | 'settings'>[],
): FormPlan {
  const settings = parseSettings(experiment.settings ?? {});
  const { attribution } = settings;
  return {
    ...{ name: experiment.name, datasetId: experiment.datasetId, hypothesis: settings.hypothesis },
    design: experiment.design ?? 'ab',
    arms: arms
      .filter(({ weight }) => weight > 0)
      .map(({ name, modelId, registeredModelId, indexId, weight, control, settings: own }) => {
        const { alpha, diversity, rankerId = '' } = armSettings.parse(own);
        return {
          ...{
            name,
            modelId: modelId ?? followed(registeredModelId!),
            indexId: indexId ?? '',
            percent: percent(weight),
            control,
            rankerId,
          },
          ...{ alpha: text(alpha), diversity: text(diversity) },
        };
      }),
    traffic: percent(experiment.trafficShare ?? 1),
    layer: experiment.layer ?? '',
    layerShare: percent(settings.layerShare),
    targeting: settings.targeting.map(({ attribute, in: values }) => ({ attribute, values: values.join(', ') })),
    primaryMetric: experiment.primaryMetric ?? 'ctr',
    guardrails: settings.guardrails.map(({ metric, maxRelativeLoss }) => ({
      metric,
      percent: percent(maxRelativeLoss),
    })),
    plannedDays: String(settings.plannedDays),
    minimumUsers: String(settings.minimumUsers),
    sequential: settings.sequential,
    alpha: percent(settings.alpha),
    stopRules: settings.stopRules,
    clickWindowHours: String(attribution.clickWindowHours),
    orderWindowDays: String(attribution.orderWindowDays),
    orderAttribution: attribution.orderAttribution,
    lateHours: String(attribution.lateHours),
    gmvCapQuantile: text(settings.gmvCapQuantile ?? undefined),
    exploration: percent(settings.exploration),
    excludedUsers: settings.excludedUsers.join('\n'),
    note: '',
  };
}
