import { DuetError } from '@duet/base';
import { type Arm, type Author, type Database, type Experiment, type Prisma, writeAudit } from '@duet/db';
import { z } from 'zod';
import { metrics as duetMetrics, type Metric } from '../metrics/experiment-metrics.ts';
import { armSettings, experimentSettings, parseSettings } from './experiment-settings.ts';

/** An arm with what it follows. */
export type PlannedArm = Arm & { registeredModel: { name: string; championId: string | null } | null };

export type ExperimentWithArms = Experiment & { arms: PlannedArm[] };

/**
 * The model that an arm serves now: the pinned one, or the champion of what it follows; null where there is none yet.
 */
export const servedModel = ({ modelId, registeredModel }: Pick<PlannedArm, 'modelId' | 'registeredModel'>) =>
  modelId ?? registeredModel?.championId ?? null;

const uuid = z.guid().transform((id) => id.toLowerCase());
/** "none" is what a decision says where no arm won. */
const armName = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .refine((name) => name !== 'none', 'An arm cannot be called none');
const armsInput = z
  .array(
    z.strictObject({
      name: armName,
      /** Pinned. */
      modelId: uuid.nullish(),
      /** Followed: the arm serves its champion, whichever version that is. */
      registeredModelId: uuid.nullish(),
      /** Pinned index of a pinned model; its active one by default. */
      indexId: uuid.nullish(),
      weight: z.number().min(0).max(1),
      control: z.boolean().default(false),
      settings: armSettings.prefault({}),
    }),
  )
  .max(20)
  .refine(
    (arms) => arms.every(({ modelId, registeredModelId }) => (modelId == null) !== (registeredModelId == null)),
    'An arm pins a model or follows a registered model, one of the two',
  )
  .refine(
    (arms) => arms.every(({ modelId, indexId }) => indexId == null || modelId != null),
    'Only an arm that pins a model pins an index of it',
  )
  .refine((arms) => arms.filter(({ weight }) => weight > 0).length >= 2, 'An experiment needs at least two arms')
  .refine((arms) => new Set(arms.map(({ name }) => name)).size === arms.length, 'Two arms have the same name')
  .refine((arms) => arms.filter(({ control }) => control).length === 1, 'Exactly one arm must be the control')
  .refine(
    (arms) => Math.abs(arms.reduce((sum, { weight }) => sum + weight, 0) - 1) < 1e-9,
    'The weights of the arms must sum to 1',
  );

/** What decides how an experiment works, and what its draft may change. */
export const experimentPlan = z.object({
  rankerId: uuid.nullable().default(null),
  design: z.enum(['ab', 'interleaving']).default('ab'),
  trafficShare: z.number().min(0).max(1).default(1),
  primaryMetric: z.string().default('ctr'),
  layer: z.string().trim().min(1).max(100).nullable().default(null),
  settings: experimentSettings.prefault({}),
  arms: armsInput,
});

const experimentInput = experimentPlan
  .extend({
    name: z.string().trim().min(1).max(200),
    datasetId: uuid,
    /** Seed of the assignment hash; the name by default. */
    seed: z.string().min(1).max(200).optional(),
    /** Only simulated shoppers enter it. */
    simulated: z.boolean().default(false),
  })
  .superRefine(checkPlan);

export type ExperimentInput = z.input<typeof experimentInput>;
export type ExperimentPlan = z.output<typeof experimentPlan>;

/**
 * Who changes an experiment, and the metrics that it may be judged by: Duet's, unless the shop's own are among them.
 */
export interface ExperimentAuthor extends Author {
  metrics?: readonly Metric[];
}

/** @throws DuetError `bad-input` naming a metric that there is not */
export function checkMetrics(
  { primaryMetric, settings }: Pick<ExperimentPlan, 'primaryMetric' | 'settings'>,
  { metrics = duetMetrics }: ExperimentAuthor,
): void {
  const named = [
    ['primaryMetric', primaryMetric] as const,
    ...settings.guardrails.map(({ metric }, i) => [`settings.guardrails.${i}.metric`, metric] as const),
  ];
  for (const [field, name] of named) {
    if (metrics.some(({ key }) => key === name)) continue;
    throw new DuetError('bad-input', `There is no metric "${name}".`, {
      where: { field },
      fix: `The metrics are ${metrics.map(({ key }) => key).join(', ')}; DUET_METRICS names a file with more.`,
    });
  }
}

