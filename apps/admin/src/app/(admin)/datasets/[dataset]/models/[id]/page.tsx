import { notFound } from 'next/navigation';
import type { Metadata } from 'next/types';
import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Section } from '#components/layout/section.tsx';
import { Curves } from '#components/models/curves.tsx';
import { Kind } from '#components/models/kind.tsx';
import { Allowed } from '#components/people/allowed.tsx';
import { Badge } from '#components/states/badge.tsx';
import { JobState } from '#components/states/job-state.tsx';
import { datasetOf } from '#data/datasets/datasets.ts';
import { readCurve } from '#data/models/evaluations.ts';
import { modelTitle } from '#data/models/model-title.ts';
import { comparedModels, findModel, trainingSplit } from '#data/models/models.ts';
import { unfinishedJobs } from '#data/overview/jobs.ts';
import { formatPercent } from '#format.ts';
import { routeId } from '#route-id.ts';
import { ChoiceReasons } from '../choice.tsx';
import { TrainingSettings } from '../training-settings.tsx';
import { EvaluateForm } from './evaluate.tsx';
import { ModelFigures } from './figures.tsx';
import { Groups, Quality } from './quality.tsx';

interface ModelPageProps {
  params: Promise<{ dataset: string; id: string }>;
}

const modelOf = async (params: ModelPageProps['params']) => {
  const [dataset, id] = await Promise.all([datasetOf(params), routeId(params)]);
  return (await findModel(dataset.id, id)) ?? notFound();
};

export async function generateMetadata({ params }: ModelPageProps): Promise<Metadata> {
  return { title: `${(await modelOf(params)).name} · Models` };
}

export default async function ModelPage({ params }: ModelPageProps) {
  const model = await modelOf(params);
  const [siblings, jobs] = await Promise.all([comparedModels(model.datasetId), unfinishedJobs('evaluate')]);
  const job = jobs.get(model.id);
  const evaluations = siblings.find(({ id }) => id === model.id)?.evaluations ?? [];
  const curve = readCurve(model.runs[0]?.curve);
  const split = trainingSplit(model);
  // A model is judged on what was held out from its own training, and on nothing that it may have learnt from.
  const isMeasurable =
    model.dimensions > 0 && split !== undefined && evaluations.every((evaluation) => evaluation.split !== split);
  return (
    <>
      <PageHeader
        title={
          <span className="flex flex-wrap items-center gap-3">
            {modelTitle(model)}
            {model.indexes.some(({ active }) => active) && <Badge tone="good">can answer</Badge>}
          </span>
        }
        parents={[{ path: '/models', title: 'Models' }]}
        summary={<Kind kind={model.kind} />}
        actions={
          isMeasurable && (
            <Allowed to="analyse">
              <EvaluateForm modelId={model.id} split={split} />
            </Allowed>
          )
        }
      />
      <div className="space-y-6">
        {job && <JobState job={job} doing="measurement" />}
        <ModelFigures model={model} />
        <Quality model={model} siblings={siblings} evaluations={evaluations} split={split} />
        {curve.length > 0 && <Curves curve={curve} />}
        {evaluations.map((evaluation) => (
          <Groups key={evaluation.split} evaluation={evaluation} kind={model.kind} />
        ))}
        <ChoiceReasons choice={model.runs[0]?.choice} />
        <TrainingSettings
          {...model}
          note={`Trained on data with the fingerprint ${model.fingerprint || 'that was not recorded'}.`}
        />
        {model.arms.length > 0 && (
          <Section title="In experiments">
            <ul className="space-y-1">
              {model.arms.map((arm) => (
                <li key={arm.id}>
                  <DatasetLink href={`/experiments/${arm.experimentId}`} className="link">
                    {arm.experiment.name}
                  </DatasetLink>{' '}
                  <span className="text-muted">
                    as {arm.name}, {formatPercent(arm.weight, 0)} of its shoppers
                  </span>
                </li>
              ))}
            </ul>
          </Section>
        )}
      </div>
    </>
  );
}
