import Link from 'next/link';
import { Badge } from '#components/badge.tsx';
import { LiveEventsPanel } from '#components/live-events.tsx';
import { MetricsFootnote, MetricsTable } from '#components/metrics-table.tsx';
import { ModelName } from '#components/model-name.tsx';
import { type NextStep, NextSteps } from '#components/next-steps.tsx';
import { PageHeader } from '#components/page-header.tsx';
import { Section } from '#components/section.tsx';
import { Stat, Stats } from '#components/stat.tsx';
import { liveEvents } from '#data/events.ts';
import { newestOfEachKind } from '#data/models.ts';
import { overview } from '#data/overview.ts';
import { formatAgo, formatCount, formatPercent } from '#format.ts';

export default async function OverviewPage() {
  const [now, events] = await Promise.all([overview(), liveEvents()]);
  const { health, dataset, models, indexes, experiment, jobs } = now;
  const newest = newestOfEachKind(models);
  const split = newest.flatMap(({ evaluations }) => evaluations.map((evaluation) => evaluation.split))[0];
  const status = health.value?.status;
  return (
    <>
      <PageHeader
        title="Overview"
        summary={
          dataset ? `What runs now, and how good it is on ${dataset.name}.` : 'What runs now, and what is missing.'
        }
      />
      <div className="space-y-6">
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
            label="Dataset"
            value={
              dataset ? (
                <Link href={`/datasets/${dataset.id}`} className="hover:underline">
                  {dataset.name}
                </Link>
              ) : (
                'none'
              )
            }
            note={dataset ? `${formatCount(dataset.interactions)} interactions` : `${now.datasets} imported`}
          />
          <Stat
            label="Models"
            value={
              <Link href="/models" className="hover:underline">
                {formatCount(models.length)}
              </Link>
            }
            note={newest.map(({ kind }) => kind).join(', ') || 'none trained'}
          />
          <Stat
            label="Active indexes"
            value={
              <Link href="/indexes" className="hover:underline">
                {formatCount(indexes.length)}
              </Link>
            }
            note={
              [...new Set(indexes.map(({ factory, engine }) => `${factory}, ${engine}`))].join('; ') || 'none built'
            }
          />
          <Stat
            label="Experiment"
            value={
              experiment ? (
                <Link href={`/experiments/${experiment.id}`} className="hover:underline">
                  {experiment.name}
                </Link>
              ) : (
                'none running'
              )
            }
            note={
              experiment?.startedAt &&
              `${experiment.arms.map(({ name }) => name).join(' against ')}, started ${formatAgo(experiment.startedAt, new Date())}`
            }
          />
          <Stat
            label="Worker"
            value={jobs.length === 0 ? 'idle' : `${formatCount(jobs.length)} ${jobs.length === 1 ? 'job' : 'jobs'}`}
            note={
              jobs.map(({ kind, running }) => `${kind} ${running ? 'running' : 'waiting'}`).join(', ') ||
              'nothing queued'
            }
          />
        </Stats>

        <NextSteps steps={nextSteps(now, events.recent.length)} />

        {split !== undefined && (
          <Section
            title={`Quality on ${dataset?.name}`}
            note="The newest model of each kind, measured on the same held-out purchases."
            actions={
              <Link href="/models" className="link text-sm">
                All models
              </Link>
            }
            flush
          >
            <MetricsTable models={newest} split={split} />
            <MetricsFootnote />
          </Section>
        )}

        <Section title="What answers" note="As the retrieval service says itself." flush>
          {health.value === undefined ? (
            <p className="px-5 pb-5 text-muted">{health.problem}</p>
          ) : (
            <ul className="grid gap-px border-t border-line bg-line sm:grid-cols-[repeat(auto-fit,minmax(18rem,1fr))]">
              {health.value.models.map(({ id, kind, name, index }) => (
                <li key={id} className="bg-surface px-5 py-3">
                  <Link href={`/models/${id}`} className="font-medium hover:underline">
                    <ModelName kind={kind} name={name} />
                  </Link>
                  <p className="text-sm text-muted">
                    <span className="font-mono">{index.factory}</span> on {index.engine}, {formatCount(index.size)}{' '}
                    items
                  </p>
                  {experiment?.arms
                    .filter(({ modelId }) => modelId === id)
                    .map((arm) => (
                      <p key={arm.id} className="text-sm text-muted">
                        Arm {arm.name}
                        {arm.control && ' (control)'}, {formatPercent(arm.weight * experiment.trafficShare, 0)} of
                        shoppers
                      </p>
                    ))}
                </li>
              ))}
              {health.value.problems.map((problem) => (
                <li key={problem} className="bg-surface px-5 py-3 text-bad">
                  {problem}
                </li>
              ))}
              {health.value.fallbacks.map((fallback) => (
                <li key={fallback} className="bg-surface px-5 py-3 text-muted">
                  {fallback}
                </li>
              ))}
            </ul>
          )}
        </Section>

        <LiveEventsPanel initial={events} note="By the time they arrived; looked at every two seconds." />
      </div>
    </>
  );
}

/** What is missing on the way from a dataset to a measured experiment, in that order. */
function nextSteps(now: Awaited<ReturnType<typeof overview>>, events: number): NextStep[] {
  const steps: NextStep[] = [];
  const trained = now.models.filter(({ dimensions }) => dimensions > 0);
  if (now.dataset === null) {
    steps.push({
      title: 'Import a dataset',
      why: 'Nothing can be trained without one.',
      command: 'npx duet import --name NAME --interactions FILE',
    });
  } else if (trained.length === 0) {
    steps.push({
      title: 'Train a model',
      why: 'Two-tower or DAT, here or on the command line.',
      href: '/models/train',
    });
  } else if (trained.every(({ kind }) => kind !== 'dat')) {
    steps.push({ title: 'Train a DAT model', why: 'There is none to compare with two-tower.', href: '/models/train' });
  }
  if (now.unindexed.length > 0) {
    steps.push({
      title: 'Build missing indexes',
      why: `${now.unindexed.map(({ name }) => name).join(', ')} cannot answer without one.`,
      href: '/indexes',
    });
  }
  if (now.health.value === undefined) {
    steps.push({ title: 'Start the retrieval service', why: now.health.problem, command: 'npm start' });
  }
  if (now.experiment === null && trained.length > 1) {
    steps.push({
      title: 'Start an experiment',
      why: 'No shopper is being compared across models.',
      href: '/experiments',
    });
  }
  if (events === 0 && now.experiment !== null) {
    steps.push({ title: 'Send some events', why: 'Open the storefront, choose a shopper and look at some items.' });
  }
  return steps;
}
