import { notFound } from 'next/navigation';
import type { Metadata } from 'next/types';
import { Suspense } from 'react';
import { LiveEventsPanel } from '#components/live-events.tsx';
import { liveEvents } from '#data/events.ts';
import { findExperiment } from '#data/experiments.ts';
import { routeId } from '#route-id.ts';
import { ExperimentReport } from './report.tsx';

export const metadata: Metadata = { title: 'Experiment' };

export default async function ExperimentPage({ params }: { params: Promise<{ id: string }> }) {
  const experiment = await findExperiment(await routeId(params));
  if (experiment === null) notFound();
  const events = await liveEvents();
  const kinds = new Map(experiment.arms.map(({ modelId, model }) => [modelId, model.kind]));
  return (
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
  );
}
