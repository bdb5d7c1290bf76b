import type { Dataset } from '@duet/db';
import { listsOfLastHour, sharesOfRunning, warningsOf } from '@duet/experiments';
import { deltasIn } from '#data/models/indexes.ts';
import { comparedModels } from '#data/models/models.ts';
import { attempt } from '#data/problem.ts';
import { config, database, retrieval } from '#data/services.ts';
import { waitingJobs } from './jobs.ts';

/** What a dataset has and what runs of it, in one look. */
export async function overview({ id: datasetId, name }: Dataset) {
  const { prisma } = await database();
  const [health, models, indexes, experiments, jobs, untitled] = await Promise.all([
    attempt(async () => (await retrieval()).health()),
    comparedModels(datasetId),
    prisma.index.findMany({ where: { active: true, model: { datasetId } }, orderBy: { createdAt: 'desc' } }),
    runningExperiments(datasetId),
    waitingJobs(),
    prisma.item.count({ where: { datasetId, withdrawnAt: null, title: '' } }),
  ]);
  const indexed = new Set(indexes.map(({ modelId }) => modelId));
  return {
    health,
    /** Whether the retrieval service answers for this dataset now: it does for one at a time. */
    isServed: health.value?.dataset === name,
    retrievalUrl: config().retrievalUrl,
    models,
    indexes,
    unindexed: models.filter(({ id, dimensions }) => dimensions > 0 && !indexed.has(id)),
    /** Items that changed since the index that serves them was built. */
    changedItems: Math.max(
      0,
      ...[...deltasIn(health.value).values()].map(({ fresh, outdated }) => Math.max(fresh, outdated)),
    ),
    experiments,
    jobs,
    untitled,
  };
}

export type Overview = Awaited<ReturnType<typeof overview>>;

/** A dataset's running experiments, the first started first, with the share of shoppers that each really gets. */
async function runningExperiments(datasetId: string) {
  const db = await database();
  const [running, shares, lists] = await Promise.all([
    db.prisma.experiment.findMany({
      where: { datasetId, status: 'running' },
      orderBy: [{ startedAt: 'asc' }, { id: 'asc' }],
      include: { arms: { where: { weight: { gt: 0 } }, orderBy: { position: 'asc' } } },
    }),
    sharesOfRunning(db, { datasetId, simulated: false }),
    listsOfLastHour(db),
  ]);
  const allLists = [...lists.values()].reduce((sum, n) => sum + n, 0);
  return Promise.all(
    running.map(async (experiment) => {
      const ofArms = experiment.arms.reduce((sum, { id }) => sum + (lists.get(id) ?? 0), 0);
      return {
        ...experiment,
        /** Of all shoppers; undefined of a simulated one, which no real shopper is in. */
        share: experiment.simulated ? undefined : (shares.get(experiment.id) ?? 0),
        /** Lists that shoppers saw within the last hour. */
        lists: ofArms,
        /** Of all lists that were seen; undefined where none was. */
        shareOfLists: allLists === 0 ? undefined : ofArms / allLists,
        warnings: await warningsOf(db.prisma, experiment),
      };
    }),
  );
}

export type RunningExperiment = Overview['experiments'][number];
