import type { Metadata } from 'next/types';
import { Notice } from '#components/notice.tsx';
import { PageHeader } from '#components/page-header.tsx';
import { experimentDatasets, knownMetrics } from '#data/experiments.ts';
import { ExperimentForm } from '../form/form.tsx';
import { formPlanOf } from '../form/start-plan.ts';

export const metadata: Metadata = { title: 'New experiment' };

export default async function NewExperimentPage() {
  const [datasets, metrics] = await Promise.all([experimentDatasets(), knownMetrics()]);
  const [dataset] = datasets;
  // The newest that can be served is what somebody wants to try, against the one before it.
  const servable = dataset?.models.filter(({ indexes }) => indexes.length > 0) ?? [];
  const [newest, older = newest] = servable.length > 0 ? servable : (dataset?.models ?? []);
  return (
    <>
      <PageHeader
        title="New experiment"
        parent={{ href: '/experiments', title: 'Experiments' }}
        summary="It is saved as a draft, which can be changed in any way; once it runs, what its figures depend on is locked."
      />
      {dataset === undefined || newest === undefined || older === undefined ? (
        <Notice title="There is no model to compare." command="npx duet train --model dat">
          An experiment compares trained models.
        </Notice>
      ) : (
        <ExperimentForm
          mode="create"
          datasets={datasets}
          metrics={metrics.map(({ key, title, unit }) => ({ key, title, unit }))}
          start={formPlanOf(
            { name: '', datasetId: dataset.id },
            [older, newest].map(({ id: modelId }, i) => ({
              ...{ name: i === 0 ? 'control' : 'treatment', modelId, indexId: null, settings: {} },
              ...{ weight: 0.5, control: i === 0 },
            })),
          )}
        />
      )}
    </>
  );
}
