import { DataTable } from '#components/layout/data-table.tsx';
import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { Section } from '#components/layout/section.tsx';
import type { RunningExperiment } from '#data/overview/overview.ts';
import { formatAgo, formatCount, formatDay, formatPercent } from '#format.ts';

/** Every running experiment, with what it really gets. */
export function Running({ experiments }: { experiments: RunningExperiment[] }) {
  const now = new Date();
  return (
    <Section
      title="Running experiments"
      note="The first started takes its shoppers first; what they leave goes to the next."
      flush
    >
      <DataTable
        caption="Running experiments"
        rows={experiments}
        rowKey={({ id }) => id}
        columns={[
          {
            title: 'Experiment',
            rowHeader: true,
            className: 'font-medium',
            cell: ({ id, name, simulated }) => (
              <>
                <DatasetLink href={`/experiments/${id}`} className="hover:underline">
                  {name}
                </DatasetLink>
                {simulated && <span className="font-normal text-muted"> simulated</span>}
              </>
            ),
          },
          {
            title: 'Arms',
            className: 'whitespace-nowrap',
            cell: ({ arms }) => arms.map(({ name, weight }) => `${name} ${formatPercent(weight, 0)}`).join(' · '),
          },
          {
            title: 'Gets of all shoppers',
            hint: 'By dealing out made-up shoppers as the service does',
            numeric: true,
            className: ({ share }) => (share === 0 ? 'font-semibold text-bad' : ''),
            cell: ({ share }) => (share === undefined ? 'none that are real' : formatPercent(share, 0)),
          },
          {
            title: 'Lists seen in the last hour',
            hint: 'Answers of which a shopper saw an item',
            numeric: true,
            cell: ({ lists, shareOfLists }) =>
              `${formatCount(lists)}${shareOfLists === undefined ? '' : ` (${formatPercent(shareOfLists, 0)})`}`,
          },
          {
            title: 'Started',
            className: 'whitespace-nowrap text-muted',
            cell: ({ startedAt }) => (startedAt ? formatAgo(startedAt, now) : '–'),
          },
          {
            title: 'Planned end',
            className: 'whitespace-nowrap text-muted',
            cell: ({ plannedEndAt }) => (plannedEndAt ? formatDay(plannedEndAt) : '–'),
          },
        ]}
      />
    </Section>
  );
}
