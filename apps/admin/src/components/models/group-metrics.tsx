import { DataTable } from '#components/layout/data-table.tsx';
import { Meter } from '#components/states/meter.tsx';
import { formatCount, formatMetric } from '#format.ts';

interface Group {
  name: string;
  users: number;
  targets?: number | undefined;
  metrics: Record<string, number>;
}

const metricOr = (value: number | undefined) => (value === undefined ? '–' : formatMetric(value));

/** A model's metrics by group of what was to be found. */
export function GroupMetrics({ heading, groups, kind }: { heading: string; groups: Group[]; kind: string }) {
  const top = Math.max(0.0001, ...groups.map(({ metrics }) => metrics['Recall@50'] ?? 0));
  return (
    <DataTable
      caption={`Metrics by ${heading.toLowerCase()}`}
      rows={groups}
      rowKey={({ name }) => name}
      columns={[
        { title: heading, rowHeader: true, className: 'font-medium', cell: ({ name }) => name },
        { title: 'Shoppers', numeric: true, className: 'text-muted', cell: ({ users }) => formatCount(users) },
        {
          title: 'To be found',
          numeric: true,
          className: 'text-muted',
          cell: ({ targets }) => (targets === undefined ? '–' : formatCount(targets)),
        },
        { title: 'HR@50', numeric: true, cell: ({ metrics }) => metricOr(metrics['HR@50']) },
        { title: 'Recall@50', numeric: true, cell: ({ metrics }) => metricOr(metrics['Recall@50']) },
        {
          title: 'Recall@50 as a bar',
          hideTitle: true,
          cell: ({ metrics }) => (
            <Meter share={(metrics['Recall@50'] ?? 0) / top} color={`var(--${kind}, var(--muted))`} />
          ),
        },
      ]}
    />
  );
}
