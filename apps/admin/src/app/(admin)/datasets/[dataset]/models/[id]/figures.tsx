import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { Stat, Stats } from '#components/layout/stat.tsx';
import type { findModel } from '#data/models/models.ts';
import { formatDuration, formatMetric, formatTime } from '#format.ts';

type Model = NonNullable<Awaited<ReturnType<typeof findModel>>>;

/** What a model is and how it came about. */
export function ModelFigures({ model }: { model: Model }) {
  const [run] = model.runs;
  const active = model.indexes.find((index) => index.active);
  const isTower = model.dimensions > 0;
  return (
    <Stats>
      {isTower && <Stat label="Vectors" value={`${model.dimensions} dimensions`} />}
      {isTower && <Stat label="Preset" value={model.preset} />}
      {run?.startedAt && run.finishedAt && (
        <Stat
          label="Trained in"
          value={formatDuration(run.finishedAt.getTime() - run.startedAt.getTime())}
          note={run.executor}
        />
      )}
      {isTower && (
        <Stat
          label="Index"
          value={
            <DatasetLink href="/indexes" className="hover:underline">
              {active ? active.factory : 'none'}
            </DatasetLink>
          }
          note={active ? `recall@100 ${formatMetric(active.recallAt100)}` : 'Build one on the Indexes page.'}
        />
      )}
      <Stat label="Made" value={<span className="text-base">{formatTime(model.createdAt)}</span>} />
    </Stats>
  );
}
