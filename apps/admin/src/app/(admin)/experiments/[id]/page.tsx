import { notFound } from 'next/navigation';
import type { Metadata } from 'next/types';
import { Suspense } from 'react';
import { LiveEventsPanel } from '#components/live-events.tsx';
import { Waiting } from '#components/waiting.tsx';
import { liveEvents } from '#data/events.ts';
import { findExperiment } from '#data/experiments.ts';
import type { PageQuery } from '#page-query.ts';
import { routeId } from '#route-id.ts';
import { addressOf, askedOf } from './asked.ts';
import { ExperimentReport } from './report.tsx';

export const metadata: Metadata = { title: 'Experiment' };

interface ExperimentPageProps {
  params: Promise<{ id: string }>;
  searchParams: PageQuery;
}

export default async function ExperimentPage({ params, searchParams }: ExperimentPageProps) {
  const experiment = await findExperiment(await routeId(params));
  if (experiment === null) notFound();
  const asked = await askedOf(searchParams);
  const events = await liveEvents();
  const kinds = new Map(experiment.arms.map(({ modelId, model }) => [modelId, model.kind]));
  return (
    <div className="space-y-6">
      <Suspense key={addressOf(asked)} fallback={<Waiting what="Working out the report" />}>
        <ExperimentReport id={experiment.id} asked={asked} kinds={kinds} />
      </Suspense>
      {experiment.status === 'running' && (
        <LiveEventsPanel
          initial={events}
          note="From every storefront; the arm is the experiment’s, where the event has one."
        />
      )}
    </div>
  );
}
