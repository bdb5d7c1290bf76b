import { Suspense } from 'react';
import { Waiting } from '#components/layout/waiting.tsx';
import { LiveEventsPanel } from '#components/states/live-events.tsx';
import { armKinds, experimentOf } from '#data/experiments/experiments.ts';
import { liveEvents } from '#data/overview/events.ts';
import { experimentPath } from '#dataset-path.ts';
import type { PageQuery } from '#page-query.ts';
import { ExperimentReport } from './report.tsx';
import { readReportQuery, reportQueryString } from './report-query.ts';

interface ExperimentPageProps {
  params: Promise<{ dataset: string; id: string }>;
  searchParams: PageQuery;
}

export default async function ExperimentPage({ params, searchParams }: ExperimentPageProps) {
  const experiment = await experimentOf(params);
  const reportQuery = await readReportQuery(searchParams);
  const events = await liveEvents(experiment.datasetId);
  const kinds = armKinds(experiment.arms);
  return (
    <div className="space-y-6">
      <Suspense key={reportQueryString(reportQuery)} fallback={<Waiting what="Working out the report" />}>
        <ExperimentReport
          experiment={experiment}
          address={experimentPath(experiment)}
          reportQuery={reportQuery}
          kinds={kinds}
        />
      </Suspense>
      {experiment.status === 'running' && (
        <LiveEventsPanel
          datasetId={experiment.datasetId}
          initial={events}
          note="From every storefront; the arm is the experiment’s, where the event has one."
        />
      )}
    </div>
  );
}
