import type { Interval } from '@duet/statistics';
import type { Lift, Report, SegmentLift } from '../report/shape.ts';

type Cell = string | number | boolean | null | undefined;

const columns = [
  'scope',
  'dimension',
  'segment',
  'day',
  'arm',
  'control',
  'users',
  'impressions',
  'clicks',
  'orders',
  'gmv_minor',
  'metric',
  'value',
  'low',
  'high',
  'lift',
  'lift_low',
  'lift_high',
  'p',
  'p_holm',
  'p_bh',
  'sequence_low',
  'sequence_high',
  'sequence_p',
  'sequence_p_holm',
  'cuped_lift',
  'cuped_low',
  'cuped_high',
  'cuped_p',
  'cuped_variance_reduction',
  'chance_to_win',
  'expected_loss',
] as const;

type Row = Partial<Record<(typeof columns)[number], Cell>>;

/**
 * One tidy table, as a data frame wants it: a row for each arm and metric of the whole (`scope` total), of each day's
 * cumulative series (day) and of each breakdown (segment). Of an interleaving, the treatment's shares instead. Empty
 * where the data do not determine a figure. RFC 4180, with a heading; shares, not per cent.
 */
export function reportCsv(report: Report): string {
  const name = new Map(report.arms.map((arm) => [arm.id, arm]));
  const rows: Row[] = [];
  for (const arm of report.interleaving ? [] : report.arms) {
    for (const { key } of report.metrics) {
      rows.push({
        scope: 'total',
        ...(report.segment && { dimension: report.segment.dimension, segment: report.segment.value }),
        ...countCells(arm),
        arm: arm.name,
        control: arm.control,
        metric: key,
        ...intervalCells(arm.metrics[key]!),
        ...(arm.lift && liftCells(arm.lift[key]!)),
      });
    }
  }
  const { interleaving } = report;
  if (interleaving) {
    const team = report.arms.find(({ control, weight }) => !control && weight > 0)?.name;
    const about = { arm: team, control: false, metric: 'sign' };
    const users = interleaving.wins + interleaving.losses;
    const sequence = (test: Interval & { p: number | null }): Row => ({
      ...{ sequence_low: test.low, sequence_high: test.high, sequence_p: test.p },
    });
    const { preference, userPreference, sign } = interleaving;
    const all = { ...about, users: interleaving.users };
    rows.push(
      { scope: 'total', ...about, users, ...shareCells(sign), ...sequence(interleaving.sequence) },
      { scope: 'total', ...all, metric: 'userPreference', ...shareCells(userPreference) },
      { scope: 'total', ...all, metric: 'preference', ...shareCells(preference) },
      ...interleaving.days.map(
        ({ day, ...found }): Row => ({
          ...{ scope: 'day', day, ...about, users: found.users, ...shareCells(found.sign) },
          ...sequence(found.sequence),
        }),
      ),
    );
  }
  for (const { metric, armId, points } of report.series) {
    for (const { day, users, relative, p, sequence } of points) {
      rows.push({
        scope: 'day',
        day,
        arm: name.get(armId)!.name,
        control: false,
        users,
        metric,
        lift: relative.value,
        lift_low: relative.low,
        lift_high: relative.high,
        p_holm: p,
        sequence_low: sequence.low,
        sequence_high: sequence.high,
      });
    }
  }
  for (const { dimension, rows: segments } of report.breakdowns) {
    for (const { value, arms } of segments) {
      for (const arm of arms) {
        for (const { key } of report.metrics) {
          rows.push({
            scope: 'segment',
            dimension,
            segment: value,
            ...countCells(arm),
            arm: name.get(arm.armId)!.name,
            control: name.get(arm.armId)!.control,
            metric: key,
            ...intervalCells(arm.metrics[key]!),
            ...(arm.lift && segmentCells(arm.lift[key]!)),
          });
        }
      }
    }
  }
  return [columns, ...rows.map((row) => columns.map((column) => row[column]))]
    .map((cells) => `${cells.map(cell).join(',')}\r\n`)
    .join('');
}

const countCells = (of: {
  users: number;
  impressions: number;
  clicks: number;
  orders: number;
  gmvMinor: number;
}): Row => ({
  users: of.users,
  impressions: of.impressions,
  clicks: of.clicks,
  orders: of.orders,
  gmv_minor: of.gmvMinor,
});

const intervalCells = ({ value, low, high }: Interval): Row => ({ value, low, high });

const shareCells = ({ value, low, high, p }: Interval & { p: number | null }): Row => ({ value, low, high, p });

const liftCells = ({ relative, p, adjustedP, sequence, cuped, bayes }: Lift): Row => ({
  lift: relative.value,
  lift_low: relative.low,
  lift_high: relative.high,
  p,
  p_holm: adjustedP,
  sequence_low: sequence.relative.low,
  sequence_high: sequence.relative.high,
  sequence_p: sequence.p,
  sequence_p_holm: sequence.adjustedP,
  cuped_lift: cuped?.relative.value,
  cuped_low: cuped?.relative.low,
  cuped_high: cuped?.relative.high,
  cuped_p: cuped?.p,
  cuped_variance_reduction: cuped?.varianceReduction,
  chance_to_win: bayes?.chanceToWin,
  expected_loss: bayes?.expectedLoss,
});

const segmentCells = ({ relative, p, adjusted }: SegmentLift): Row => ({
  lift: relative.value,
  lift_low: relative.low,
  lift_high: relative.high,
  p,
  p_holm: adjusted.holm,
  p_bh: adjusted.benjaminiHochberg,
});

/**
 * One field. Text that a spreadsheet would run as a formula gets an apostrophe before it (OWASP, "CSV Injection"):
 * names of arms and categories are whatever somebody typed.
 */
function cell(value: Cell): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
