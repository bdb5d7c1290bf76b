import { DuetError } from '@duet/config';
import type { Arm, Database, Experiment, ExperimentStatus, Prisma } from '@duet/db';
import { z } from 'zod';

export type ExperimentWithArms = Experiment & { arms: Arm[] };

const uuid = z.guid();

const experimentInput = z.object({
  name: z.string().trim().min(1).max(200),
  datasetId: uuid,
  /** Seed of the assignment hash; the name by default. */
  seed: z.string().min(1).max(200).optional(),
  rankerId: uuid.nullish(),
  trafficShare: z.number().min(0).max(1).default(1),
  primaryMetric: z.enum(['ctr', 'conversion', 'gmvPerUser', 'ordersPerUser']).default('ctr'),
  arms: z
    .array(
      z.object({
        name: z.string().trim().min(1).max(200),
        modelId: uuid,
        /** Pinned index; the model's active one by default. */
        indexId: uuid.nullish(),
        weight: z.number().min(0).max(1),
        control: z.boolean().default(false),
      }),
    )
    .min(2, 'An experiment needs at least two arms')
    .refine((arms) => new Set(arms.map(({ name }) => name)).size === arms.length, 'Two arms have the same name')
    .refine((arms) => arms.filter(({ control }) => control).length === 1, 'Exactly one arm must be the control')
    .refine(
      (arms) => Math.abs(arms.reduce((sum, { weight }) => sum + weight, 0) - 1) < 1e-9,
      'The weights of the arms must sum to 1',
    ),
});

export type ExperimentInput = z.input<typeof experimentInput>;

function parse(input: ExperimentInput): z.output<typeof experimentInput> {
  const parsed = experimentInput.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw new DuetError('bad-input', `${issue.message}.`, { where: { field: issue.path.join('.') } });
}

/**
 * Finds an experiment by its id or its name.
 *
 * @throws DuetError `not-found`
 */
export async function findExperiment({ prisma }: Database, idOrName: string): Promise<ExperimentWithArms> {
  const isId = uuid.safeParse(idOrName).success;
  const found = await prisma.experiment.findFirst({
    where: isId ? { OR: [{ id: idOrName }, { name: idOrName }] } : { name: idOrName },
    include: { arms: { orderBy: { position: 'asc' } } },
  });
  if (found) return found;
  throw new DuetError('not-found', `There is no experiment "${idOrName}".`);
}

/**
 * Makes a draft of an experiment: arms take their buckets in the order given.
 *
 * @throws DuetError `bad-input` on weights, control, names or a model, index or ranker of another dataset; `not-found`
 * on an unknown dataset; `conflict` when the name is taken
 */
export async function createExperiment(database: Database, input: ExperimentInput): Promise<ExperimentWithArms> {
  const { prisma } = database;
  const { name, datasetId, seed = name, rankerId = null, trafficShare, primaryMetric, arms } = parse(input);
  const dataset = await prisma.dataset.findUnique({ where: { id: datasetId }, select: { name: true } });
  if (!dataset)
    throw new DuetError('not-found', `There is no dataset ${datasetId}.`, { where: { field: 'datasetId' } });
  const models = await prisma.model.findMany({
    where: { datasetId, id: { in: arms.map(({ modelId }) => modelId) } },
    select: { id: true, indexes: { select: { id: true } } },
  });
  for (const [i, { modelId, indexId }] of arms.entries()) {
    const model = models.find(({ id }) => id === modelId.toLowerCase());
    if (!model) {
      throw new DuetError('bad-input', `Dataset "${dataset.name}" has no model ${modelId}.`, {
        where: { field: `arms.${i}.modelId` },
        fix: 'Every arm needs a model that was trained on the dataset of the experiment.',
      });
    }
    if (indexId && !model.indexes.some(({ id }) => id === indexId.toLowerCase())) {
      throw new DuetError('bad-input', `Model ${modelId} has no index ${indexId}.`, {
        where: { field: `arms.${i}.indexId` },
      });
    }
  }
  if (rankerId && !(await prisma.ranker.findFirst({ where: { id: rankerId, datasetId } }))) {
    throw new DuetError('bad-input', `Dataset "${dataset.name}" has no ranker ${rankerId}.`, {
      where: { field: 'rankerId' },
    });
  }
  try {
    return await prisma.experiment.create({
      data: {
        name,
        datasetId,
        seed,
        rankerId,
        trafficShare,
        primaryMetric,
        arms: { create: arms.map(({ indexId = null, ...arm }, position) => ({ ...arm, indexId, position })) },
      },
      include: { arms: { orderBy: { position: 'asc' } } },
    });
  } catch (cause) {
    if ((cause as { code?: string }).code !== 'P2002') throw cause;
    throw new DuetError('conflict', `There is already an experiment "${name}".`, {
      where: { field: 'name' },
      fix: 'Choose another name.',
      cause,
    });
  }
}

