import Link from 'next/link';
import type { Run } from '#data/models.ts';
import { formatAgo, formatCount, formatDuration, formatPercent } from '#format.ts';
import { Badge, type Tone } from './badge.tsx';
import { Kind } from './kind.tsx';
import { Meter } from './meter.tsx';

const tones: Record<Run['status'], Tone> = { queued: 'quiet', running: 'busy', done: 'good', failed: 'bad' };

export const RunState = ({ run }: { run: Pick<Run, 'status'> }) => <Badge tone={tones[run.status]}>{run.status}</Badge>;

/** How far a run is, with the rate and the time left once they can be told. */
export function RunProgress({ run, now }: { run: Run; now: Date }) {
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

export function RunsTable({ runs, now }: { runs: Run[]; now: Date }) {
  return (
    <table className="data">
      <thead>
        <tr>
          <th scope="col">Run</th>
          <th scope="col">State</th>
          <th scope="col">Progress</th>
          <th scope="col">Dataset</th>
          <th scope="col">Started</th>
        </tr>
      </thead>
      <tbody>
        {runs.map((run) => (
          <tr key={run.id}>
            <th scope="row" className="font-medium">
              <Link href={`/models/runs/${run.id}`} className="inline-flex items-center gap-3 hover:underline">
                <Kind kind={run.kind} />
                <span className="font-normal text-muted">{run.preset}</span>
              </Link>
            </th>
            <td>
              <RunState run={run} />
            </td>
            <td>
              <RunProgress run={run} now={now} />
            </td>
            <td className="whitespace-nowrap text-muted">{run.dataset.name}</td>
            <td className="whitespace-nowrap text-muted">{formatAgo(run.startedAt ?? run.createdAt, now)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
