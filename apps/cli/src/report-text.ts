import {
  formatChange,
  formatDay,
  formatFigure,
  formatLevel,
  formatMoney,
  formatPercent,
  formatProbability,
  type Lift,
  type Report,
} from '@duet/experiments';
import type { Interval } from '@duet/statistics';
import { paragraph, table } from './answer.ts';

const dash = '–';

const range = ({ low, high }: Interval): string =>
  low === null || high === null ? dash : `${formatChange(low)} … ${formatChange(high)}`;

/** A report for people at a terminal: what was found first, then the figures that say so. */
export function reportText(report: Report): string {
  const { experiment, finding, caveats } = report;
  return [
    `${experiment.name} is ${experiment.status}${report.phases.length > 1 ? `, phase ${report.phase} of ${report.phases.length}` : ''}.`,
    paragraph(finding),
    caveats.map((caveat) => paragraph(caveat, '  ')).join('\n'),
    decision(report),
    ...(report.interleaving
      ? interleavingTables(report, report.interleaving)
      : [armsTable(report), metricsTable(report)]),
    guardrailTable(report),
    ...breakdownTables(report),
  ]
    .filter(Boolean)
    .join('\n\n');
}

function decision({ experiment: { decision } }: Report): string {
  if (decision === null) return '';
  const { arm, by, at, note } = decision;
  return paragraph(
    `Decided by ${by} on ${formatDay(at)}: ${arm === null ? 'no arm' : arm}.${note === '' ? '' : ` ${note}`}`,
  );
}

function armsTable({ arms, currency }: Report): string {
  return table(
    ['arm', 'users', 'impressions', 'clicks', 'orders', 'GMV'],
    arms.map(({ name, control, users, impressions, clicks, orders, gmvMinor }) => [
      ...[control ? `${name} (control)` : name, users, impressions, clicks, orders],
      formatMoney(gmvMinor, currency),
    ]),
  );
}

function metricsTable({ arms, metrics, currency, basis, options }: Report): string {
  const control = arms.find((arm) => arm.control);
  const treatments = arms.filter((arm) => !arm.control && arm.weight > 0);
  const level = formatLevel(options.level);
  const judged = (lift: Lift) => (basis === 'sequence' ? lift.sequence : lift);
  return table(
    ['metric', control?.name ?? 'control', 'arm', 'value', 'lift', `${level} sequence`, `${level} fixed`, 'CUPED', 'p'],
    metrics.flatMap(({ key, title, unit }) =>
      treatments.map(({ name, metrics: armMetrics, lift: lifts }) => {
        const lift = lifts![key]!;
        const { adjustedP: p } = judged(lift);
        const value = (interval: Interval | undefined) =>
          interval === undefined || interval.value === null ? dash : formatFigure(interval.value, unit, currency);
        return [
          ...[title, value(control?.metrics[key]), name, value(armMetrics[key])],
          ...[lift.relative.value === null ? dash : formatChange(lift.relative.value)],
          ...[range(lift.sequence.relative), range(lift.relative)],
          lift.cuped?.relative.value == null ? dash : formatChange(lift.cuped.relative.value),
          p === null ? dash : formatProbability(p),
        ];
      }),
    ),
  );
}

function interleavingTables(
  { arms, options }: Report,
  { arms: teams, users, wins, losses, ties, ...found }: NonNullable<Report['interleaving']>,
): string[] {
  const shareCells = ({ value, low, high, p }: Interval & { p: number | null }) => [
    value === null ? dash : formatPercent(value),
    low === null || high === null ? dash : `${formatPercent(low)} … ${formatPercent(high)}`,
    p === null ? dash : formatProbability(p),
  ];
  const name = (id: string) => arms.find((arm) => arm.id === id)?.name ?? id;
  const treatment = arms.find((arm) => !arm.control && arm.weight > 0)?.name ?? 'treatment';
  return [
    table(
      ['items of', 'seen', 'clicked'],
      teams.map(({ armId, impressions, clicks }) => [name(armId), impressions, clicks]),
    ),
    table(
      [`${treatment}’s share of`, 'value', `${formatLevel(options.level)} interval`, 'p'],
      [
        [`${wins + losses} users with a preference, at any look`, ...shareCells(found.sequence)],
        ['the same, valid at the planned end alone', ...shareCells(found.sign)],
        [`${users} users, ${ties} with no preference as halves`, ...shareCells(found.userPreference)],
        ['the clicks, of which a few users may have most', ...shareCells(found.preference)],
      ],
    ),
  ];
}

function guardrailTable({ guardrails, metrics, arms }: Report): string {
  if (guardrails.length === 0) return '';
  return table(
    ['guardrail', 'arm', 'may lose', 'lift', 'state'],
    guardrails.map(({ metric, armId, maxRelativeLoss, relative, state }) => [
      metrics.find(({ key }) => key === metric)?.title ?? metric,
      arms.find(({ id }) => id === armId)?.name ?? armId,
      formatPercent(maxRelativeLoss),
      range(relative),
      state,
    ]),
  );
}

function breakdownTables({ breakdowns, experiment, metrics, arms, currency }: Report): string[] {
  const metric = metrics.find(({ key }) => key === experiment.primaryMetric) ?? metrics[0]!;
  const control = arms.find((arm) => arm.control);
  const treatments = arms.filter((arm) => !arm.control && arm.weight > 0);
  const value = (interval: Interval | undefined) =>
    interval === undefined || interval.value === null ? dash : formatFigure(interval.value, metric.unit, currency);
  const probability = (p: number | null | undefined) => (p == null ? dash : formatProbability(p));
  return breakdowns.map(({ dimension, rows }) =>
    table(
      [
        `${metric.title} by ${dimension}`,
        'arm',
        control?.name ?? 'control',
        'value',
        'lift',
        'interval',
        'p (BH)',
        'p (Holm)',
      ],
      rows.flatMap((row) =>
        treatments.map(({ id, name }) => {
          const of = (armId: string | undefined) => row.arms.find((arm) => arm.armId === armId);
          const found = of(id)?.lift?.[metric.key];
          return [
            ...[row.value, name, value(of(control?.id)?.metrics[metric.key]), value(of(id)?.metrics[metric.key])],
            found?.relative.value == null ? dash : formatChange(found.relative.value),
            found ? range(found.relative) : dash,
            ...[probability(found?.adjusted.benjaminiHochberg), probability(found?.adjusted.holm)],
          ];
        }),
      ),
    ),
  );
}
