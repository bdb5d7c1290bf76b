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
  /** The dataset that answers a key of every dataset, unless the request names a model; undefined until one has an index. */
  dataset: { id: string; name: string } | undefined;
  /** Every model with an active index, newest first, in all datasets: what `modelId` may name. */
  models: PlannedModel[];
  /** Indexes that arms pin although they are not active. */
  pinned: PlannedModel[];
  /** Dataset → the newest ranker fitted on it. */
  rankers: Record<string, string>;
  /** Dataset → what its shop wants of every list; switched-off rules and those that are over are left out. */
  rules: Record<string, RankingRule[]>;
  /** Dataset → placement ("": every other) → the champion that answers there outside experiments, where it has an index. */
  deployed: Record<string, Record<string, string>>;
  /** Dataset → the model that its last decided experiment chose, where it has an index; else the newest answers. */
  decided: Record<string, string>;
  /** Running, in all datasets, the first started first: a user is in the first one of their dataset that takes them. */
  experiments: PlannedExperiment[];
  /** Datasets that keys belong to: what answers for them is open before the first request. */
  keyedDatasets: string[];
}

/** What is planned before the database was read. */
export const emptyPlan: Plan = {
  dataset: undefined,
  models: [],
  pinned: [],
  rankers: {},
  rules: {},
  deployed: {},
  decided: {},
  experiments: [],
  keyedDatasets: [],
};

/** Models the plan lists at most: older ones are kept on disk and are served again by building their index. */
const modelLimit = 200;

/** Reads the plan in a few indexed queries, cheap enough for every other second. */
export async function readPlan({ prisma }: Database): Promise<Plan> {
  const [running, rankers, rules, deployments, decided, keyed] = await Promise.all([
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
    prisma.deployment.findMany({
      select: { datasetId: true, placement: true, registeredModel: { select: { championId: true } } },
      orderBy: [{ datasetId: 'asc' }, { placement: 'asc' }],
    }),
    prisma.experiment.findMany({
      where: { simulated: false, status: 'decided', decision: { not: 'none' } },
      select: { datasetId: true, decision: true, arms: { select: { name: true, modelId: true } } },
      distinct: ['datasetId'],
      orderBy: [{ datasetId: 'asc' }, { decidedAt: 'desc' }],
    }),
    prisma.apiKey.findMany({
      where: { revokedAt: null, datasetId: { not: null } },
      select: { datasetId: true },
      distinct: ['datasetId'],
      orderBy: { datasetId: 'asc' },
    }),
  ]);
  const arms = running.flatMap((experiment) => experiment.arms);
  const champions = deployments.flatMap(({ registeredModel: { championId } }) => championId ?? []);
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
          { active: true, modelId: { in: [...champions, ...arms.map(({ modelId }) => modelId)] } },
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

  const datasetId = running.findLast(({ simulated }) => !simulated)?.datasetId ?? models[0]?.datasetId;
  const dataset =
    datasetId === undefined
      ? null
      : await prisma.dataset.findUnique({ where: { id: datasetId }, select: { id: true, name: true } });
  const indexed = new Set(models.map(({ modelId }) => modelId));
  const chosen = decided.map(({ datasetId: of, decision, arms: split }) => {
    return [of, split.find(({ name }) => name === decision)?.modelId ?? ''] as const;
  });
  return {
    dataset: dataset ?? undefined,
    models,
    pinned: further.filter(({ active }) => !active).map(planned),
    rankers: Object.fromEntries(rankers.map((ranker) => [ranker.datasetId, ranker.id])),
    rules: Object.fromEntries(
      [...Map.groupBy(rules, ({ datasetId: of }) => of)].map(([of, all]) => [of, all.map(plannedRule)]),
    ),
    deployed: championsOf(deployments, indexed),
    decided: Object.fromEntries(chosen.filter(([, modelId]) => indexed.has(modelId))),
    keyedDatasets: keyed.map(({ datasetId: of }) => of!),
    experiments: running.map(plannedExperiment),
  };
}

interface DeploymentRow {
  datasetId: string;
  placement: string;
  registeredModel: { championId: string | null };
}

