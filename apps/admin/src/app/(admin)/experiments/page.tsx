import Link from 'next/link';
import type { Metadata } from 'next/types';
import { DataTable } from '#components/data-table.tsx';
import { ExperimentState } from '#components/experiment-state.tsx';
import { LiveEventsPanel } from '#components/live-events.tsx';
import { Notice } from '#components/notice.tsx';
import { PageHeader } from '#components/page-header.tsx';
import { Section } from '#components/section.tsx';
import { liveEvents } from '#data/events.ts';
import { allExperiments } from '#data/experiments.ts';
import { formatDay, formatPercent } from '#format.ts';

export const metadata: Metadata = { title: 'Experiments' };

const armsInWords = (arms: { name: string; weight: number }[]): string =>
  arms
    .filter(({ weight }) => weight > 0)
    .map(({ name, weight }) => `${name} ${formatPercent(weight, 0)}`)
    .join(' · ');

export default async function ExperimentsPage() {
  const [experiments, events] = await Promise.all([allExperiments(), liveEvents()]);
  return (
    <>
      <PageHeader
        title="Experiments"
        summary="Which model earns more: shoppers are dealt out to arms, and what they click and buy is counted."
        actions={
          <Link href="/experiments/new" className="button">
            New experiment
          </Link>
        }
      />
      <div className="space-y-6">
        {experiments.length === 0 ? (
          <Notice title="No experiment yet." command="npm start">
            Starting Duet sets one up between two-tower and DAT, once both are trained and indexed.
          </Notice>
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
                      <Link
                        href={`/experiments/${id}${status === 'draft' ? '/setup' : ''}`}
                        className="font-medium hover:underline"
                      >
                        {name}
                      </Link>
                      {simulated && <span className="text-muted"> simulated</span>}
                    </>
                  ),
                },
                { title: 'State', cell: ({ status }) => <ExperimentState status={status} /> },
                { title: 'Arms', cell: ({ arms }) => armsInWords(arms) },
                { title: 'Dataset', className: 'text-muted', cell: ({ dataset }) => dataset.name },
                { title: 'Traffic', numeric: true, cell: ({ trafficShare }) => formatPercent(trafficShare, 0) },
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
          initial={events}
          note="From every storefront, by the time they arrived; looked at every two seconds."
        />
      </div>
    </>
  );
}
