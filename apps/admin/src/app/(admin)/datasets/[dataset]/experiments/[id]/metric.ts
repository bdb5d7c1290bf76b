import type { Report } from '@duet/experiments';
import type { Interval } from '@duet/statistics';
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

/**
 * Both ends of a scale for drawn lifts: zero and every lift, and of the limits what lies within one and a half times
 * the median interval, so that a part with few shoppers does not flatten all others.
 */
export function scaleOf(intervals: Interval[]): [number, number] {
  const widths = intervals
    .flatMap(({ low, high }) => (low === null || high === null ? [] : [high - low]))
    .sort((a, b) => a - b);
  const most = 1.5 * (widths[Math.floor(widths.length / 2)] ?? 0);
  const lifts = [0, ...intervals.flatMap(({ value }) => (value === null ? [] : [value]))];
  const limits = intervals
    .flatMap(({ low, high }) => [low, high])
    .filter((limit) => limit !== null)
    .map((limit) => Math.min(most, Math.max(-most, limit)));
  const [low, high] = [Math.min(...lifts, ...limits), Math.max(...lifts, ...limits)];
  const room = (high - low) * 0.06 || 1;
  return [low - room, high + room];
}

/** Whether a lift is one to be glad of, for where it is shown in colour: none is that may not be concluded from yet. */
export function toneOf(
  { srm, basis, horizon, options }: Report,
  { value }: Interval,
  p: number | null,
  { direction }: Metric,
): string {
  const early = basis === 'fixed' && horizon === 'before';
  if (srm.warning || early || p === null || value === null || p > 1 - options.level) return '';
  return value > 0 === (direction === 'up') ? 'text-good' : 'text-bad';
}
