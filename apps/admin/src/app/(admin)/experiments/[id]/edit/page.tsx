import { notFound } from 'next/navigation';
import type { Metadata } from 'next/types';
import { Notice } from '#components/notice.tsx';
import { experimentDatasets, findExperiment, knownMetrics } from '#data/experiments.ts';
import { routeId } from '#route-id.ts';
import { ExperimentForm } from '../../form/form.tsx';
import { formPlanOf } from '../../form/start-plan.ts';

export const metadata: Metadata = { title: 'Change an experiment' };

/** A draft's form; of an experiment that has begun, the form of its next phase. */
export default async function EditExperimentPage({ params }: { params: Promise<{ id: string }> }) {
  const experiment = await findExperiment(await routeId(params));
  if (experiment === null) notFound();
  if (experiment.status === 'decided') {
    return <Notice title="It is decided.">Nothing of it changes any more. Create another experiment to go on.</Notice>;
  }
  const [datasets, metrics] = await Promise.all([experimentDatasets(), knownMetrics()]);
  return (
    <ExperimentForm
      mode={experiment.status === 'draft' ? 'edit' : 'phase'}
      id={experiment.id}
      datasets={datasets.filter(({ id }) => id === experiment.datasetId)}
      metrics={metrics.map(({ key, title, unit }) => ({ key, title, unit }))}
      start={formPlanOf(experiment, experiment.arms)}
    />
  );
}
