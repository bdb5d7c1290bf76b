import type { Metadata } from 'next/types';
import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { Notice } from '#components/layout/notice.tsx';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Refresh } from '#components/layout/refresh.tsx';
import { Section } from '#components/layout/section.tsx';
import { MetricsFootnote, MetricsTable } from '#components/models/metrics-table.tsx';
import { RunsTable } from '#components/models/runs-table.tsx';
import { datasetOf } from '#data/datasets/datasets.ts';
import { type ComparedModel, comparedModels, recentRuns } from '#data/models/models.ts';

export const metadata: Metadata = { title: 'Models' };

export default async function ModelsPage({ params }: { params: Promise<{ dataset: string }> }) {
  const dataset = await datasetOf(params);
  const [models, runs] = await Promise.all([comparedModels(dataset.id), recentRuns(dataset.id, 10)]);
  const isBusy = runs.some(({ status }) => status === 'queued' || status === 'running');
  return (
    <>
      {isBusy && <Refresh everyMs={2000} />}
      <PageHeader
        title="Models"
        summary="Every model measured the same way on the same held-out purchases, baselines first."
        actions={
          <DatasetLink href="/models/train" className="button">
            Train a model
          </DatasetLink>
        }
      />
      <div className="space-y-6">
        {models.length === 0 ? (
          <Notice title={`No model has been trained on ${dataset.name} yet.`}>
            Train one here; its metrics then stand beside the baselines.
          </Notice>
        ) : (
          <Compared models={models} />
        )}
        {runs.length > 0 && (
          <Section title="Training runs" note="The ten newest. The worker does one at a time." flush>
            <RunsTable runs={runs} now={new Date()} />
          </Section>
        )}
      </div>
    </>
  );
}

/** Models side by side on each split that one was measured on, and those that were on none. */
function Compared({ models }: { models: ComparedModel[] }) {
  const splits = [...new Set(models.flatMap(({ evaluations }) => evaluations.map(({ split }) => split)))];
  const unmeasured = models.filter(({ evaluations }) => evaluations.length === 0);
  return (
    <Section title="Quality" flush>
      <div className="space-y-4">
        {splits.map((split) => (
          <MetricsTable key={split} models={models} split={split} />
        ))}
      </div>
      {unmeasured.length > 0 && (
        <p className="border-t border-line px-5 py-3 text-muted">
          Not measured yet:{' '}
          {unmeasured.map((model, i) => (
            <span key={model.id}>
              {i > 0 && ', '}
              <DatasetLink href={`/models/${model.id}`} className="link">
                {model.name}
              </DatasetLink>
            </span>
          ))}
        </p>
      )}
      {splits.length > 0 && <MetricsFootnote />}
    </Section>
  );
}
