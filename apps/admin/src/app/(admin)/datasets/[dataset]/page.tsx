import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Section } from '#components/layout/section.tsx';
import { MetricsFootnote, MetricsTable } from '#components/models/metrics-table.tsx';
import { LiveEventsPanel } from '#components/states/live-events.tsx';
import { NextSteps } from '#components/states/next-steps.tsx';
import { datasetOf } from '#data/datasets/datasets.ts';
import { newestOfEachKind } from '#data/models/models.ts';
import { liveEvents } from '#data/overview/events.ts';
import { nextSteps } from '#data/overview/next-steps.ts';
import { overview } from '#data/overview/overview.ts';
import { OverviewFigures } from './figures.tsx';
import { Served } from './served.tsx';

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
        <Served now={now} />
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
        <LiveEventsPanel
          datasetId={dataset.id}
          initial={events}
          note="From every storefront, by the time they arrived; looked at every two seconds."
        />
      </div>
    </>
  );
}
