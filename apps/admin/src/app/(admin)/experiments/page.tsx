import Link from 'next/link';
import type { Metadata } from 'next/types';
import { ExperimentState } from '#components/experiment-state.tsx';
import { LiveEventsPanel } from '#components/live-events.tsx';
import { Notice } from '#components/notice.tsx';
import { PageHeader } from '#components/page-header.tsx';
import { Section } from '#components/section.tsx';
import { liveEvents } from '#data/events.ts';
import { allExperiments } from '#data/experiments.ts';
import { formatDay, formatPercent } from '#format.ts';

export const metadata: Metadata = { title: 'Experiments' };

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
            <table className="data">
              <thead>
                <tr>
                  <th scope="col">Experiment</th>
                  <th scope="col">State</th>
                  <th scope="col">Arms</th>
                  <th scope="col">Dataset</th>
                  <th scope="col" className="num">
                    Traffic
                  </th>
                  <th scope="col">Started</th>
                  <th scope="col">Planned end</th>
                  <th scope="col">Decision</th>
                </tr>
              </thead>
              <tbody>
                {experiments.map((experiment) => (
                  <tr key={experiment.id}>
                    <th scope="row">
                      <Link
                        href={`/experiments/${experiment.id}${experiment.status === 'draft' ? '/setup' : ''}`}
                        className="font-medium hover:underline"
                      >
                        {experiment.name}
                      </Link>
                      {experiment.simulated && <span className="text-muted"> simulated</span>}
                    </th>
                    <td>
                      <ExperimentState status={experiment.status} />
                    </td>
                    <td>
                      {experiment.arms
                        .filter(({ weight }) => weight > 0)
                        .map(({ name, weight }) => `${name} ${formatPercent(weight, 0)}`)
                        .join(' · ')}
                    </td>
                    <td className="text-muted">{experiment.dataset.name}</td>
                    <td className="num">{formatPercent(experiment.trafficShare, 0)}</td>
                    <td className="whitespace-nowrap text-muted">
                      {experiment.startedAt ? formatDay(experiment.startedAt) : '–'}
                    </td>
                    <td className="whitespace-nowrap text-muted">
                      {experiment.plannedEndAt ? formatDay(experiment.plannedEndAt) : '–'}
                    </td>
                    <td>
                      {experiment.decision === null
                        ? '–'
                        : experiment.decision === 'none'
                          ? 'could not tell'
                          : experiment.decision}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
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
