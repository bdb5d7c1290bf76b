import { auditTrail } from '@duet/db';
import { readinessOf, readMetrics, shopHistory, warningsOf } from '@duet/experiments';
import { config, database } from './services.ts';

export async function allExperiments() {
  const { prisma } = await database();
  return prisma.experiment.findMany({
    orderBy: [{ createdAt: 'desc' }],
    include: { dataset: { select: { name: true } }, arms: { orderBy: { position: 'asc' } } },
  });
}

export async function findExperiment(id: string) {
  const { prisma } = await database();
  return prisma.experiment.findUnique({
    where: { id },
    include: {
      dataset: { select: { name: true, currency: true, holdout: true } },
      arms: { orderBy: { position: 'asc' }, include: { model: { select: { name: true, kind: true } } } },
    },
  });
}

/** Every metric that an experiment can be judged by, the shop's own among them. */
export const knownMetrics = () => readMetrics(config().metricsFile);

/**
 * Datasets with a model, each with what an experiment's arms can serve and what its shop's past says of power: that
 * takes seconds to work out, and the page need not wait for it.
 */
export async function experimentDatasets() {
  const db = await database();
  const oldest = { createdAt: 'asc' } as const;
  const datasets = await db.prisma.dataset.findMany({
    where: { status: 'done', models: { some: {} } },
    orderBy: oldest,
    include: {
      models: { orderBy: { createdAt: 'desc' }, include: { indexes: { orderBy: { createdAt: 'desc' } } } },
      rankers: { orderBy: { createdAt: 'desc' }, select: { id: true, createdAt: true } },
      experiments: { where: { layer: { not: null } }, distinct: ['layer'], select: { layer: true } },
    },
  });
  const metrics = await knownMetrics();
  return datasets.map(({ id, name, currency, holdout, models, rankers, experiments }) => ({
    ...{ id, name, currency, holdout },
    models: models.map((model) => ({
      ...{ id: model.id, name: model.name, kind: model.kind },
      indexes: model.indexes.map(({ id, factory, active, createdAt }) => ({
        ...{ id, active },
        title: `${factory}, ${createdAt.toISOString().slice(0, 16).replace('T', ' ')}`,
      })),
    })),
    rankers: rankers.map(({ id, createdAt }) => ({ id, title: `of ${createdAt.toISOString().slice(0, 10)}` })),
    layers: experiments.flatMap(({ layer }) => layer ?? []),
    history: shopHistory({ db, dataDir: config().dataDir }, id, { metrics }),
  }));
}

/** What is there to say of an experiment's set-up beside its own row. */
export async function experimentSetup(id: string) {
  const db = await database();
  const experiment = await db.prisma.experiment.findUniqueOrThrow({
    where: { id },
    include: { arms: { orderBy: { position: 'asc' } }, phases: { orderBy: { number: 'desc' } } },
  });
  return { phases: experiment.phases, readiness: await readinessOf(db, experiment) };
}

/** What stop rules warned of in the present phase, the newest first. */
export const experimentWarnings = async (experiment: { id: string; phaseStartedAt: Date | null }) =>
  warningsOf((await database()).prisma, experiment);

export const experimentAudit = async (id: string) => auditTrail(await database(), 'experiment', id);
