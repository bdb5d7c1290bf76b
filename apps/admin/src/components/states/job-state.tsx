import { Refresh } from '#components/layout/refresh.tsx';
import type { ModelJob } from '#data/overview/jobs.ts';
import { Badge } from './badge.tsx';

/** What the worker makes of a job: it waits, runs (and the page follows it) or has failed, and why. */
export function JobState({ job, doing }: { job: ModelJob; doing: string }) {
  if (job.state === 'failed') {
    return (
      <p role="alert" className="text-sm [overflow-wrap:anywhere] text-bad">
        The last {doing} failed: {job.problem ?? 'the worker’s log has the reason.'}
      </p>
    );
  }
  return (
    <>
      <Refresh everyMs={2000} />
      <Badge tone="busy">{job.state === 'running' ? `${doing} running` : `${doing} waits for the worker`}</Badge>
    </>
  );
}
