import { DatasetLink } from '#components/dataset-link.tsx';
import { LiveEventsPanel } from '#components/live-events.tsx';
import { MetricsFootnote, MetricsTable } from '#components/metrics-table.tsx';
import { NextSteps } from '#components/next-steps.tsx';
import { PageHeader } from '#components/page-header.tsx';
import { Section } from '#components/section.tsx';
import { datasetOf } from '#data/datasets.ts';
import { liveEvents } from '#data/events.ts';
import { newestOfEachKind } from '#data/models.ts';
import { nextSteps } from '#data/next-steps.ts';
import { overview } from '#data/overview.ts';
import { Answering } from './answering.tsx';
import { OverviewFigures } from './figures.tsx';
import { Running } from './running.tsx';

export default async function OverviewPage({ params }: { params: Promise<{ dataset: string }> }) {
  const dataset = await datasetOf(params);
  const [now, events] = await Promise.all([overview(dataset), liveEvents(dataset.id)]);
  const newest = newestOfEachKind(now.models);
  const split = newest.flatMap(({ evaluations }) => evaluations.map((evaluation) => evaluation.split))[0];
  return (
    <>
      <PageHeader title="Overview" summary={`What runs for ${dataset.name} now, and how good it is.`} />
      <div className="space-y-6">
        <OverviewFigures dataset={dataset} now={now} />
        <NextSteps steps={nextSteps(now, new Date())} />
        {now.experiments.length > 0 && <Running experiments={now.experiments} />}
        {split !== undefined && (
          <Section
            title="Quality"
            note="The newest model of each kind, measured on the same held-out purchases."
            actions={
              <DatasetLink href="/models" className="link text-sm">
                All models
              </DatasetLink>
            }
            flush
          >
            <MetricsTable models={newest} split={split} />
            <MetricsFootnote />
          </Section>
        )}
        <Answering dataset={dataset} now={now} />
        <LiveEventsPanel
          datasetId={dataset.id}
          initial={events}
          note="From every storefront, by the time they arrived; looked at every two seconds."
        />
      </div>
    </>
  );
}
