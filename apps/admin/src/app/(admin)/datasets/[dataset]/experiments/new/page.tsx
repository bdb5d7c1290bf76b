import type { Metadata } from 'next/types';
import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { Notice } from '#components/layout/notice.tsx';
import { PageHeader } from '#components/layout/page-header.tsx';
import { datasetOf } from '#data/datasets/datasets.ts';
import { experimentDataset, knownMetrics } from '#data/experiments/experiments.ts';
import { ExperimentForm } from '../form/form.tsx';
import { formPlanOf } from '../form/start-plan.ts';

export const metadata: Metadata = { title: 'New experiment' };

export default async function NewExperimentPage({ params }: { params: Promise<{ dataset: string }> }) {
  const dataset = await datasetOf(params);
  const [served, metrics] = await Promise.all([experimentDataset(dataset), knownMetrics()]);
  // Registered models first, whose champions the arms follow; else models that can be served.
  const servable = served.models.filter(({ indexes }) => indexes.length > 0);
  const pinned = (servable.length > 0 ? servable : served.models).map(({ id }) => ({
    modelId: id,
    registeredModelId: null,
  }));
  const following = served.registered.map(({ id }) => ({ modelId: null, registeredModelId: id }));
  const [control, treatment = control] = [...following, ...pinned.toReversed()];
  return (
    <>
      <PageHeader
        title="New experiment"
        parents={[{ path: '/experiments', title: 'Experiments' }]}
        summary="It is saved as a draft, which can be changed in any way; once it runs, what its figures depend on is locked."
      />
      {control === undefined || treatment === undefined ? (
        <Notice title="There is no model to compare.">
          An experiment compares trained models.{' '}
          <DatasetLink href="/models/train" className="link">
            Train one
          </DatasetLink>
          .
        </Notice>
      ) : (
        <ExperimentForm
          mode="create"
          dataset={served}
          metrics={metrics.map(({ key, title, unit }) => ({ key, title, unit }))}
          start={formPlanOf(
            { name: '', datasetId: dataset.id },
            [control, treatment].map((serves, i) => ({
              ...{ name: i === 0 ? 'control' : 'treatment', ...serves, indexId: null, settings: {} },
              ...{ weight: 0.5, control: i === 0 },
            })),
          )}
        />
      )}
    </>
  );
}
