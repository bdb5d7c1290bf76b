import type { Metadata } from 'next/types';
import type { ReactNode } from 'react';
import { ExperimentState } from '#components/experiments/experiment-state.tsx';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Tabs } from '#components/layout/tabs.tsx';
import { experimentOf, experimentWarnings } from '#data/experiments/experiments.ts';
import { formatPercent, formatTime } from '#format.ts';

interface ExperimentLayoutProps {
  params: Promise<{ dataset: string; id: string }>;
  children: ReactNode;
}

export async function generateMetadata({ params }: ExperimentLayoutProps): Promise<Metadata> {
  const { name, dataset } = await experimentOf(params);
  return { title: { default: name, template: `%s · ${name} · ${dataset.name} · Duet` } };
}

export default async function ExperimentLayout({ params, children }: ExperimentLayoutProps) {
  const experiment = await experimentOf(params);
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
        parents={[{ path: '/experiments', title: 'Experiments' }]}
        summary={`${experiment.arms.map(({ name }) => name).join(' against ')}, ${formatPercent(experiment.trafficShare, 0)} of the shoppers it may have${times.length > 0 ? `; ${times.join(', ')}` : ''}.`}
      />
      <Tabs
        label="Experiment"
        tabs={[
          { path: at, title: 'Report' },
          { path: `${at}/days`, title: 'Days' },
          { path: `${at}/breakdowns`, title: 'Breakdowns' },
          { path: `${at}/setup`, title: 'Set-up' },
          { path: `${at}/audit`, title: 'Audit log' },
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
