import type { NextStep } from '#components/states/next-steps.tsx';
import { formatCount, formatDay } from '#format.ts';
import type { Overview, RunningExperiment } from './overview.ts';

/** As many as somebody keeps in mind. */
const most = 3;

/** What to do next about a dataset, what stops it first; where nothing is amiss, where to look. Never none. */
export function nextSteps(now: Overview, at: Date): NextStep[] {
  const amiss = [
    ...missing(now),
    ...ofChecks(now, 'fail'),
    ...now.experiments.flatMap((running) => concerns(running, at)),
    ...ofPipeline(now),
    ...ofChecks(now, 'warn'),
    ...upkeep(now),
  ];
  return (amiss.length > 0 ? amiss : lookAt(now)).slice(0, most);
}

/** What is not there yet on the way from data to a measured experiment, in that order. */
function missing({ models, unindexed, health, experiments }: Overview): NextStep[] {
  const towers = models.filter(({ dimensions }) => dimensions > 0);
  const steps: NextStep[] = [];
  if (towers.length === 0) {
    steps.push({ title: 'Train a model', why: 'There is none yet that can answer shoppers.', href: '/models/train' });
  } else if (towers.every(({ kind }) => kind !== 'dat')) {
    steps.push({ title: 'Train a DAT model', why: 'There is none to compare with two-tower.', href: '/models/train' });
  }
  if (unindexed.length > 0) {
    const names = unindexed.map(({ name }) => name).join(', ');
    steps.push({ title: 'Build missing indexes', why: `${names} cannot answer without one.`, href: '/indexes' });
  }
  if (health.value === undefined) {
    steps.push({ title: 'Start the retrieval service', why: health.problem, command: 'npm start' });
  }
  if (experiments.length === 0 && towers.length > 1) {
    steps.push({
      title: 'Start an experiment',
      why: 'No shopper is being compared across models.',
      href: '/experiments/new',
    });
  }
  return steps;
}

function concerns(experiment: RunningExperiment, at: Date): NextStep[] {
  const { id, name, share, warnings, plannedEndAt } = experiment;
  if (share === 0) {
    return [
      {
        title: `Give ${name} shoppers`,
        why: 'It runs, but those that started before it leave it none. Stop it or one of them, or lower their traffic.',
        href: `/experiments/${id}/setup`,
      },
    ];
  }
  if (plannedEndAt !== null && plannedEndAt <= at) {
    return [
      { title: `Decide ${name}`, why: `Its planned end was ${formatDay(plannedEndAt)}.`, href: `/experiments/${id}` },
    ];
  }
  return warnings.slice(0, 1).map(({ note }) => ({ title: `Look at ${name}`, why: note, href: `/experiments/${id}` }));
}

/** Checks of data and recommendations that are not well. */
const ofChecks = ({ checks }: Overview, status: 'fail' | 'warn'): NextStep[] =>
  checks
    .filter(({ state }) => state === status)
    .map(({ sentence, remedy }) => ({ title: sentence, why: remedy || 'The page Health says more.', href: '/health' }));

/** What waits for a person on the way from a training to shoppers. */
function ofPipeline({ pipeline: { models, deployments } }: Overview): NextStep[] {
  const steps = models.flatMap(({ name, runs: [last], versions: [newest], championVersion }): NextStep[] => {
    const href = `/pipeline/models/${encodeURIComponent(name)}`;
    if (last?.status === 'failed') {
      return [{ title: `See why ${name} failed`, why: last.error ?? 'Its last run did not end.', href }];
    }
    if (last?.status !== 'done' || newest === undefined || newest.version === championVersion) return [];
    // Somebody went back from it.
    if (newest.wasChampion) return [];
    const held = last.checks.filter(({ passed }) => !passed);
    return held.length > 0
      ? [{ title: `Version ${newest.version} of ${name} is held back`, why: held[0]!.sentence, href }]
      : [{ title: `Promote version ${newest.version} of ${name}`, why: 'It passed its gate and waits for you.', href }];
  });
  if (models.length > 0 && deployments.length === 0) {
    steps.unshift({
      title: 'Deploy a model',
      why: 'Outside experiments shoppers get popular items: nothing is deployed.',
      href: '/pipeline',
    });
  }
  return steps;
}

function upkeep({ changedItems, untitled, health, models, pipeline }: Overview): NextStep[] {
  const steps: NextStep[] = [];
  if (models.some(({ dimensions }) => dimensions > 0) && pipeline.models.length === 0) {
    steps.push({
      title: 'Let the models learn by themselves',
      why: 'No model is registered: what shoppers do from now on changes nothing. A registered one is trained every night.',
      href: '/pipeline/register',
    });
  }
  if (changedItems > 0) {
    steps.push({
      title: 'Rebuild the indexes',
      why: `${formatCount(changedItems)} ${changedItems === 1 ? 'item has' : 'items have'} changed since they were built. They are served already; a rebuild makes that as fast as before.`,
      href: '/indexes',
    });
  }
  for (const fallback of health.value?.fallbacks ?? []) {
    steps.push({ title: 'Retrieval could be faster', why: fallback, command: 'npx duet doctor' });
  }
  if (untitled > 0) {
    steps.push({
      title: 'Complete the catalogue',
      why: `${formatCount(untitled)} ${untitled === 1 ? 'item that is shown has' : 'items that are shown have'} no title.`,
      href: '/data/catalogue?show=untitled',
    });
  }
  return steps;
}

/** Where all is well: what is worth a look. */
function lookAt({ experiments }: Overview): NextStep[] {
  const running = experiments.map(({ id, name, plannedEndAt }) => ({
    title: `Read how ${name} does`,
    why: plannedEndAt === null ? 'It runs as it should.' : `It runs as it should, until ${formatDay(plannedEndAt)}.`,
    href: `/experiments/${id}`,
  }));
  const list = { title: 'See what a shopper gets', why: 'All is well. The playground shows any shopper’s list.' };
  return [...running, { ...list, href: '/playground' }];
}
