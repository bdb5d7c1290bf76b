import { DuetError } from '@duet/base';
import { parseShop, type ShopSettings } from '@duet/datasets';
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
  /**
   * Pinned, or the champion of the registered model that it follows; that model's own id, of which nothing is served,
   * while it has none.
   */
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

/**
 * What the database says should be served. Two equal plans serialise to equal JSON: that text is the plan's version.
 */
export interface Plan {
  /** Dataset → its name, in the order in which they were made: all that are whole. */
  datasets: Record<string, string>;
  /** Every model with an active index, newest first, in all datasets: what `modelId` may name. */
  models: PlannedModel[];
  /** Indexes that arms pin although they are not active. */
  pinned: PlannedModel[];
  /** Dataset → the newest ranker fitted on it. */
  rankers: Record<string, string>;
  /** Dataset → what its shop decided about its lists and events. */
  storefront: Record<string, ShopSettings>;
  /** Dataset → what its shop wants of every list; switched-off rules and those that are over are left out. */
  rules: Record<string, RankingRule[]>;
  /**
   * Dataset → placement ("": every other) → the champion that answers there outside experiments, where it has an index.
   */
  deployed: Record<string, Record<string, string>>;
  /** Running, in all datasets, the first started first: a user is in the first one of their dataset that takes them. */
  experiments: PlannedExperiment[];
  /** Datasets that keys belong to: what answers for them is open before the first request. */
  keyedDatasets: string[];
}

/** What is planned before the database was read. */
export const emptyPlan: Plan = {
  datasets: {},
  storefront: {},
  models: [],
  pinned: [],
  rankers: {},
  rules: {},
  deployed: {},
  experiments: [],
  keyedDatasets: [],
};

/** Models the plan lists at most: older ones are kept on disk and are served again by building their index. */
const modelLimit = 200;

