import { notFound } from 'next/navigation';
import type { Metadata } from 'next/types';
import { Suspense } from 'react';
import { ExperimentState } from '#components/experiment-state.tsx';
import { LiveEventsPanel } from '#components/live-events.tsx';
import { PageHeader } from '#components/page-header.tsx';
import { liveEvents } from '#data/events.ts';
import { findExperiment } from '#data/experiments.ts';
import { formatPercent, formatTime } from '#format.ts';
import { routeId } from '#route-id.ts';
import { ExperimentReport } from './report.tsx';

export const metadata: Metadata = { title: 'Experiment' };

export default async function ExperimentPage({ params }: { params: Promise<{ id: string }> }) {
  const experiment = await findExperiment(await routeId(params));
  if (experiment === null) notFound();
  const events = await liveEvents();
  const kinds = new Map(experiment.arms.map(({ modelId, model }) => [modelId, model.kind]));
  const times = [
    experiment.startedAt && `started ${formatTime(experiment.startedAt)}`,
    experiment.stoppedAt && `stopped ${formatTime(experiment.stoppedAt)}`,
  ].filter(Boolean);
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
      <div className="space-y-6">
        <Suspense
          fallback={
            <div role="status" className="h-96 motion-safe:animate-pulse rounded-xl border border-line bg-surface">
              <span className="sr-only">Working out the report</span>
            </div>
          }
        >
          <ExperimentReport id={experiment.id} kinds={kinds} />
        </Suspense>
        <LiveEventsPanel
          initial={events}
          note="From every storefront; the arm is the experiment’s, where the event has one."
        />
      </div>
    </>
  );
}
