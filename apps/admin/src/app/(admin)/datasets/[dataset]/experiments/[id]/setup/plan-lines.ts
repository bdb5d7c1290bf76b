import type { Experiment } from '@duet/db';
import { armSettings, type ExperimentSettings } from '@duet/experiments';
import { formatMoney, formatPercent, formatTime } from '#format.ts';

export interface PlanLine {
  title: string;
  /** As `lockedWhileRunning` knows it; none where it may change at any time. */
  field?: string;
  value: string;
}

type Planned = Experiment & { dataset: { currency: string; holdout: number } };

/** An experiment's plan in words, in the order of its form. */
export function planLines(
  experiment: Planned,
  settings: ExperimentSettings,
  metrics: readonly { key: string; title: string }[],
): PlanLine[] {
  const titleOf = (key: string) => metrics.find((metric) => metric.key === key)?.title ?? key;
  return [
    ...whatAndWho(experiment, settings),
    ...judgement(experiment, settings, titleOf),
    ...counting(experiment, settings),
  ];
}

function whatAndWho(experiment: Planned, settings: ExperimentSettings): PlanLine[] {
  const { layer, layerFrom, layerTo } = experiment;
  const buckets = layerFrom === null ? '' : ` (buckets ${layerFrom} to ${layerTo! - 1})`;
  const targets = settings.targeting.map(({ attribute, in: values }) => `${attribute} is ${values.join(' or ')}`);
  return [
    { title: 'Hypothesis', field: 'settings.hypothesis', value: settings.hypothesis || 'none was written down' },
    {
      title: 'Design',
      field: 'design',
      value: experiment.design === 'ab' ? 'A/B: shoppers are split' : 'interleaving: lists are mixed',
    },
    { title: 'Traffic', value: `${formatPercent(experiment.trafficShare, 1)} of the shoppers it may have` },
    {
      title: 'Layer',
      field: 'layer',
      value: layer === null ? 'none' : `${layer}, ${formatPercent(settings.layerShare, 1)} of its shoppers${buckets}`,
    },
    { title: 'Targeting', field: 'settings.targeting', value: targets.join(' and ') || 'everybody' },
    {
      title: 'Held out',
      value: `${formatPercent(experiment.dataset.holdout, 1)} of the dataset’s shoppers are in no experiment`,
    },
  ];
}

function judgement(
  { primaryMetric, plannedEndAt }: Planned,
  { guardrails, plannedDays, alpha, sequential }: ExperimentSettings,
  titleOf: (key: string) => string,
): PlanLine[] {
  const limits = guardrails.map(
    ({ metric, maxRelativeLoss }) => `${titleOf(metric)} may lose ${formatPercent(maxRelativeLoss, 1)}`,
  );
  return [
    { title: 'Primary metric', field: 'primaryMetric', value: titleOf(primaryMetric) },
    { title: 'Guardrails', field: 'settings.guardrails', value: limits.join('; ') || 'none' },
    {
      title: 'Planned duration',
      field: 'settings.plannedDays',
      value: `${plannedDays} days${plannedEndAt ? `, until ${formatTime(plannedEndAt)}` : ''}`,
    },
    {
      title: 'Error rate',
      field: 'settings.alpha',
      value: `${formatPercent(alpha, 1)}, ${sequential ? 'at any number of looks' : 'at one look, at the planned end'}`,
    },
  ];
}

function counting({ dataset }: Planned, settings: ExperimentSettings): PlanLine[] {
  const { attribution, gmvCapMinor, gmvCapQuantile, exploration, excludedUsers } = settings;
  const cap =
    gmvCapMinor !== null
      ? `${formatMoney(gmvCapMinor, dataset.currency)} a shopper`
      : gmvCapQuantile === null
        ? 'none'
        : `quantile ${gmvCapQuantile} of history, fixed at the start`;
  return [
    {
      title: 'Attribution',
      field: 'settings.attribution',
      value: `clicks within ${attribution.clickWindowHours} hours, orders within ${attribution.orderWindowDays} days of the last exposure to ${attribution.orderAttribution === 'user' ? 'any item' : 'the item'}; events up to ${attribution.lateHours} hours late`,
    },
    { title: 'GMV cap', field: 'settings.gmvCapMinor', value: cap },
    { title: 'Exploration', field: 'settings.exploration', value: formatPercent(exploration, 1) },
    { title: 'Excluded shoppers', value: excludedUsers.length === 0 ? 'none' : String(excludedUsers.length) },
  ];
}

/** What an arm changes of the ranker. */
export function rankingInWords(stored: unknown): string {
  const { alpha, diversity, rankerId } = armSettings.parse(stored);
  const parts = [
    alpha !== undefined && `price counts α = ${alpha}`,
    diversity !== undefined && `diversity ${diversity}`,
    rankerId !== undefined && `ranker ${rankerId.slice(-6)}`,
  ].filter(Boolean);
  return parts.join(', ') || 'as the ranker has it';
}