/** Reads the plan in a few indexed queries, cheap enough for every other second. */
export async function readPlan({ prisma }: Database): Promise<Plan> {
  const followed = { registeredModel: { select: { championId: true } } } as const;
  const [datasets, running, rankers, rules, deployments, keyed] = await Promise.all([
    prisma.dataset.findMany({
      where: { status: 'done' },
      select: { id: true, name: true, storefront: true, showOutOfStock: true },
      orderBy: [{ createdAt: 'asc' }, { id: 'asc' }],
    }),
    prisma.experiment.findMany({
      where: { status: 'running' },
      include: { arms: { orderBy: { position: 'asc' }, include: followed }, dataset: { select: { holdout: true } } },
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
          { active: true, modelId: { in: [...champions, ...arms.map(armModel)] } },
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

  const indexed = new Set(models.map(({ modelId }) => modelId));
  return {
    datasets: Object.fromEntries(datasets.map(({ id, name }) => [id, name])),
    storefront: Object.fromEntries(datasets.map((dataset) => [dataset.id, parseShop(dataset)])),
    models,
    pinned: further.filter(({ active }) => !active).map(planned),
    rankers: Object.fromEntries(rankers.map((ranker) => [ranker.datasetId, ranker.id])),
    rules: Object.fromEntries(
      [...Map.groupBy(rules, ({ datasetId: of }) => of)].map(([of, all]) => [of, all.map(plannedRule)]),
    ),
    deployed: championsOf(deployments, indexed),
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

/** An arm's row with the champion of what it follows. */
type ArmRow = Omit<PlannedArm, 'modelId'> & {
  modelId: string | null;
  registeredModelId: string | null;
  registeredModel: { championId: string | null } | null;
};

const armModel = ({
  modelId,
  registeredModelId,
  registeredModel,
}: Pick<ArmRow, 'modelId' | 'registeredModelId' | 'registeredModel'>): string =>
  modelId ?? registeredModel?.championId ?? registeredModelId!;

/** An experiment's row with its arms, and the dataset's share of users who are in none. */
type ExperimentRow = Omit<PlannedExperiment, 'holdout' | 'arms'> & { arms: ArmRow[]; dataset: { holdout: number } };

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
        modelId: armModel(arm),
        indexId: arm.indexId,
        settings: arm.settings,
      })),
  };
}

/** What a request says of the model that shall answer it. */
export interface ModelChoice {
  /** Of the key: nothing of another dataset answers. By default the only one that there is. */
  datasetId?: string | undefined;
  modelId?: string | undefined;
  indexId?: string | null | undefined;
  /** Where in the shop the answer is shown. */
  placement?: string | undefined;
}

/** The dataset of an installation that has one; undefined where there is none, or where something must say which. */
export function onlyDataset({ datasets }: Pick<Plan, 'datasets'>): string | undefined {
  const ids = Object.keys(datasets);
  return ids.length === 1 ? ids[0] : undefined;
}

/**
 * The dataset that answers a request: the key's, that of the model or index that it names, or the only one.
 *
 * @throws DuetError `unavailable` where there is none; `bad-input` where there are several and nothing says which
 */
export function chooseDataset(plan: Plan, { datasetId, modelId, indexId }: ModelChoice): string {
  const { datasets, models, pinned } = plan;
  if (datasetId !== undefined) {
    if (Object.hasOwn(datasets, datasetId)) return datasetId;
    throw new DuetError('unavailable', 'The dataset of this key is not there yet, or not any more.', {
      fix: 'Import it: npx duet import, or use a key of a dataset that there is.',
    });
  }
  const named = [...models, ...pinned].find((one) => (indexId ? one.indexId === indexId : one.modelId === modelId));
  if (named !== undefined) return named.datasetId;
  const only = onlyDataset(plan);
  if (only !== undefined) return only;
  if (Object.keys(datasets).length === 0) {
    throw new DuetError('unavailable', 'There is no dataset yet, so there is nothing to recommend from.', {
      fix: 'Import one: npx duet import.',
    });
  }
  throw new DuetError('bad-input', `Which dataset? There are ${Object.values(datasets).join(', ')}.`, {
    where: { field: 'dataset' },
    fix: 'Use a key that belongs to one (npx duet keys create --dataset), or name it in the header x-duet-dataset.',
  });
}

/**
 * The model and index that a request means: the named ones, else the champion that is deployed at its placement or
 * everywhere, else the control of the dataset's first running experiment; undefined where there is none, and popular
 * items answer.
 *
 * @throws DuetError `not-found` for a model or index that is not in the plan, or of another dataset; as {@link
 *   chooseDataset}
 */
export function chooseModel(plan: Plan, choice: ModelChoice = {}): PlannedModel | undefined {
  const { modelId: named, indexId, placement = '' } = choice;
  const mayAnswer = ({ datasetId }: PlannedModel) => (choice.datasetId ?? datasetId) === datasetId;
  if (indexId) {
    const found = [...plan.models, ...plan.pinned].find((planned) => planned.indexId === indexId && mayAnswer(planned));
    if (found !== undefined) return found;
    throw new DuetError('not-found', `Index ${indexId} is neither active nor in a running experiment.`);
  }
  const modelId = named ?? defaultModel(plan, chooseDataset(plan, choice), placement);
  if (modelId === undefined) return undefined;
  const found = plan.models.find((planned) => planned.modelId === modelId && mayAnswer(planned));
  if (found !== undefined) return found;
  throw new DuetError('not-found', `Model ${modelId} does not exist or has no index.`, {
    fix: `Build one: npx duet index --model ${modelId}.`,
  });
}

function defaultModel({ experiments, deployed }: Plan, datasetId: string, placement: string): string | undefined {
  const champion = deployed[datasetId]?.[placement] ?? deployed[datasetId]?.[''];
  if (champion !== undefined) return champion;
  const first = experiments.find((experiment) => experiment.datasetId === datasetId && !experiment.simulated);
  return first?.arms.find(({ control }) => control)?.modelId;
}

/**
 * What a plan needs open before any request comes: every arm's model, what is deployed, and what answers outside
 * experiments.
 */
export function neededModels(plan: Plan): PlannedModel[] {
  const arms = plan.experiments.flatMap(({ datasetId, arms: of }) => of.map((arm) => ({ datasetId, ...arm })));
  const defaults = Object.keys(plan.datasets).map((datasetId) => ({ datasetId }));
  const placements = Object.entries(plan.deployed).flatMap(([datasetId, of]) =>
    Object.keys(of).map((placement) => ({ datasetId, placement })),
  );
  const chosen = [...defaults, ...placements, ...arms].flatMap((one) => {
    try {
      return chooseModel(plan, one) ?? [];
    } catch {
      return []; // An arm or a dataset whose model has no index: its requests say so.
    }
  });
  return [...new Map(chosen.map((planned) => [planned.indexId, planned])).values()];
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
