import Link from 'next/link';
import { notFound } from 'next/navigation';
import type { Metadata } from 'next/types';
import { Badge } from '#components/badge.tsx';
import { Curves } from '#components/curves.tsx';
import { GroupMetrics } from '#components/group-metrics.tsx';
import { JobState } from '#components/job-state.tsx';
import { Kind } from '#components/kind.tsx';
import { MetricsFootnote, MetricsTable } from '#components/metrics-table.tsx';
import { Notice } from '#components/notice.tsx';
import { PageHeader } from '#components/page-header.tsx';
import { Parameters } from '#components/parameters.tsx';
import { Section } from '#components/section.tsx';
import { Stat, Stats } from '#components/stat.tsx';
import { readCurve, splitMeaning } from '#data/evaluations.ts';
import { unfinishedJobs } from '#data/jobs.ts';
import { comparedModels, findModel, trainingSplit } from '#data/models.ts';
import { formatDuration, formatMetric, formatPercent, formatTime } from '#format.ts';
import { routeId } from '#route-id.ts';
import { EvaluateForm } from './evaluate.tsx';

export const metadata: Metadata = { title: 'Model' };

export default async function ModelPage({ params }: { params: Promise<{ id: string }> }) {
  const id = await routeId(params);
  const [model, datasets, jobs] = await Promise.all([findModel(id), comparedModels(), unfinishedJobs('evaluate')]);
  const job = jobs.get(id);
  if (model === null) notFound();
  const siblings = datasets.find((dataset) => dataset.id === model.datasetId)?.models ?? [];
  const evaluations = siblings.find((sibling) => sibling.id === id)?.evaluations ?? [];
  const run = model.runs[0];
  const active = model.indexes.find((index) => index.active);
  const tower = model.dimensions > 0;
  const split = trainingSplit(model);
  // A model is judged on what was held out from its own training, and on nothing that it may have learnt from.
  const measurable = tower && split !== undefined && evaluations.every((evaluation) => evaluation.split !== split);
  return (
    <>
      <PageHeader
        title={
          <span className="flex flex-wrap items-center gap-3">
            {model.name}
            {active && <Badge tone="good">serving</Badge>}
          </span>
        }
        parent={{ href: '/models', title: 'Models' }}
        summary={<Kind kind={model.kind} />}
        actions={measurable && <EvaluateForm modelId={model.id} split={split} />}
      />
      <div className="space-y-6">
        {job && <JobState job={job} doing="measurement" />}
        <Stats>
          <Stat
            label="Dataset"
            value={
              <Link href={`/datasets/${model.datasetId}`} className="hover:underline">
                {model.dataset.name}
              </Link>
            }
          />
          {tower && <Stat label="Vectors" value={`${model.dimensions} dimensions`} />}
          {tower && <Stat label="Preset" value={model.preset} />}
          {run?.startedAt && run.finishedAt && (
            <Stat
              label="Trained in"
              value={formatDuration(run.finishedAt.getTime() - run.startedAt.getTime())}
              note={run.executor}
            />
          )}
          {tower && (
            <Stat
              label="Index"
              value={
                <Link href="/indexes" className="hover:underline">
                  {active ? active.factory : 'none'}
                </Link>
              }
              note={active ? `recall@100 ${formatMetric(active.recallAt100)}` : 'Build one on the Indexes page.'}
            />
          )}
          <Stat label="Made" value={<span className="text-base">{formatTime(model.createdAt)}</span>} />
        </Stats>

        {evaluations.length === 0 ? (
          <Notice title="This model has not been measured.">
            {split === undefined
              ? 'It was trained on everything, so nothing is left to measure it on. Train one that holds something out.'
              : `Measure it on what was held out from its training: ${splitMeaning(split)}.`}
          </Notice>
        ) : (
          <Section title="Beside the other models of this dataset" flush>
            <div className="space-y-4">
              {evaluations.map(({ split }) => (
                <MetricsTable
                  key={split}
                  split={split}
                  models={siblings.filter(
                    (sibling) =>
                      sibling.id === id ||
                      (sibling.kind !== model.kind &&
                        siblings.find(({ kind }) => kind === sibling.kind)?.id === sibling.id),
                  )}
                />
              ))}
            </div>
            <MetricsFootnote />
          </Section>
        )}

        {run && readCurve(run.curve).length > 0 && <Curves curve={readCurve(run.curve)} />}

        {evaluations.map((evaluation) => (
          <div key={evaluation.split} className="grid items-start gap-6 2xl:grid-cols-2">
            {evaluation.byCategory.length > 0 && (
              <Section
                title="By category"
                note={`${evaluation.split}: shoppers with a held-out purchase in the category, and how much of it was found.`}
                flush
              >
                <GroupMetrics
                  heading="Category"
                  kind={model.kind}
                  groups={evaluation.byCategory.map(({ category, ...group }) => ({ name: category, ...group }))}
                />
              </Section>
            )}
            {evaluation.byPopularity.length > 0 && (
              <Section
                title="By popularity"
                note={`${evaluation.split}: by how often the item was bought in training. The lower half is where retrieval is hard.`}
                flush
              >
                <GroupMetrics
                  heading="Items"
                  kind={model.kind}
                  groups={evaluation.byPopularity.map(({ band, ...group }) => ({ name: band, ...group }))}
                />
              </Section>
            )}
          </div>
        ))}

        <Section title="Parameters" note={`Data fingerprint ${model.fingerprint || 'not recorded'}`}>
          <Parameters of={model.parameters} />
        </Section>

        {model.arms.length > 0 && (
          <Section title="In experiments">
            <ul className="space-y-1">
              {model.arms.map((arm) => (
                <li key={arm.id}>
                  <Link href={`/experiments/${arm.experimentId}`} className="link">
                    {arm.experiment.name}
                  </Link>{' '}
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
