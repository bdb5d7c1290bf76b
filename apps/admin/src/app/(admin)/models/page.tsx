import Link from 'next/link';
import type { Metadata } from 'next/types';
import { MetricsFootnote, MetricsTable } from '#components/metrics-table.tsx';
import { Notice } from '#components/notice.tsx';
import { PageHeader } from '#components/page-header.tsx';
import { Refresh } from '#components/refresh.tsx';
import { RunsTable } from '#components/runs-table.tsx';
import { Section } from '#components/section.tsx';
import { comparedModels, recentRuns } from '#data/models.ts';

export const metadata: Metadata = { title: 'Models' };

export default async function ModelsPage() {
  const [datasets, runs] = await Promise.all([comparedModels(), recentRuns(10)]);
  const busy = runs.some(({ status }) => status === 'queued' || status === 'running');
  return (
    <>
      {busy && <Refresh everyMs={2000} />}
      <PageHeader
        title="Models"
        summary="Every model measured the same way on the same held-out purchases, baselines first."
        actions={
          <Link href="/models/train" className="button">
            Train a model
          </Link>
        }
      />
      <div className="space-y-6">
        {datasets.length === 0 && (
          <Notice title="No model has been trained yet." command="npx duet train --dataset NAME --model dat">
            Train one here or from the command line; its metrics then stand beside the baselines.
          </Notice>
        )}
        {datasets.map((dataset) => {
          const splits = [
            ...new Set(dataset.models.flatMap(({ evaluations }) => evaluations.map(({ split }) => split))),
          ];
          const unmeasured = dataset.models.filter(({ evaluations }) => evaluations.length === 0);
          return (
            <Section key={dataset.id} title={dataset.name} flush>
              <div className="space-y-4">
                {splits.map((split) => (
                  <MetricsTable key={split} models={dataset.models} split={split} />
                ))}
              </div>
              {unmeasured.length > 0 && (
                <p className="border-t border-line px-5 py-3 text-muted">
                  Not measured yet:{' '}
                  {unmeasured.map((model, i) => (
                    <span key={model.id}>
                      {i > 0 && ', '}
                      <Link href={`/models/${model.id}`} className="link">
                        {model.name}
                      </Link>
                    </span>
                  ))}
                </p>
              )}
              {splits.length > 0 && <MetricsFootnote />}
            </Section>
          );
        })}
        {runs.length > 0 && (
          <Section title="Training runs" note="The ten newest. The worker does one at a time." flush>
            <RunsTable runs={runs} now={new Date()} />
          </Section>
        )}
      </div>
    </>
  );
}
