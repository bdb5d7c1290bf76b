import type { Report } from '@duet/experiments';
import Link from 'next/link';
import { LiftBar } from '#components/experiments/lift-bar.tsx';
import { type Column, DataTable } from '#components/layout/data-table.tsx';
import { Section } from '#components/layout/section.tsx';
import { formatPercent } from '#format.ts';
import { showLift, showP, showRange, showValue, toneOf } from './metric.ts';
import { type ScorecardRow, scorecardRows } from './scorecard-rows.ts';

interface ScorecardProps {
  report: Report;
  /** Odds that the arm is better, in place of p values. */
  bayes: boolean;
  colors: Map<string, string>;
  /** Where a metric is drawn day by day. */
  address: (metric: string) => string;
}

/** Every metric in every arm against control. */
export function Scorecard({ report, bayes, colors, address }: ScorecardProps) {
  const { arms, experiment, currency, basis, options } = report;
  const control = arms.find((arm) => arm.control);
  const treatments = arms.filter((arm) => !arm.control && arm.weight > 0);
  const severalArms = treatments.length > 1;
  const level = `${Number((100 * options.level).toFixed(2))} %`;
  return (
    <Section
      title="Every metric"
      note="Wide and light: the confidence sequence. Narrow: the fixed-horizon interval, valid at the planned end only. CUPED takes out what shoppers did before."
      flush
    >
      <DataTable
        caption="Every metric in every arm against control"
        className="min-w-[64rem]"
        rows={scorecardRows(report)}
        rowKey={({ metric, arm }) => `${metric.key} ${arm.id}`}
        columns={[
          {
            title: 'Metric',
            rowHeader: true,
            span: ({ span }) => span,
            className: 'align-top! font-medium',
            cell: ({ metric: { key, title } }) => (
              <>
                <Link href={address(key)} scroll={false} className="hover:underline">
                  <span className="inline-block first-letter:uppercase">{title}</span>
                </Link>
                {key === experiment.primaryMetric && (
                  <span className="block text-sm font-normal text-muted">primary</span>
                )}
              </>
            ),
          },
          severalArms && { title: 'Arm', className: 'pl-3! whitespace-nowrap', cell: ({ arm }) => arm.name },
          {
            title: control?.name ?? 'Control',
            numeric: true,
            className: 'text-muted',
            cell: ({ metric }) => showValue(control?.metrics[metric.key]?.value, metric, currency),
          },
          {
            title: severalArms ? 'Value' : (treatments[0]?.name ?? 'Value'),
            numeric: true,
            cell: ({ metric, arm }) => showValue(arm.metrics[metric.key]?.value, metric, currency),
          },
          {
            title: 'Lift',
            numeric: true,
            className: ({ judged, metric }) =>
              `font-semibold ${toneOf(report, judged.relative, judged.adjustedP, metric)}`,
            cell: ({ judged }) => showLift(judged.relative.value),
          },
          {
            title: `${level} ${basis === 'sequence' ? 'confidence sequence' : 'fixed-horizon interval'}`,
            className: 'whitespace-nowrap text-muted',
            cell: ({ judged }) => showRange(judged.relative),
          },
          {
            title: 'Lift drawn',
            hideTitle: true,
            headClassName: bayes ? 'w-[14%]' : 'w-[20%]',
            cell: ({ lift, scale, arm }) => (
              <LiftBar
                value={lift.relative.value}
                sequence={lift.sequence.relative}
                fixed={lift.relative}
                scale={scale}
                color={colors.get(arm.id)!}
              />
            ),
          },
          {
            title: 'By CUPED',
            className: 'whitespace-nowrap text-muted',
            cell: ({ lift: { cuped } }) =>
              cuped ? (
                <abbr
                  title={`${showRange(basis === 'sequence' ? cuped.sequence.relative : cuped.relative)}, ${formatPercent(cuped.varianceReduction, 0)} less variance`}
                >
                  {showLift(cuped.relative.value)}
                </abbr>
              ) : (
                '–'
              ),
          },
          ...(bayes ? oddsColumns : [pColumn(basis === 'sequence', severalArms)]),
        ]}
      />
    </Section>
  );
}

const oddsColumns: Column<ScorecardRow>[] = [
  {
    title: 'Chance to win',
    hint: 'Probability that the arm is better than control, with a prior of no effect',
    numeric: true,
    cell: ({ lift: { bayes } }) => (bayes ? formatPercent(bayes.chanceToWin) : '–'),
  },
  {
    title: 'Expected loss',
    hint: 'What is lost on average, in relative lift, by choosing the arm where it is worse',
    numeric: true,
    className: 'text-muted',
    cell: ({ lift: { bayes } }) => (bayes ? formatPercent(bayes.expectedLoss, 2) : '–'),
  },
];

const pColumn = (sequential: boolean, severalArms: boolean): Column<ScorecardRow> => ({
  title: 'p',
  hint: `Two-sided, ${sequential ? 'always valid' : 'at the planned end'}${severalArms ? ', after Holm’s correction for the arms' : ''}`,
  numeric: true,
  cell: ({ judged }) => showP(judged.adjustedP),
});
