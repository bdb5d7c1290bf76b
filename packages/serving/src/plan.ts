import { DuetError } from '@duet/config';
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

interface PlannedArm {
  id: string;
  name: string;
  weight: number;
  position: number;
  control: boolean;
  modelId: string;
  /** Pinned index, else the model's active one. */
  indexId: string | null;
}

interface PlannedExperiment {
  id: string;
  name: string;
  seed: string;
  trafficShare: number;
  /** Null: the newest of the dataset. */
  rankerId: string | null;
  arms: PlannedArm[];
}

/** What the database says should be served. Two equal plans serialise to equal JSON: that text is the plan's version. */
export interface Plan {
  /** The dataset that a request without a model is answered from; undefined until a model has an index. */
  dataset: { id: string; name: string } | undefined;
  /** Every model with an active index, newest first, in all datasets: what `modelId` may name. */
  models: PlannedModel[];
  /** Indexes that arms pin although they are not active. */
  pinned: PlannedModel[];
  /** Dataset → the newest ranker fitted on it. */
  rankers: Record<string, string>;
  /** Running, the first started first: a user is in the first one that takes them. */
  experiments: PlannedExperiment[];
}

/** Models the plan lists at most: older ones are kept on disk and are served again by building their index. */
const modelLimit = 200;

/** Reads the plan in a few indexed queries, cheap enough for every other second. */
export async function readPlan({ prisma }: Database): Promise<Plan> {
  const [running, rankers] = await Promise.all([
    prisma.experiment.findMany({
      where: { status: 'running' },
      include: { arms: { orderBy: { position: 'asc' } } },
      orderBy: [{ startedAt: 'asc' }, { id: 'asc' }],
    }),
    prisma.ranker.findMany({ select: { id: true, datasetId: true }, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] }),
  ]);
  const arms = running.flatMap((experiment) => experiment.arms);
  const model = { select: { name: true, kind: true, datasetId: true } };
  const [newest, needed] = await Promise.all([
    prisma.index.findMany({
      where: { active: true },
      include: { model },
      orderBy: [{ model: { createdAt: 'desc' } }, { id: 'desc' }],
      take: modelLimit,
    }),
    prisma.index.findMany({
      where: {
        OR: [
          { active: true, modelId: { in: arms.map(({ modelId }) => modelId) } },
          { id: { in: arms.flatMap(({ indexId }) => indexId ?? []) } },
        ],
      },
      include: { model },
      orderBy: { id: 'asc' },
    }),
  ]);
  const listed = new Set(newest.map(({ id }) => id));
  const further = needed.filter(({ id }) => !listed.has(id));
  const models = [...newest, ...further.filter(({ active }) => active)].map(planned);

  const datasetId = running.at(-1)?.datasetId ?? models[0]?.datasetId;
  const dataset =
    datasetId === undefined
      ? null
      : await prisma.dataset.findUnique({ where: { id: datasetId }, select: { id: true, name: true } });
  return {
    dataset: dataset ?? undefined,
    models,
    pinned: further.filter(({ active }) => !active).map(planned),
    rankers: Object.fromEntries(rankers.map((ranker) => [ranker.datasetId, ranker.id])),
    experiments: running
      .filter((experiment) => experiment.datasetId === dataset?.id)
      .map(({ id, name, seed, trafficShare, rankerId, arms: split }) => ({
        id,
        name,
        seed,
        trafficShare,
        rankerId,
        arms: split.map((arm) => ({
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

/**
 * The model and index that a request means: the named ones, else the first experiment's control, else the newest model
 * of the served dataset.
 * @throws DuetError `not-found` for a model or index that is not in the plan; `unavailable` where there is none at all
 */
export function chooseModel(plan: Plan, wanted: { modelId?: string; indexId?: string | null } = {}): PlannedModel {
  if (wanted.indexId) {
    const found = [...plan.models, ...plan.pinned].find(({ indexId }) => indexId === wanted.indexId);
    if (found !== undefined) return found;
    throw new DuetError('not-found', `Index ${wanted.indexId} is neither active nor in a running experiment.`);
  }
  const modelId =
    wanted.modelId ??
    plan.experiments[0]?.arms.find(({ control }) => control)?.modelId ??
    plan.models.find(({ datasetId }) => datasetId === plan.dataset?.id)?.modelId;
  if (modelId === undefined) {
    throw new DuetError('unavailable', 'No model has an index yet, so there is nothing to recommend from.', {
      fix: 'Train one and index it: npx duet train, then npx duet index.',
    });
  }
  const found = plan.models.find((model) => model.modelId === modelId);
  if (found !== undefined) return found;
  throw new DuetError('not-found', `Model ${modelId} does not exist or has no index.`, {
    fix: `Build one: npx duet index --model ${modelId}.`,
  });
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
