import type { Dataset, HealthCheck } from '@duet/db';
import { answersOfLastHour, sharesOfRunning, warningsOf } from '@duet/experiments';
import { deltasIn } from '#data/models/indexes.ts';
import { comparedModels } from '#data/models/models.ts';
import { pipelineOf } from '#data/pipeline/pipeline.ts';
import { attempt } from '#data/problem.ts';
import { config, database, retrieval } from '#data/services.ts';
import { waitingJobs } from './jobs.ts';
import { servedShares } from './served.ts';

/** What a dataset has and what runs of it, in one look. */
export async function overview({ id: datasetId }: Dataset) {
  const db = await database();
  const { prisma } = db;
  const [health, models, indexes, experiments, jobs, untitled, pipeline, checks, lists] = await Promise.all([
    attempt(async () => (await retrieval()).health()),
    comparedModels(datasetId),
    prisma.index.findMany({ where: { active: true, model: { datasetId } }, orderBy: { createdAt: 'desc' } }),
    runningExperiments(datasetId),
    waitingJobs(),
    prisma.item.count({ where: { datasetId, withdrawnAt: null, title: '' } }),
    pipelineOf(datasetId),
    troubles(datasetId),
    answersOfLastHour(db, datasetId),
  ]);
  const indexed = new Set(indexes.map(({ modelId }) => modelId));
  const deltas = deltasIn(health.value);
  return {
    health,
    retrievalUrl: config().retrievalUrl,
    models,
    indexes,
    unindexed: models.filter(({ id, dimensions }) => dimensions > 0 && !indexed.has(id)),
    /** Items that changed since the index that serves them was built. */
    changedItems: Math.max(
      0,
      ...indexes.map(({ id }) => Math.max(deltas.get(id)?.fresh ?? 0, deltas.get(id)?.outdated ?? 0)),
    ),
    experiments,
    jobs,
    untitled,
    pipeline,
    /** Checks of data and recommendations that are not well, the worst first. */
    checks,
    /** What shoppers got within the last hour. */
    served: servedShares(lists, { experiments, deployments: pipeline.deployments }),
  };
}

export type Overview = Awaited<ReturnType<typeof overview>>;

const troubles = async (datasetId: string): Promise<HealthCheck[]> =>
  (await database()).prisma.healthCheck.findMany({
    where: { datasetId, state: { not: 'ok' } },
    orderBy: [{ state: 'desc' }, { since: 'asc' }],
  });

/** A dataset's running experiments, the first started first, with the share of shoppers that each really gets. */
async function runningExperiments(datasetId: string) {
  const db = await database();
  const [running, shares] = await Promise.all([
    db.prisma.experiment.findMany({
      where: { datasetId, status: 'running' },
      orderBy: [{ startedAt: 'asc' }, { id: 'asc' }],
      include: {
        arms: {
          where: { weight: { gt: 0 } },
          orderBy: { position: 'asc' },
          include: {
            model: { select: { name: true, kind: true, version: true } },
            registeredModel: { select: { name: true, kind: true, champion: { select: { version: true } } } },
          },
        },
      },
    }),
    sharesOfRunning(db, { datasetId, simulated: false }),
  ]);
  return Promise.all(
    running.map(async (experiment) => ({
      ...experiment,
      arms: experiment.arms.map(({ model, registeredModel: followed, ...arm }) => ({
        ...arm,
        model:
          followed === null
            ? model && { ...model, isFollowed: false }
            : followed.champion && { ...followed, ...followed.champion, isFollowed: true },
      })),
      /** Of all shoppers; undefined of a simulated one, which no real shopper is in. */
      share: experiment.simulated ? undefined : (shares.get(experiment.id) ?? 0),
      warnings: await warningsOf(db.prisma, experiment),
    })),
  );
}

export type RunningExperiment = Overview['experiments'][number];
