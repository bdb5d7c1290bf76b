import type { Metadata } from 'next/types';
import { Notice } from '#components/notice.tsx';
import { PageHeader } from '#components/page-header.tsx';
import { experimentDatasets, knownMetrics } from '#data/experiments.ts';
import { ExperimentForm } from '../form.tsx';
import { formPlanOf } from '../start-plan.ts';

export const metadata: Metadata = { title: 'New experiment' };

export default async function NewExperimentPage() {
  const [datasets, metrics] = await Promise.all([experimentDatasets(), knownMetrics()]);
  const [dataset] = datasets;
  return (
    <>
      <PageHeader
        title="New experiment"
        parent={{ href: '/experiments', title: 'Experiments' }}
        summary="It is saved as a draft, which can be changed in any way; once it runs, what its figures depend on is locked."
      />
      {dataset === undefined ? (
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
            ['control', 'treatment'].map((name, i) => ({
              ...{ name, modelId: dataset.models[i % dataset.models.length]!.id, indexId: null, settings: {} },
              ...{ weight: 0.5, control: i === 0 },
            })),
          )}
        />
      )}
    </>
  );
}