/**
 * The experiment of that name: made where there is none, else the one there is, provided that it is the same.
 *
 * @throws DuetError `conflict` when one of that name has other arms, dataset, ranker or seed; as {@link createExperiment}
 */
export async function ensureExperiment(database: Database, input: ExperimentInput): Promise<ExperimentWithArms> {
  const wanted = parse(input);
  const include = { arms: { orderBy: { position: 'asc' } } } as const;
  const known = await database.prisma.experiment.findUnique({ where: { name: wanted.name }, include });
  if (!known) return createExperiment(database, input);
  const shape = (
    arms: { name: string; modelId: string; indexId?: string | null; weight: number; control: boolean }[],
  ) => JSON.stringify(arms.map((arm) => [arm.name, arm.modelId, arm.indexId ?? null, arm.weight, arm.control]));
  const differing = [
    known.datasetId === wanted.datasetId ? '' : 'another dataset',
    known.seed === (wanted.seed ?? wanted.name) ? '' : 'another seed',
    known.rankerId === (wanted.rankerId ?? null) ? '' : 'another ranker',
    shape(known.arms) === shape(wanted.arms) ? '' : 'other arms',
  ].filter(Boolean);
  if (differing.length === 0) return known;
  throw new DuetError('conflict', `Experiment "${wanted.name}" exists with ${differing.join(' and ')}.`, {
    where: { field: 'name' },
    fix: 'Choose another name: an experiment never changes what it compares.',
  });
}

/** Changes an experiment that is in the state `from`, leaves any other alone, and returns it as it is then. */
async function advance(
  database: Database,
  idOrName: string,
  from: ExperimentStatus,
  data: Prisma.ExperimentUpdateManyMutationInput,
): Promise<ExperimentWithArms> {
  const { id } = await findExperiment(database, idOrName);
  await database.prisma.experiment.updateMany({ where: { id, status: from }, data });
  return findExperiment(database, id);
}

/**
 * Starts a draft; one that runs already stays as it is.
 *
 * @throws DuetError `not-found`; `conflict` for one that was stopped: its users would return with memories of it
 */
export async function startExperiment(
  database: Database,
  idOrName: string,
  { now = new Date() }: { now?: Date } = {},
): Promise<ExperimentWithArms> {
  const experiment = await advance(database, idOrName, 'draft', {
    status: 'running',
    startedAt: now,
    phaseStartedAt: now,
  });
  if (experiment.status === 'running') return experiment;
  throw new DuetError('conflict', `Experiment "${experiment.name}" is ${experiment.status} and cannot start again.`, {
    fix: 'Create a new experiment: its users are dealt out afresh.',
  });
}

/**
 * Stops a running experiment; one that is stopped stays as it is.
 *
 * @throws DuetError `not-found`; `conflict` for a draft
 */
export async function stopExperiment(
  database: Database,
  idOrName: string,
  { now = new Date() }: { now?: Date } = {},
): Promise<ExperimentWithArms> {
  const experiment = await advance(database, idOrName, 'running', { status: 'stopped', stoppedAt: now });
  if (experiment.status !== 'draft') return experiment;
  throw new DuetError('conflict', `Experiment "${experiment.name}" is a draft: it has not started.`);
}
