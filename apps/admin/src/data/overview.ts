import { waitingJobs } from './jobs.ts';
import { comparedModels } from './models.ts';
import { attempt } from './problem.ts';
import { database, retrieval, retrievalUrl } from './services.ts';

/** What is there and what runs, in one look. */
export async function overview() {
  const { prisma } = await database();
  const [health, datasets, latest, models, indexes, towers, experiment, jobs] = await Promise.all([
    attempt(async () => (await retrieval()).health()),
    prisma.dataset.count(),
    prisma.dataset.findFirst({ where: { status: 'done' }, orderBy: { createdAt: 'desc' } }),
    comparedModels(),
    prisma.index.findMany({ where: { active: true }, include: { model: true }, orderBy: { createdAt: 'desc' } }),
    prisma.model.findMany({ where: { dimensions: { gt: 0 } }, include: { indexes: { where: { active: true } } } }),
    prisma.experiment.findFirst({
      where: { status: 'running' },
      orderBy: { startedAt: 'desc' },
      include: { arms: { orderBy: { position: 'asc' } } },
    }),
    waitingJobs(),
  ]);
  const served = models.find(({ name }) => name === health.value?.dataset) ?? models[0];
  return {
    health,
    retrievalUrl: retrievalUrl(),
    datasets,
    dataset: served ?? latest,
    models: served?.models ?? [],
    indexes,
    unindexed: towers.filter((model) => model.indexes.length === 0),
    experiment,
    jobs,
  };
}
