import { notFound } from 'next/navigation';
import type { ReactNode } from 'react';
import { ExperimentState } from '#components/experiment-state.tsx';
import { PageHeader } from '#components/page-header.tsx';
import { Tabs } from '#components/tabs.tsx';
import { experimentWarnings, findExperiment } from '#data/experiments.ts';
import { formatPercent, formatTime } from '#format.ts';
import { routeId } from '#route-id.ts';

interface ExperimentLayoutProps {
  params: Promise<{ id: string }>;
  children: ReactNode;
}

export default async function ExperimentLayout({ params, children }: ExperimentLayoutProps) {
  const experiment = await findExperiment(await routeId(params));
  if (experiment === null) notFound();
  const warnings = experiment.status === 'running' ? await experimentWarnings(experiment) : [];
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
          { href: `${at}/setup`, title: 'Set-up' },
          { href: `${at}/audit`, title: 'Audit log' },
        ]}
      />
      {warnings.length > 0 && (
        <ul role="alert" className="mb-6 space-y-1 rounded-xl border border-bad bg-surface px-5 py-4">
          {warnings.map(({ id, note, at }) => (
            <li key={id}>
              {note} <span className="text-sm text-muted">{formatTime(at)}</span>
            </li>
          ))}
        </ul>
      )}
      {children}
    </>
  );
}
