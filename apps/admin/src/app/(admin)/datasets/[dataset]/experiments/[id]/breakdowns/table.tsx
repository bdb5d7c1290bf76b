import type { Report } from '@duet/experiments';
import { IntervalBar } from '#components/experiments/interval-bar.tsx';
import { DataTable } from '#components/layout/data-table.tsx';
import { Section } from '#components/layout/section.tsx';
import { formatCount } from '#format.ts';
import { scaleOf, showLift, showP, showRange, showValue, toneOf } from '../metric.ts';
import { breakdownRows } from './rows.ts';

const titles: Record<string, { title: string; note: string }> = {
  category: {
    title: 'By category',
    note: 'All shoppers of an arm, with what they did with the category’s items. The arm chooses what of a category it shows: a rate of impressions or exposures compares other items, figures per shopper compare the arms.',
  },
  visitor: { title: 'New and returning shoppers', note: 'By whether a shopper was known before the first exposure.' },
  device: { title: 'By device', note: 'That of the first exposure.' },
};

const capitalised = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);

interface BreakdownTableProps {
  breakdown: Report['breakdowns'][number];
  report: Report;
  metric: Report['metrics'][number];
  colors: Map<string, string>;
}

/** One metric in every part of the shoppers or the catalogue, each arm against control. */
export function BreakdownTable({ breakdown, report, metric, colors }: BreakdownTableProps) {
  const { dimension } = breakdown;
  const { title = `By ${dimension}`, note } = titles[dimension] ?? {};
  const rows = breakdownRows(breakdown, report, metric.key);
  const [from, to] = scaleOf(rows.flatMap(({ lift }) => (lift ? [lift.relative] : [])));
  const treatments = new Set(rows.map(({ arm }) => arm.name));
  const [only] = treatments.size > 1 ? [] : treatments;
  return (
    <Section title={title} note={note} flush>
      <DataTable
        caption={title}
        className="min-w-[58rem]"
        rows={rows}
        rowKey={({ part, arm }) => `${part} ${arm.id}`}
        columns={[
          {
            title: capitalised(dimension),
            rowHeader: true,
            span: ({ span }) => span,
            className: 'align-top! font-medium',
            cell: ({ part }) => part,
          },
          only === undefined && {
            title: 'Arm',
            className: 'pl-3! whitespace-nowrap',
            cell: ({ arm }) => arm.name,
          },
          { title: 'Shoppers', numeric: true, className: 'text-muted', cell: ({ users }) => formatCount(users) },
          {
            title: report.arms.find(({ control }) => control)?.name ?? 'Control',
            numeric: true,
            className: 'text-muted',
            cell: ({ controlValue }) => showValue(controlValue, metric, report.currency),
          },
          {
            title: only ?? 'Value',
            numeric: true,
            cell: ({ value }) => showValue(value, metric, report.currency),
          },
          {
            title: 'Lift',
            numeric: true,
            className: ({ lift }) =>
              `font-semibold ${lift ? toneOf(report, lift.relative, lift.adjusted.benjaminiHochberg, metric) : ''}`,
            cell: ({ lift }) => showLift(lift?.relative.value),
          },
          {
            title: report.basis === 'sequence' ? 'Confidence sequence' : 'Interval',
            className: 'whitespace-nowrap text-muted',
            cell: ({ lift }) => (lift ? showRange(lift.relative) : '–'),
          },
          {
            title: 'Lift drawn',
            hideTitle: true,
            headClassName: 'w-[16%]',
            cell: ({ lift, arm }) =>
              lift && <IntervalBar {...lift.relative} {...{ from, to }} mark={0} color={colors.get(arm.id)!} />,
          },
          {
            title: 'p, BH',
            hint: 'Adjusted by Benjamini and Hochberg for all rows of this table',
            numeric: true,
            cell: ({ lift }) => showP(lift?.adjusted.benjaminiHochberg),
          },
          {
            title: 'p, Holm',
            hint: 'Adjusted by Holm for all rows of this table',
            numeric: true,
            className: 'text-muted',
            cell: ({ lift }) => showP(lift?.adjusted.holm),
          },
        ]}
      />
    </Section>
  );
}
