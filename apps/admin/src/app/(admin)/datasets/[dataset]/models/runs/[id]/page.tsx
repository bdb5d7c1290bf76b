import { notFound } from 'next/navigation';
import type { Metadata } from 'next/types';
import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { Notice } from '#components/layout/notice.tsx';
import { PageHeader } from '#components/layout/page-header.tsx';
import { Refresh } from '#components/layout/refresh.tsx';
import { Stat, Stats } from '#components/layout/stat.tsx';
import { Curves } from '#components/models/curves.tsx';
import { Kind } from '#components/models/kind.tsx';
import { RunProgress, RunState } from '#components/models/runs-table.tsx';
import { datasetOf } from '#data/datasets/datasets.ts';
import { readCurve } from '#data/models/evaluations.ts';
import { findRun } from '#data/models/models.ts';
import { formatTime } from '#format.ts';
import { routeId } from '#route-id.ts';
import { ChoiceReasons } from '../../choice.tsx';
import { TrainingSettings } from '../../training-settings.tsx';

interface RunPageProps {
  params: Promise<{ dataset: string; id: string }>;
}

const runOf = async (params: RunPageProps['params']) => {
  const [dataset, id] = await Promise.all([datasetOf(params), routeId(params)]);
  return (await findRun(dataset.id, id)) ?? notFound();
};

export async function generateMetadata({ params }: RunPageProps): Promise<Metadata> {
  const { kind, preset } = await runOf(params);
  return { title: `${kind} ${preset} · Training run` };
}

export default async function RunPage({ params }: RunPageProps) {
  const run = await runOf(params);
  const curve = readCurve(run.curve);
  const going = run.status === 'queued' || run.status === 'running';
  return (
    <>
      {going && <Refresh everyMs={2000} />}
      <PageHeader
        title={
          <span className="flex flex-wrap items-center gap-3">
            <Kind kind={run.kind} /> {run.preset} <RunState run={run} />
          </span>
        }
        parents={[{ path: '/models', title: 'Models' }]}
        summary={
          run.status !== 'failed' && (
            <span aria-live="polite">
              <RunProgress run={run} now={new Date()} />
            </span>
          )
        }
        actions={
          run.modelId && (
            <DatasetLink href={`/models/${run.modelId}`} className="button">
              Open the model
            </DatasetLink>
          )
        }
      />
      <div className="space-y-6">
        <Stats>
          <Stat label="Epochs done" value={curve.length} />
          <Stat label="Executor" value={run.executor || '–'} />
          <Stat label="Asked for" value={<span className="text-base">{formatTime(run.createdAt)}</span>} />
        </Stats>
        {run.status === 'failed' && (
          <Notice tone="problem" title="The training failed.">
            {run.error ?? 'The worker’s log has the reason.'}
          </Notice>
        )}
        {curve.length > 0 ? (
          <Curves curve={curve} />
        ) : (
          going && (
            <Notice title="The curves appear after the first epoch.">This page follows the run by itself.</Notice>
          )
        )}
        <ChoiceReasons choice={run.choice} />
        <TrainingSettings {...run} />
      </div>
    </>
  );
}
