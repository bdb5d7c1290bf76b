import type { Interval, Report } from '@duet/experiments';
import { formatChange, formatMoney, formatNumber, formatPercent } from '#format.ts';

type Metric = Report['metrics'][number];

/** The metric of that key, else the primary one. */
export const shownMetric = ({ metrics, experiment }: Report, key: string): Metric =>
  metrics.find((metric) => metric.key === key) ??
  metrics.find((metric) => metric.key === experiment.primaryMetric) ??
  metrics[0]!;

/** A metric's value in its own unit; a dash where it is not known. */
export function showValue(value: number | null | undefined, { unit }: Metric, currency: string): string {
  if (value === null || value === undefined) return '–';
  if (unit === 'share') return formatPercent(value, 2);
  return unit === 'minor' ? formatMoney(value, currency) : formatNumber(value, 3);
}

export const showLift = (value: number | null | undefined): string =>
  value === null || value === undefined ? '–' : formatChange(value);

export const showRange = ({ low, high }: Interval): string =>
  low === null || high === null ? 'not determined' : `${formatChange(low)} to ${formatChange(high)}`;

export const showP = (p: number | null | undefined): string =>
  p === null || p === undefined ? '–' : p < 0.001 ? '< 0.001' : p > 0.999 ? '> 0.999' : formatNumber(p, 3);

/** Both ends of a scale that holds zero and every interval, with a little room. */
export function scaleOf(intervals: Interval[]): [number, number] {
  const values = [0, ...intervals.flatMap(({ low, value, high }) => [low, value, high])].filter(
    (value) => value !== null,
  );
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low) * 0.06 || 1;
  return [low - room, high + room];
}

/** Whether a lift is one to be glad of, for who is shown it in colour. */
export const toneOf = (relative: Interval, p: number | null, metric: Metric, level: number): string => {
  if (p === null || relative.value === null || p > 1 - level) return '';
  return relative.value > 0 === (metric.direction === 'up') ? 'text-good' : 'text-bad';
};
