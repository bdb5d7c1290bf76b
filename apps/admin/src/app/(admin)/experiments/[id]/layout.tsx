import { notFound } from 'next/navigation';
import type { ReactNode } from 'react';
import { ExperimentState } from '#components/experiment-state.tsx';
import { PageHeader } from '#components/page-header.tsx';
import { Tabs } from '#components/tabs.tsx';
import { findExperiment } from '#data/experiments.ts';
import { formatPercent, formatTime } from '#format.ts';
import { routeId } from '#route-id.ts';

interface ExperimentLayoutProps {
  params: Promise<{ id: string }>;
  children: ReactNode;
}

export default async function ExperimentLayout({ params, children }: ExperimentLayoutProps) {
  const experiment = await findExperiment(await routeId(params));
  if (experiment === null) notFound();
  const times = [
    experiment.startedAt && `started ${formatTime(experiment.startedAt)}`,
    experiment.stoppedAt && `stopped ${formatTime(experiment.stoppedAt)}`,
  ].filter(Boolean);
  const at = `/experiments/${experiment.id}`;
  return (
    <>
      <PageHeader
        title={
          <span className="flex flex-wrap items-center gap-3">
            {experiment.name} <ExperimentState status={experiment.status} />
          </span>
        }
        parent={{ href: '/experiments', title: 'Experiments' }}
        summary={`${experiment.arms.map(({ name }) => name).join(' against ')} on ${experiment.dataset.name}, ${formatPercent(experiment.trafficShare, 0)} of shoppers${times.length > 0 ? `; ${times.join(', ')}` : ''}.`}
      />
      <Tabs
        label="Experiment"
        tabs={[
          { href: at, title: 'Report' },
          { href: `${at}/days`, title: 'Days' },
          { href: `${at}/breakdowns`, title: 'Breakdowns' },
        ]}
      />
      {children}
    </>
  );
}
