import { DataTable } from '#components/layout/data-table.tsx';
import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { Time } from '#components/layout/time.tsx';
import { Badge, type Tone } from '#components/states/badge.tsx';
import type { PipelineRun } from '#data/pipeline/pipeline.ts';
import { isPassedOver, type StepState } from '#data/pipeline/run-steps.ts';
import { formatDuration } from '#format.ts';

const colors: Record<StepState, string> = {
  done: 'bg-good',
  busy: 'bg-busy motion-safe:animate-pulse',
  waiting: 'bg-line',
  failed: 'bg-bad',
  held: 'bg-busy',
};

/** What became of a run, in a word. */
function outcome(run: PipelineRun): { tone: Tone; word: string } {
  const { status, steps, promoted } = run;
  if (status === 'queued') return { tone: 'quiet', word: 'waits' };
  if (status === 'running') return { tone: 'busy', word: 'running' };
  if (status === 'failed') return { tone: 'bad', word: 'failed' };
  if (promoted) return { tone: 'good', word: 'promoted' };
  if (steps.at(-1)?.state === 'done') return { tone: 'good', word: 'promoted by hand' };
  if (steps.some(({ title, state }) => title === 'Gate' && state === 'held')) return { tone: 'bad', word: 'held back' };
  return isPassedOver(run) ? { tone: 'quiet', word: 'not promoted' } : { tone: 'busy', word: 'waits for a person' };
}

/** Refreshes in rows, the newest first: a bar for each step, and what the last one says. */
export function Runs({ runs, showModel = false }: { runs: PipelineRun[]; showModel?: boolean }) {
  return (
    <DataTable
      caption="Runs"
      rows={runs}
      rowKey={({ id }) => id}
      rowClassName={() => '[&>*]:align-top!'}
      empty="None yet."
      columns={[
        {
          title: 'Asked for',
          rowHeader: true,
          className: 'min-w-40',
          cell: ({ createdAt, actor }) => (
            <>
              <Time at={createdAt} />
              <span className="block text-sm font-normal text-muted">by {actor || 'duet'}</span>
            </>
          ),
        },
        showModel && {
          title: 'Model',
          cell: ({ model }) => (
            <DatasetLink href={`/pipeline/models/${encodeURIComponent(model.name)}`} className="hover:underline">
              {model.name}
            </DatasetLink>
          ),
        },
        { title: 'Version', numeric: true, cell: ({ version }) => version ?? '–' },
        {
          title: 'Steps',
          hint: 'Data in, snapshot, train, gate, serve',
          cell: ({ steps }) => (
            <span className="inline-flex gap-1 pt-1.5">
              {steps.map(({ title, state }) => (
                <span key={title} title={`${title}: ${state}`} className={`h-2 w-6 rounded-full ${colors[state]}`} />
              ))}
            </span>
          ),
        },
        {
          title: 'Took',
          numeric: true,
          className: 'text-muted',
          cell: ({ startedAt, finishedAt }) =>
            startedAt && finishedAt ? formatDuration(finishedAt.getTime() - startedAt.getTime()) : '–',
        },
        {
          title: 'Outcome',
          className: 'w-full min-w-64',
          cell: (run) => {
            const { tone, word } = outcome(run);
            const failed = run.checks.filter(({ passed }) => !passed);
            return (
              <>
                <Badge tone={tone}>{word}</Badge>
                <span className="mt-1 block text-sm [overflow-wrap:anywhere] text-muted">
                  {run.error ?? failed.map(({ sentence }) => sentence).join(' ')}
                </span>
              </>
            );
          },
        },
      ]}
    />
  );
}