/** An override names an arm that there is; a list is drafted by two teams. */
export function checkPlan(
  { design, settings, arms }: Pick<ExperimentPlan, 'design' | 'settings' | 'arms'>,
  context: z.RefinementCtx,
): void {
  if (design === 'interleaving') {
    const inUse = arms.filter(({ weight }) => weight > 0);
    if (inUse.length !== 2 || !inUse.some(({ control }) => control)) {
      context.addIssue({ code: 'custom', path: ['arms'], message: 'An interleaving needs control and one other arm' });
    }
    if (settings.exploration > 0) {
      const message = 'An interleaved list cannot be explored too: its places are drawn already';
      context.addIssue({ code: 'custom', path: ['settings', 'exploration'], message });
    }
  }
  for (const [user, named] of Object.entries(settings.overrides)) {
    if (arms.some(({ name, weight }) => name === named && weight > 0)) continue;
    const path = ['settings', 'overrides', user];
    context.addIssue({ code: 'custom', path, message: `There is no arm "${named}"` });
  }
}

/** @throws DuetError `bad-input` naming the field */
export function parseInput<Schema extends z.ZodType>(schema: Schema, input: unknown): z.output<Schema> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const { message, path } = parsed.error.issues[0]!;
  throw new DuetError('bad-input', `${message}.`, { where: { field: path.join('.') } });
}

export const withArms = {
  arms: { orderBy: { position: 'asc' }, include: { registeredModel: { select: { name: true, championId: true } } } },
} as const satisfies Prisma.ExperimentInclude;

/**
 * Finds an experiment by its id or its name.
 *
 * @throws DuetError `not-found`
 */
export async function findExperiment({ prisma }: Database, idOrName: string): Promise<ExperimentWithArms> {
  const isId = uuid.safeParse(idOrName).success;
  const found = await prisma.experiment.findFirst({
    where: isId ? { OR: [{ id: idOrName }, { name: idOrName }] } : { name: idOrName },
    include: withArms,
  });
  if (found) return found;
  throw new DuetError('not-found', `There is no experiment "${idOrName}".`, {
    fix: 'npx duet experiment list shows them.',
  });
}

/**
 * Checks that arms and ranker are of the experiment's dataset.
 *
 * @throws DuetError `bad-input` naming the field; `not-found` on an unknown dataset
 */
export async function checkParts(
  prisma: Prisma.TransactionClient,
  datasetId: string,
  { arms, rankerId }: Pick<ExperimentPlan, 'arms' | 'rankerId'>,
): Promise<void> {
  const dataset = await prisma.dataset.findUnique({ where: { id: datasetId }, select: { name: true } });
  if (!dataset) {
    throw new DuetError('not-found', `There is no dataset ${datasetId}.`, { where: { field: 'datasetId' } });
  }
  const models = await prisma.model.findMany({
    where: { datasetId, id: { in: arms.flatMap(({ modelId }) => modelId ?? []) } },
    select: { id: true, indexes: { select: { id: true } } },
  });
  const registered = await prisma.registeredModel.findMany({ where: { datasetId }, select: { id: true } });
  for (const [i, { modelId, registeredModelId, indexId }] of arms.entries()) {
    if (registeredModelId != null) {
      if (registered.some(({ id }) => id === registeredModelId)) continue;
      throw new DuetError('bad-input', `Dataset "${dataset.name}" has no registered model ${registeredModelId}.`, {
        where: { field: `arms.${i}.registeredModelId` },
        fix: 'An arm follows a registered model of the dataset of the experiment.',
      });
    }
    const model = models.find(({ id }) => id === modelId);
    if (!model) {
      throw new DuetError('bad-input', `Dataset "${dataset.name}" has no model ${modelId}.`, {
        where: { field: `arms.${i}.modelId` },
        fix: 'Every arm needs a model that was trained on the dataset of the experiment.',
      });
    }
    if (indexId && !model.indexes.some(({ id }) => id === indexId)) {
      throw new DuetError('bad-input', `Model ${modelId} has no index ${indexId}.`, {
        where: { field: `arms.${i}.indexId` },
      });
    }
  }
  const rankers = [
    ['rankerId', rankerId] as const,
    ...arms.map(({ settings }, i) => [`arms.${i}.settings.rankerId`, settings.rankerId] as const),
  ];
  for (const [field, id] of rankers) {
    if (!id || (await prisma.ranker.findFirst({ where: { id, datasetId } }))) continue;
    throw new DuetError('bad-input', `Dataset "${dataset.name}" has no ranker ${id}.`, { where: { field } });
  }
}

