import type { TrainingRun } from '@duet/db';
import { DataTable } from '#components/layout/data-table.tsx';
import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { Badge, type Tone } from '#components/states/badge.tsx';
import { Meter } from '#components/states/meter.tsx';
import { formatAgo, formatCount, formatDuration, formatPercent } from '#format.ts';
import { Kind } from './kind.tsx';

const tones: Record<TrainingRun['status'], Tone> = { queued: 'quiet', running: 'busy', done: 'good', failed: 'bad' };

export const RunState = ({ run }: { run: Pick<TrainingRun, 'status'> }) => (
  <Badge tone={tones[run.status]}>{run.status}</Badge>
);

/** How far a run is, with the rate and the time left once they can be told. */
export function RunProgress({ run, now }: { run: TrainingRun; now: Date }) {
  const { status, step, steps, startedAt, finishedAt } = run;
  if (status === 'queued') return <span className="text-muted">waits for the worker</span>;
  if (status === 'done' && startedAt && finishedAt) {
    return <span className="text-muted">took {formatDuration(finishedAt.getTime() - startedAt.getTime())}</span>;
  }
  if (status === 'failed') return <span className="text-bad">{run.error ?? 'failed'}</span>;
  if (steps === 0) return <span className="text-muted">preparing</span>;
  const elapsedMs = startedAt ? now.getTime() - startedAt.getTime() : 0;
  const leftMs = step > 0 ? (elapsedMs / step) * (steps - step) : undefined;
  return (
    <span className="flex items-center gap-3">
      <Meter share={step / steps} color="var(--busy)" />
      {formatPercent(step / steps, 0)}{' '}
      <span className="text-muted">
        step {formatCount(step)} of {formatCount(steps)}
        {leftMs !== undefined && `, about ${formatDuration(Math.max(1000, leftMs))} left`}
      </span>
    </span>
  );
}

export function RunsTable({ runs, now }: { runs: TrainingRun[]; now: Date }) {
  return (
    <DataTable
      caption="Training runs"
      rows={runs}
      rowKey={({ id }) => id}
      columns={[
        {
          title: 'Run',
          rowHeader: true,
          className: 'font-medium',
          cell: ({ id, kind, preset }) => (
            <DatasetLink href={`/models/runs/${id}`} className="inline-flex items-center gap-3 hover:underline">
              <Kind kind={kind} />
              <span className="font-normal text-muted">{preset}</span>
            </DatasetLink>
          ),
        },
        { title: 'State', cell: (run) => <RunState run={run} /> },
        { title: 'Progress', cell: (run) => <RunProgress run={run} now={now} /> },
        {
          title: 'Started',
          className: 'whitespace-nowrap text-muted',
          cell: ({ startedAt, createdAt }) => formatAgo(startedAt ?? createdAt, now),
        },
      ]}
    />
  );
}
