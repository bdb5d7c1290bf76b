import type { Dataset } from '@duet/db';
import { modelKinds } from '@duet/models';
import { DatasetLink } from '#components/layout/dataset-link.tsx';
import { Stat, Stats } from '#components/layout/stat.tsx';
import { Badge } from '#components/states/badge.tsx';
import type { Overview } from '#data/overview/overview.ts';
import { formatCount } from '#format.ts';

const titleOfKind = (kind: string) => modelKinds.find((known) => known.kind === kind)?.title ?? kind;

/** What there is, in numbers. */
export function OverviewFigures({ dataset, now }: { dataset: Dataset; now: Overview }) {
  const { health, models, indexes, experiments, jobs } = now;
  const status = health.value?.status;
  const link = (href: string, text: string) => (
    <DatasetLink href={href} className="hover:underline">
      {text}
    </DatasetLink>
  );
  return (
    <Stats>
      <Stat
        label="Retrieval service"
        value={
          <Badge tone={status === 'ok' ? 'good' : status === undefined ? 'bad' : 'busy'}>
            {status === 'ok' ? 'healthy' : (status ?? 'not reachable')}
          </Badge>
        }
        note={now.retrievalUrl.replace(/^https?:\/\//, '')}
      />
      <Stat
        label="Data"
        value={link('/data', `${formatCount(dataset.items)} items`)}
        note={`${formatCount(dataset.interactions)} interactions`}
      />
      <Stat
        label="Models"
        value={link('/models', formatCount(models.length))}
        note={[...new Set(models.map(({ kind }) => titleOfKind(kind)))].join(', ') || 'none trained'}
      />
      <Stat
        label="Active indexes"
        value={link('/indexes', formatCount(indexes.length))}
        note={[...new Set(indexes.map(({ factory, engine }) => `${factory}, ${engine}`))].join('; ') || 'none built'}
      />
      <Stat
        label="Experiments running"
        value={link('/experiments', formatCount(experiments.length))}
        note={experiments.map(({ name }) => name).join(', ') || 'none'}
      />
      <Stat
        label="Worker"
        value={jobs.length === 0 ? 'idle' : `${formatCount(jobs.length)} ${jobs.length === 1 ? 'job' : 'jobs'}`}
        note={
          jobs.map(({ kind, running }) => `${kind} ${running ? 'running' : 'waiting'}`).join(', ') || 'nothing queued'
        }
      />
    </Stats>
  );
}
