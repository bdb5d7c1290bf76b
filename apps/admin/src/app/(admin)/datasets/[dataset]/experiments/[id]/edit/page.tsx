import type { Metadata } from 'next/types';
import { Notice } from '#components/layout/notice.tsx';
import { datasetOf } from '#data/datasets/datasets.ts';
import { experimentDataset, experimentOf, knownMetrics } from '#data/experiments/experiments.ts';
import { ExperimentForm } from '../../form/form.tsx';
import { formPlanOf } from '../../form/start-plan.ts';

export const metadata: Metadata = { title: 'Change' };

/** A draft's form; of an experiment that has begun, the form of its next phase. */
export default async function EditExperimentPage({ params }: { params: Promise<{ dataset: string; id: string }> }) {
  const experiment = await experimentOf(params);
  if (experiment.status === 'decided') {
    return <Notice title="It is decided.">Nothing of it changes any more. Create another experiment to go on.</Notice>;
  }
  const [dataset, metrics] = await Promise.all([datasetOf(params).then(experimentDataset), knownMetrics()]);
  return (
    <ExperimentForm
      mode={experiment.status === 'draft' ? 'edit' : 'phase'}
      id={experiment.id}
      dataset={dataset}
      metrics={metrics.map(({ key, title, unit }) => ({ key, title, unit }))}
      start={formPlanOf(experiment, experiment.arms)}
    />
  );
}