/** An experiment as `assignUser` takes it, with the share of its dataset's users who are in none. */
export function assignable({ settings, ...experiment }: Experiment & { arms: Arm[] }, holdout = 0) {
  return { ...experiment, holdout, settings: parseSettings(settings) };
}

/** What an audit log shows of an experiment. */
export function viewOf({ arms, ...experiment }: ExperimentWithArms): object {
  const { name, status, design, trafficShare, primaryMetric, rankerId, layer, simulated, phase, settings } = experiment;
  return {
    ...{ name, status, design, trafficShare, primaryMetric, rankerId, layer, simulated, phase },
    decision: experiment.decision,
    settings,
    arms: arms.map(({ name, weight, control, modelId, registeredModelId, indexId, settings }) => ({
      ...{ name, weight, control, modelId, registeredModelId, indexId, settings },
    })),
  };
}

/**
 * Makes a draft of an experiment: arms take their buckets in the order given.
 *
 * @throws DuetError `bad-input` on weights, control, names, settings or a model, index or ranker of another dataset;
 * `not-found` on an unknown dataset; `conflict` when the name is taken
 */
export async function createExperiment(
  { prisma }: Database,
  input: ExperimentInput,
  author: ExperimentAuthor = {},
): Promise<ExperimentWithArms> {
  const { name, seed = name, arms, ...plan } = parseInput(experimentInput, input);
  checkMetrics(plan, author);
  await checkParts(prisma, plan.datasetId, { arms, rankerId: plan.rankerId });
  try {
    return await prisma.$transaction(async (tx) => {
      const made = await tx.experiment.create({
        data: {
          ...plan,
          name,
          seed,
          arms: { create: arms.map((arm, position) => ({ ...arm, position })) },
        },
        include: withArms,
      });
      const change = { action: 'create', objectKind: 'experiment', objectId: made.id };
      await writeAudit(tx, author, { ...change, before: null, after: viewOf(made) });
      return made;
    });
  } catch (cause) {
    throw nameTaken(cause, name);
  }
}

/** The sentence for a name that another experiment has; any other error as it is. */
export function nameTaken(cause: unknown, name: string): unknown {
  if ((cause as { code?: string }).code !== 'P2002') return cause;
  return new DuetError('conflict', `There is already an experiment "${name}".`, {
    where: { field: 'name' },
    fix: 'Choose another name.',
    cause,
  });
}

/**
 * The experiment of that name: made where there is none, else the one there is, provided that it is the same.
 *
 * @throws DuetError `conflict` when one of that name has other arms, dataset, ranker or seed; as {@link
 *   createExperiment}
 */
export async function ensureExperiment(
  database: Database,
  input: ExperimentInput,
  author: ExperimentAuthor = {},
): Promise<ExperimentWithArms> {
  const requested = parseInput(experimentInput, input);
  const known = await database.prisma.experiment.findUnique({ where: { name: requested.name }, include: withArms });
  if (!known) return createExperiment(database, input, author);
  const shape = (arms: readonly (ExperimentPlan['arms'][number] | PlannedArm)[]) =>
    JSON.stringify(
      arms.map(({ name, modelId = null, registeredModelId = null, indexId = null, weight, control }) => {
        return [name, modelId, registeredModelId, indexId, weight, control];
      }),
    );
  const differing = [
    known.datasetId === requested.datasetId ? '' : 'another dataset',
    known.seed === (requested.seed ?? requested.name) ? '' : 'another seed',
    [null, known.rankerId].includes(requested.rankerId) ? '' : 'another ranker',
    shape(known.arms) === shape(requested.arms) ? '' : 'other arms',
  ].filter(Boolean);
  if (differing.length === 0) return known;
  throw new DuetError('conflict', `Experiment "${requested.name}" exists with ${differing.join(' and ')}.`, {
    where: { field: 'name' },
    fix: 'Choose another name: an experiment never changes what it compares.',
  });
}
