import { auditTrail, type Dataset } from '@duet/db';
import { readinessOf, readMetrics, sharesOfRunning, shopHistory, warningsOf, withArms } from '@duet/experiments';
import { notFound } from 'next/navigation';
import { cache } from 'react';
import { datasetOf } from '#data/datasets/datasets.ts';
import { config, database } from '#data/services.ts';
import { formatDay, formatTime } from '#format.ts';
import { routeId } from '#route-id.ts';

/** A dataset's experiments, the newest first; of those that run, the share of all shoppers that each really gets. */
export async function experimentsOf(datasetId: string) {
  const db = await database();
  const [experiments, shares] = await Promise.all([
    db.prisma.experiment.findMany({
      where: { datasetId },
      orderBy: [{ createdAt: 'desc' }],
      include: { arms: { orderBy: { position: 'asc' } } },
    }),
    sharesOfRunning(db, { datasetId, simulated: false }),
  ]);
  return experiments.map((experiment) => ({ ...experiment, share: shares.get(experiment.id) }));
}

// Layouts and their pages ask for the same one.
const findExperiment = cache(async (datasetId: string, id: string) => {
  const { prisma } = await database();
  return prisma.experiment.findUnique({
    where: { id, datasetId },
    include: {
      dataset: { select: { name: true, currency: true, holdout: true } },
      arms: {
        orderBy: { position: 'asc' },
        include: {
          model: { select: { name: true, kind: true } },
          registeredModel: { select: { name: true, kind: true } },
        },
      },
    },
  });
});

/** The experiment that an address names; an address with no experiment of its dataset in its place does not exist. */
export async function experimentOf(params: Promise<{ dataset: string; id: string }>) {
  const [dataset, id] = await Promise.all([datasetOf(params), routeId(params)]);
  return (await findExperiment(dataset.id, id)) ?? notFound();
}

/** Arm → the kind of what it pins or follows. */
export const armKinds = (
  arms: readonly { id: string; model: { kind: string } | null; registeredModel: { kind: string } | null }[],
): ReadonlyMap<string, string> =>
  new Map(arms.map(({ id, model, registeredModel }) => [id, (model ?? registeredModel)?.kind ?? 'unknown']));

/** Every metric that an experiment can be judged by, the shop's own among them. */
export const knownMetrics = () => readMetrics(config().metricsFile);

/**
 * What an experiment's arms can serve in a dataset, and what its shop's past says of power: that takes seconds to work
 * out, and the page need not wait for it.
 */
export async function experimentDataset({ id, name, currency, holdout }: Dataset) {
  const db = await database();
  const newest = { createdAt: 'desc' } as const;
  const [registered, models, rankers, layers, metrics] = await Promise.all([
    db.prisma.registeredModel.findMany({
      where: { datasetId: id, championId: { not: null } },
      orderBy: { name: 'asc' },
      select: { id: true, name: true },
    }),
    db.prisma.model.findMany({
      where: { datasetId: id },
      orderBy: newest,
      include: { indexes: { orderBy: newest } },
    }),
    db.prisma.ranker.findMany({ where: { datasetId: id }, orderBy: newest, select: { id: true, createdAt: true } }),
    db.prisma.experiment.findMany({
      where: { datasetId: id, layer: { not: null } },
      distinct: ['layer'],
      select: { layer: true },
    }),
    knownMetrics(),
  ]);
  return {
    ...{ id, name, currency, holdout },
    registered,
    models: models.map((model) => ({
      ...{ id: model.id, name: model.name },
      indexes: model.indexes.map(({ id, factory, active, createdAt }) => ({
        ...{ id, active, title: `${factory}, ${formatTime(createdAt)}` },
      })),
    })),
    rankers: rankers.map(({ id, createdAt }) => ({ id, title: `of ${formatDay(createdAt)}` })),
    layers: layers.flatMap(({ layer }) => layer ?? []),
    history: shopHistory({ db, dataDir: config().dataDir }, id, { metrics }),
  };
}

/** What is there to say of an experiment's set-up beside its own row. */
export async function experimentSetup(id: string) {
  const db = await database();
  const experiment = await db.prisma.experiment.findUniqueOrThrow({
    where: { id },
    include: { ...withArms, phases: { orderBy: { number: 'desc' } } },
  });
  return { phases: experiment.phases, readiness: await readinessOf(db, experiment) };
}

/** What stop rules warned of in the present phase, the newest first. */
export const experimentWarnings = async (experiment: { id: string; phaseStartedAt: Date | null }) =>
  warningsOf((await database()).prisma, experiment);

export const experimentAudit = async (id: string) => auditTrail(await database(), 'experiment', id);
