import type { Database } from '@duet/db';

/** One model with the index that serves it. */
export interface PlannedModel {
  modelId: string;
  indexId: string;
  name: string;
  kind: string;
  datasetId: string;
  nprobe: number | null;
  factory: string;
  recallAt100: number;
  p50Us: number;
}

export interface PlannedArm {
  id: string;
  name: string;
  weight: number;
  position: number;
  control: boolean;
  modelId: string;
  /** Pinned index, else the model's active one. */
  indexId: string | null;
}

export interface PlannedExperiment {
  id: string;
  name: string;
  seed: string;
  trafficShare: number;
  datasetId: string;
  rankerId: string | null;
  arms: PlannedArm[];
}

/** What the database says should be served. Two equal plans serialise to equal JSON: that text is the plan's version. */
export interface Plan {
  /** The dataset that a request without a model is answered from; undefined until a model has an index. */
  dataset: { id: string; name: string; currency: string } | undefined;
  /** Every model with an active index, newest first, in all datasets: what `modelId` may name. */
  models: PlannedModel[];
  /** Indexes that arms pin although they are not active. */
  pinned: PlannedModel[];
  /** Running, the first started first: a user is in the first one that takes them. */
  experiments: PlannedExperiment[];
}

/** Models the plan lists at most: older ones are kept on disk and are served again by building their index. */
const modelLimit = 200;

/**
 * Reads the plan in a few indexed queries, cheap enough for every other second.
 * @param datasetName serve this dataset; by default that of the experiment that started last, else of the newest model
 */
export async function readPlan({ prisma }: Database, datasetName?: string): Promise<Plan> {
  const [rows, running] = await Promise.all([
    prisma.index.findMany({
      where: { active: true },
      include: { model: { select: { name: true, kind: true, datasetId: true } } },
      orderBy: [{ model: { createdAt: 'desc' } }, { id: 'desc' }],
      take: modelLimit,
    }),
    prisma.experiment.findMany({
      where: { status: 'running' },
      include: { arms: { orderBy: { position: 'asc' } } },
      orderBy: [{ startedAt: 'asc' }, { id: 'asc' }],
    }),
  ]);
  const models = rows.map(planned);

  const pins = running.flatMap(({ arms }) => arms.flatMap(({ indexId }) => indexId ?? []));
  const missing = pins.filter((id) => !models.some(({ indexId }) => indexId === id));
  const pinned = missing.length === 0 ? [] : await prisma.index.findMany({
    where: { id: { in: missing } },
    include: { model: { select: { name: true, kind: true, datasetId: true } } },
    orderBy: { id: 'asc' },
  });

  const datasetId = running.at(-1)?.datasetId ?? models[0]?.datasetId;
  const dataset =
    datasetName !== undefined
      ? await prisma.dataset.findUnique({ where: { name: datasetName } })
      : datasetId === undefined
        ? null
        : await prisma.dataset.findUnique({ where: { id: datasetId } });

  return {
    dataset: dataset === null ? undefined : { id: dataset.id, name: dataset.name, currency: dataset.currency },
    models,
    pinned: pinned.map(planned),
    experiments: running
      .filter((experiment) => experiment.datasetId === dataset?.id)
      .map(({ id, name, seed, trafficShare, datasetId: of, rankerId, arms }) => ({
        id,
        name,
        seed,
        trafficShare,
        datasetId: of,
        rankerId,
        arms: arms.map((arm) => ({
          id: arm.id,
          name: arm.name,
          weight: arm.weight,
          position: arm.position,
          control: arm.control,
          modelId: arm.modelId,
          indexId: arm.indexId,
        })),
      })),
  };
}

interface IndexRow {
  id: string;
  modelId: string;
  nprobe: number | null;
  factory: string;
  recallAt100: number;
  p50Us: number;
  model: { name: string; kind: string; datasetId: string };
}

function planned({ id, modelId, nprobe, factory, recallAt100, p50Us, model }: IndexRow): PlannedModel {
  const { name, kind, datasetId } = model;
  return { modelId, indexId: id, name, kind, datasetId, nprobe, factory, recallAt100, p50Us };
}