/** The champions that have an index, by dataset and placement. */
function championsOf(deployments: readonly DeploymentRow[], indexed: ReadonlySet<string>): Plan['deployed'] {
  const deployed: Plan['deployed'] = {};
  for (const { datasetId, placement, registeredModel } of deployments) {
    const { championId } = registeredModel;
    if (championId === null || !indexed.has(championId)) continue;
    deployed[datasetId] = { ...deployed[datasetId], [placement]: championId };
  }
  return deployed;
}

/** An experiment's row with its arms, and the dataset's share of users who are in none. */
type ExperimentRow = Omit<PlannedExperiment, 'holdout'> & { dataset: { holdout: number } };

/** What of an experiment the plan says: a change of anything else is none of the plan. */
function plannedExperiment({ dataset: { holdout }, arms, ...experiment }: ExperimentRow): PlannedExperiment {
  return {
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
    rankerId: experiment.rankerId,
    arms: arms
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
  };
}

/** What a request says of the model that shall answer it. */
export interface ModelChoice {
  /** Of the key: nothing of another dataset answers. By default the plan's dataset. */
  datasetId?: string | undefined;
  modelId?: string | undefined;
  indexId?: string | null | undefined;
  /** Where in the shop the answer is shown. */
  placement?: string | undefined;
}

/**
 * The model and index that a request means: the named ones, else the champion that is deployed at its placement or everywhere,
 * else, where nothing is deployed, the control of the dataset's first experiment, what its last experiment decided for, or its
 * newest model.
 *
 * @throws DuetError `not-found` for a model or index that is not in the plan, or of another dataset; `unavailable` where
 *   there is none at all
 */
export function chooseModel(plan: Plan, wanted: ModelChoice = {}): PlannedModel {
  const { datasetId, modelId: named, indexId, placement = '' } = wanted;
  const mayAnswer = (planned: PlannedModel) => datasetId === undefined || planned.datasetId === datasetId;
  if (indexId) {
    const found = [...plan.models, ...plan.pinned].find((planned) => planned.indexId === indexId && mayAnswer(planned));
    if (found !== undefined) return found;
    throw new DuetError('not-found', `Index ${indexId} is neither active nor in a running experiment.`);
  }
  const modelId = named ?? defaultModel(plan, datasetId ?? plan.dataset?.id, placement);
  if (modelId === undefined) {
    throw new DuetError('unavailable', 'No model has an index yet, so there is nothing to recommend from.', {
      fix: 'Train one and index it: npx duet train, then npx duet index.',
    });
  }
  const found = plan.models.find((planned) => planned.modelId === modelId && mayAnswer(planned));
  if (found !== undefined) return found;
  throw new DuetError('not-found', `Model ${modelId} does not exist or has no index.`, {
    fix: `Build one: npx duet index --model ${modelId}.`,
  });
}

function defaultModel(
  { experiments, deployed, decided, models }: Plan,
  datasetId: string | undefined,
  placement: string,
): string | undefined {
  if (datasetId === undefined) return undefined;
  const champion = deployed[datasetId]?.[placement] ?? deployed[datasetId]?.[''];
  if (champion !== undefined) return champion;
  const first = experiments.find((experiment) => experiment.datasetId === datasetId && !experiment.simulated);
  return (
    first?.arms.find(({ control }) => control)?.modelId ??
    decided[datasetId] ??
    models.find((planned) => planned.datasetId === datasetId)?.modelId
  );
}

/** What a plan needs open before any request comes: every arm's model, what is deployed, and what answers for each dataset that is asked for. */
export function neededModels(plan: Plan): PlannedModel[] {
  if (plan.models.length === 0) return [];
  const arms = plan.experiments.flatMap((experiment) => experiment.arms);
  const defaults = plan.keyedDatasets.map((datasetId) => ({ datasetId }));
  const placements = Object.entries(plan.deployed).flatMap(([datasetId, of]) =>
    Object.keys(of).map((placement) => ({ datasetId, placement })),
  );
  const wanted = [{}, ...defaults, ...placements, ...arms].flatMap((one) => {
    try {
      return chooseModel(plan, one);
    } catch {
      return []; // An arm or a dataset whose model has no index: its requests say so.
    }
  });
  return [...new Map(wanted.map((planned) => [planned.indexId, planned])).values()];
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
