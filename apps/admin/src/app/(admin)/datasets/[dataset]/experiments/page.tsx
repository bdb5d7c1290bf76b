import type { Metadata } from 'next/types';
import { ExperimentState } from '#components/experiments/experiment-state.tsx';
import { DataTable } from '#components/layout/data-table.tsx';
import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { Notice } from '#components/layout/notice.tsx';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Section } from '#components/layout/section.tsx';
import { LiveEventsPanel } from '#components/states/live-events.tsx';
import { datasetOf } from '#data/datasets/datasets.ts';
import { experimentsOf } from '#data/experiments/experiments.ts';
import { liveEvents } from '#data/overview/events.ts';
import { formatDay, formatPercent } from '#format.ts';

export const metadata: Metadata = { title: 'Experiments' };

const armsInWords = (arms: { name: string; weight: number }[]): string =>
  arms
    .filter(({ weight }) => weight > 0)
    .map(({ name, weight }) => `${name} ${formatPercent(weight, 0)}`)
    .join(' · ');

export default async function ExperimentsPage({ params }: { params: Promise<{ dataset: string }> }) {
  const dataset = await datasetOf(params);
  const [experiments, events] = await Promise.all([experimentsOf(dataset.id), liveEvents(dataset.id)]);
  return (
    <>
      <PageHeader
        title="Experiments"
        summary="Which model earns more: shoppers are dealt out to arms, and what they click and buy is counted."
        actions={
          <DatasetLink href="/experiments/new" className="button">
            New experiment
          </DatasetLink>
        }
      />
      <div className="space-y-6">
        {experiments.length === 0 ? (
          <Notice title="No experiment yet.">It compares two models that are trained and have an index.</Notice>
        ) : (
          <Section flush>
            <DataTable
              caption="Experiments"
              rows={experiments}
              rowKey={({ id }) => id}
              columns={[
                {
                  title: 'Experiment',
                  rowHeader: true,
                  cell: ({ id, name, status, simulated }) => (
                    <>
                      <DatasetLink
                        href={`/experiments/${id}${status === 'draft' ? '/setup' : ''}`}
                        className="font-medium hover:underline"
                      >
                        {name}
                      </DatasetLink>
                      {simulated && <span className="text-muted"> simulated</span>}
                    </>
                  ),
                },
                { title: 'State', cell: ({ status }) => <ExperimentState status={status} /> },
                { title: 'Arms', className: 'whitespace-nowrap', cell: ({ arms }) => armsInWords(arms) },
                {
                  title: 'Traffic',
                  hint: 'Of the shoppers that it may have',
                  numeric: true,
                  className: 'text-muted',
                  cell: ({ trafficShare }) => formatPercent(trafficShare, 0),
                },
                {
                  title: 'Gets',
                  hint: 'Of all shoppers, after what the experiments that started before it take',
                  numeric: true,
                  className: ({ share }) => (share === 0 ? 'font-semibold text-bad' : ''),
                  cell: ({ share }) => (share === undefined ? '–' : formatPercent(share, 0)),
                },
                {
                  title: 'Started',
                  className: 'whitespace-nowrap text-muted',
                  cell: ({ startedAt }) => (startedAt ? formatDay(startedAt) : '–'),
                },
                {
                  title: 'Planned end',
                  className: 'whitespace-nowrap text-muted',
                  cell: ({ plannedEndAt }) => (plannedEndAt ? formatDay(plannedEndAt) : '–'),
                },
                {
                  title: 'Decision',
                  cell: ({ decision }) => (decision === 'none' ? 'could not tell' : (decision ?? '–')),
                },
              ]}
            />
          </Section>
        )}
        <LiveEventsPanel
          datasetId={dataset.id}
          initial={events}
          note="From every storefront, by the time they arrived; looked at every two seconds."
        />
      </div>
    </>
  );
}
