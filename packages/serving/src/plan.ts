import { DuetError } from '@duet/base';
import type { Database, Rule } from '@duet/db';
import type { RankingRule } from '@duet/ranking';

/** One model with the index that serves it. */
export interface PlannedModel {
  modelId: string;
  indexId: string;
  /** Of the index: counts the model's from 1. */
  version: number;
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
  /** `armSettings` of packages/experiments, which parsed them when they were stored. */
  settings: unknown;
}

export interface PlannedExperiment {
  id: string;
  datasetId: string;
  name: string;
  seed: string;
  design: 'ab' | 'interleaving';
  phase: number;
  trafficShare: number;
  layer: string | null;
  layerFrom: number | null;
  layerTo: number | null;
  simulated: boolean;
  /** Share of the dataset's users who are in no experiment. */
  holdout: number;
  /** `experimentSettings` of packages/experiments. */
  settings: unknown;
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
  /** Dataset → what its shop wants of every list; switched-off rules and those that are over are left out. */
  rules: Record<string, RankingRule[]>;
  /** The model that the dataset's last decided experiment chose, where it has an index; null leaves it to the newest. */
  decidedModelId: string | null;
  /** Running, the first started first: a user is in the first one that takes them. Simulated ones are of one dataset too. */
  experiments: PlannedExperiment[];
}

/** Models the plan lists at most: older ones are kept on disk and are served again by building their index. */
const modelLimit = 200;

/** Reads the plan in a few indexed queries, cheap enough for every other second. */
export async function readPlan({ prisma }: Database): Promise<Plan> {
  const [running, rankers, rules] = await Promise.all([
    prisma.experiment.findMany({
      where: { status: 'running' },
      include: { arms: { orderBy: { position: 'asc' } }, dataset: { select: { holdout: true } } },
      orderBy: [{ startedAt: 'asc' }, { id: 'asc' }],
    }),
    prisma.ranker.findMany({ select: { id: true, datasetId: true }, orderBy: [{ createdAt: 'asc' }, { id: 'asc' }] }),
    prisma.rule.findMany({
      where: { enabled: true, OR: [{ endsAt: null }, { endsAt: { gt: new Date() } }] },
      orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    }),
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

  const lastOf = (simulated: boolean) =>
    running.findLast((experiment) => experiment.simulated === simulated)?.datasetId;
  const datasetId = lastOf(false) ?? models[0]?.datasetId;
  const [dataset, decided] =
    datasetId === undefined
      ? [null, null]
      : await Promise.all([
          prisma.dataset.findUnique({ where: { id: datasetId }, select: { id: true, name: true } }),
          prisma.experiment.findFirst({
            where: { datasetId, simulated: false, status: 'decided', decision: { not: 'none' } },
            select: { decision: true, arms: { select: { name: true, modelId: true } } },
            orderBy: { decidedAt: 'desc' },
          }),
        ]);
  const chosen = decided?.arms.find(({ name }) => name === decided.decision)?.modelId;
  return {
    dataset: dataset ?? undefined,
    models,
    pinned: further.filter(({ active }) => !active).map(planned),
    rankers: Object.fromEntries(rankers.map((ranker) => [ranker.datasetId, ranker.id])),
    rules: Object.fromEntries(
      [...Map.groupBy(rules, ({ datasetId: of }) => of)].map(([of, all]) => [of, all.map(plannedRule)]),
    ),
    decidedModelId: models.find(({ modelId }) => modelId === chosen)?.modelId ?? null,
    experiments: running
      .filter(({ simulated, datasetId: of }) => of === (simulated ? lastOf(true) : dataset?.id))
      .map(({ rankerId, arms: split, dataset: { holdout }, ...experiment }) => ({
        id: experiment.id,
        datasetId: experiment.datasetId,
        name: experiment.name,
        seed: experiment.seed,
        design: experiment.design,
        phase: experiment.phase,
        trafficShare: experiment.trafficShare,
        layer: experiment.layer,
        layerFrom: experiment.layerFrom,
        layerTo: experiment.layerTo,
        simulated: experiment.simulated,
        holdout,
        settings: experiment.settings,
        rankerId,
        arms: split
          .filter(({ weight }) => weight > 0)
          .map((arm) => ({
            id: arm.id,
            name: arm.name,
            weight: arm.weight,
            position: arm.position,
            control: arm.control,
            modelId: arm.modelId,
            indexId: arm.indexId,
            settings: arm.settings,
          })),
      })),
  };
}

/**
 * The model and index that a request means: the named ones, else the first experiment's control, else what the last
 * experiment decided for, else the newest model of the served dataset.
 * @throws DuetError `not-found` for a model or index that is not in the plan; `unavailable` where there is none at all
 */
export function chooseModel(
  plan: Plan,
  wanted: { modelId?: string | undefined; indexId?: string | null | undefined } = {},
): PlannedModel {
  if (wanted.indexId) {
    const found = [...plan.models, ...plan.pinned].find(({ indexId }) => indexId === wanted.indexId);
    if (found !== undefined) return found;
    throw new DuetError('not-found', `Index ${wanted.indexId} is neither active nor in a running experiment.`);
  }
  const modelId =
    wanted.modelId ??
    plan.experiments.find(({ simulated }) => !simulated)?.arms.find(({ control }) => control)?.modelId ??
    plan.decidedModelId ??
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
  version: number;
  nprobe: number | null;
  factory: string;
  recallAt100: number;
  p50Us: number;
  model: { name: string; kind: string; datasetId: string };
}

function planned({ id, modelId, version, nprobe, factory, recallAt100, p50Us, model }: IndexRow): PlannedModel {
  const { name, kind, datasetId } = model;
  return { modelId, indexId: id, version, name, kind, datasetId, nprobe, factory, recallAt100, p50Us };
}

function plannedRule(rule: Rule): RankingRule {
  const { id, kind, itemId, category, placement, place, factor, startsAt, endsAt } = rule;
  const times = { startsAt: startsAt?.toISOString() ?? null, endsAt: endsAt?.toISOString() ?? null };
  return { id, kind, itemId, category, placement, place, factor, ...times };
}
