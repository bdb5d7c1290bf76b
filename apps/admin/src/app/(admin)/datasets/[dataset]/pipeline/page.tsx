import type { Metadata } from 'next/types';
import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { Notice } from '#components/layout/notice.tsx';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Refresh } from '#components/layout/refresh.tsx';
import { Section } from '#components/layout/section.tsx';
import { datasetOf } from '#data/datasets/datasets.ts';
import { pipelineOf } from '#data/pipeline/pipeline.ts';
import { ModelCard } from './model-card.tsx';
import { Runs } from './runs.tsx';
import { Serving } from './serving.tsx';

export const metadata: Metadata = { title: 'Pipeline' };

export default async function PipelinePage({ params }: { params: Promise<{ dataset: string }> }) {
  const dataset = await datasetOf(params);
  const now = await pipelineOf(dataset.id);
  return (
    <>
      {now.models.some(({ isUnderWay }) => isUnderWay) && <Refresh everyMs={2000} />}
      <PageHeader
        title="Pipeline"
        summary="From the data to what shoppers get: what is trained and when, what its gate said, and what serves."
        actions={
          <DatasetLink href="/pipeline/register" className="button">
            Register a model
          </DatasetLink>
        }
      />
      <div className="space-y-6">
        {now.models.length === 0 && (
          <Notice title="No model is registered yet.">
            A registered model is a name that stays, such as home-page: it is trained again by a schedule, each version
            has to pass a gate, and the best one serves.{' '}
            <DatasetLink href="/pipeline/register" className="link">
              Register one
            </DatasetLink>
            .
          </Notice>
        )}
        <Serving datasetId={dataset.id} now={now} />
        {now.models.map((model) => (
          <ModelCard key={model.id} model={model} />
        ))}
        {now.runs.length > 0 && (
          <Section title="Last runs" note="The twenty newest of every model." flush>
            <Runs runs={now.runs} showModel />
          </Section>
        )}
      </div>
    </>
  );
}
