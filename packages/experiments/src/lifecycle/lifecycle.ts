import { DuetError } from '@duet/base';
import { type Author, type Database, differenceOf, type Prisma, writeAudit } from '@duet/db';
import { takeSlice } from '../assign/layer-slice.ts';
import {
  checkMetrics,
  checkParts,
  checkPlan,
  type ExperimentAuthor,
  type ExperimentPlan,
  type ExperimentWithArms,
  experimentPlan,
  findExperiment,
  nameTaken,
  parseInput,
  viewOf,
  withArms,
} from '../plan/experiment.ts';
import { type ExperimentSettings, parseSettings } from '../plan/experiment-settings.ts';

const dayMs = 86_400_000;

/** What may be asked to change: a part of the plan, and single settings of it. */
export type ExperimentPatch = Partial<Omit<ExperimentPlan, 'settings' | 'arms'>> & {
  name?: string | undefined;
  /** The whole list: an arm that is missing from it is left out. */
  arms?: (Omit<ExperimentPlan['arms'][number], 'settings' | 'control'> &
    Partial<Pick<ExperimentPlan['arms'][number], 'settings' | 'control'>>)[];
  settings?: Partial<{ [Key in keyof ExperimentSettings]: unknown }>;
};

/** What an experiment that runs keeps until its next phase, with the reason. Everything else may change at any time. */
export const lockedWhileRunning: Record<string, string> = {
  name: 'Reports and scripts know the experiment by it.',
  arms: 'Other models, indexes, shares or ranker settings would move users between arms, or make one arm mean two things.',
  rankerId: 'Both halves of the figures would be of another ranking.',
  design: 'Lists of one arm and lists of two are counted differently.',
  layer: 'Other users would enter and those who are in would leave.',
  'settings.layerShare': 'Other users would enter and those who are in would leave.',
  'settings.targeting': 'Other users would enter and those who are in would leave.',
  primaryMetric: 'A metric that is chosen after the figures are seen proves nothing.',
  'settings.hypothesis': 'What was expected is written down before the figures are seen.',
  'settings.guardrails': 'A limit that is moved after the figures are seen guards nothing.',
  'settings.plannedDays': 'An end that is chosen after the figures are seen makes chance look like an effect.',
  'settings.minimumUsers': 'It decides when something may be concluded, before the figures are seen.',
  'settings.attribution': 'Clicks and orders that were counted one way would be compared with others.',
  'settings.gmvCapQuantile': 'A cap that is chosen after the figures are seen chooses the result.',
  'settings.gmvCapMinor': 'A cap that is chosen after the figures are seen chooses the result.',
  'settings.alpha': 'The error rate is chosen before the figures are seen.',
  'settings.sequential': 'How often the figures may be looked at is chosen before they are seen.',
  'settings.exploration': 'Shuffled answers are part of what the arms do to users.',
  'settings.unit': 'Who is dealt out to arms would change.',
};

/** The lock on a changed field: its own, or that of what it is part of. */
function lockOn(field: string): { name: string; why: string } | undefined {
  const name = Object.keys(lockedWhileRunning).find((locked) => field === locked || field.startsWith(`${locked}.`));
  return name === undefined ? undefined : { name, why: lockedWhileRunning[name]! };
}

type Work = (tx: Prisma.TransactionClient, before: ExperimentWithArms) => Promise<boolean>;

/**
 * Changes an experiment while nobody else does, and writes down what changed. `work` makes the change and says whether
 * there was one.
 */
async function change(
  database: Database,
  idOrName: string,
  author: Author,
  { action, note = '' }: { action: string; note?: string | undefined },
  work: Work,
): Promise<ExperimentWithArms> {
  const { id } = await findExperiment(database, idOrName);
  return database.prisma.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "Experiment" WHERE "id" = ${id}::uuid FOR UPDATE`;
    const read = () => tx.experiment.findUniqueOrThrow({ where: { id }, include: withArms });
    const before = await read();
    if (!(await work(tx, before))) return before;
    const after = await read();
    const object = { objectKind: 'experiment', objectId: id };
    await writeAudit(tx, author, { action, ...object, before: viewOf(before), after: viewOf(after), note });
    return after;
  });
}

/** What is written when a phase begins: its row, the experiment's times, its ranker, and its slice of the layer. */
async function beginPhase(
  tx: Prisma.TransactionClient,
  id: string,
  { number, now, gmvCapMinor }: { number: number; now: Date; gmvCapMinor: number | null | undefined },
): Promise<void> {
  const { arms, ...experiment } = await tx.experiment.findUniqueOrThrow({ where: { id }, include: withArms });
  const stored = parseSettings(experiment.settings);
  const settings = gmvCapMinor === undefined ? stored : { ...stored, gmvCapMinor };
  const { datasetId, layer, primaryMetric, trafficShare } = experiment;
  // Else whoever trains a ranker meanwhile would give the arms another one.
  const newest = await tx.ranker.findFirst({ where: { datasetId }, orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] });
  const rankerId = experiment.rankerId ?? newest?.id ?? null;
  // A holdout is only raised while nothing runs.
  await tx.$queryRaw`SELECT 1 FROM "Dataset" WHERE "id" = ${datasetId}::uuid FOR SHARE`;
  const slice =
    layer === null
      ? { layerFrom: null, layerTo: null }
      : await takeSlice(tx, { ...experiment, layer }, settings.layerShare);
  await tx.experiment.update({
    where: { id },
    data: {
      ...{ status: 'running', phase: number, phaseStartedAt: now, stoppedAt: null, settings, rankerId },
      startedAt: experiment.startedAt ?? now,
      plannedEndAt: new Date(now.getTime() + settings.plannedDays * dayMs),
      ...slice,
    },
  });
  await tx.experimentPhase.create({
    data: {
      ...{ experimentId: id, number, startedAt: now },
      arms: arms.map(({ experimentId: _, settings, ...arm }) => ({ ...arm, settings: settings as object })),
      settings: { ...settings, primaryMetric, rankerId, layer, trafficShare },
    },
  });
}

/** Gives an experiment other arms: those of a known name keep their id, those left out keep it with no users. */
async function replaceArms(
  tx: Prisma.TransactionClient,
  { id, status, arms: known }: ExperimentWithArms,
  arms: ExperimentPlan['arms'],
): Promise<void> {
  // Positions and the control are unique: everything is moved out of the way first.
  await tx.$executeRaw`UPDATE "Arm" SET "position" = -1 - "position", "control" = false WHERE "experimentId" = ${id}::uuid`;
  const gone = known.filter(({ name }) => !arms.some((arm) => arm.name === name));
  if (status === 'draft') await tx.arm.deleteMany({ where: { id: { in: gone.map((arm) => arm.id) } } });
  const kept = status === 'draft' ? [] : gone;
  for (const [position, { indexId = null, ...arm }] of arms.entries()) {
    const data = { ...arm, indexId, position };
    const own = known.find(({ name }) => name === arm.name);
    if (own) await tx.arm.update({ where: { id: own.id }, data });
    else await tx.arm.create({ data: { ...data, experimentId: id } });
  }
  for (const [i, arm] of kept.entries()) {
    await tx.arm.update({ where: { id: arm.id }, data: { weight: 0, position: arms.length + i } });
  }
}

/** The plan of an experiment with a patch applied, checked as a whole; nested settings are merged key by key. */
function patched(before: ExperimentWithArms, { name: _, settings = {}, ...patch }: ExperimentPatch): ExperimentPlan {
  const stored = parseSettings(before.settings);
  const merged = Object.fromEntries(
    Object.entries(settings).map(([key, value]) => {
      const known = stored[key as keyof ExperimentSettings];
      const isPart = (key === 'attribution' || key === 'stopRules') && typeof value === 'object';
      return [key, isPart ? { ...(known as object), ...value } : value];
    }),
  );
  const { rankerId, design, trafficShare, primaryMetric, layer } = before;
  const arms = before.arms.map(({ name, modelId, indexId, weight, control, settings: own }) => ({
    ...{ name, modelId, indexId, weight, control, settings: own },
  }));
  const plan = { rankerId, design, trafficShare, primaryMetric, layer, arms, ...withoutUndefined(patch) };
  const schema = experimentPlan.superRefine(checkPlan);
  return parseInput(schema, { ...plan, settings: { ...stored, ...merged } });
}

const withoutUndefined = <T extends object>(object: T): Partial<T> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Partial<T>;

/** Stores a checked plan; what its arms and settings were before is in `before`. */
async function store(tx: Prisma.TransactionClient, before: ExperimentWithArms, plan: ExperimentPlan, name?: string) {
  const { arms, ...rest } = plan;
  await checkParts(tx, before.datasetId, plan);
  await replaceArms(tx, before, arms);
  await tx.experiment.update({ where: { id: before.id }, data: { ...rest, ...(name && { name }) } });
}

/** The fields that a plan changes. */
function changesOf(before: ExperimentWithArms, plan: ExperimentPlan, name = before.name): string[] {
  const asView = { ...before, ...plan, name, arms: before.arms.map((arm) => ({ ...arm })) };
  const arms = plan.arms.map(({ name, weight, control, modelId, indexId = null, settings }) => ({
    ...{ name, weight, control, modelId, indexId, settings },
  }));
  const settings = parseSettings(before.settings);
  const [was, is] = differenceOf({ ...viewOf(before), settings }, { ...viewOf(asView), arms });
  return [...new Set([...Object.keys(was), ...Object.keys(is)])];
}

/** The plan in which users whose override ends count no more than before: they have seen the arm they were put into. */
function withoutTesters(before: ExperimentWithArms, plan: ExperimentPlan): ExperimentPlan {
  const { overrides, excludedUsers } = plan.settings;
  const ended = Object.keys(parseSettings(before.settings).overrides).filter((user) => !Object.hasOwn(overrides, user));
  return { ...plan, settings: { ...plan.settings, excludedUsers: [...new Set([...excludedUsers, ...ended])] } };
}

/**
 * Changes a draft in any way, and a running experiment in those that do not touch its figures: traffic, overrides,
 * excluded users, and what stop rules do. A user whose override ends while it runs is excluded.
 *
 * @throws DuetError `conflict` naming a field that is locked, and why; `bad-input` as createExperiment; `not-found`
 */
export async function setExperiment(
  database: Database,
  idOrName: string,
  patch: ExperimentPatch,
  author: ExperimentAuthor = {},
): Promise<ExperimentWithArms> {
  try {
    return await change(database, idOrName, author, { action: 'set' }, async (tx, before) => {
      const plan = patched(before, patch);
      const changes = changesOf(before, plan, patch.name);
      if (changes.length === 0) return false;
      if (before.status === 'running') {
        for (const field of changes) {
          const lock = lockOn(field);
          if (lock === undefined) continue;
          throw new DuetError('conflict', `"${lock.name}" is locked while "${before.name}" runs. ${lock.why}`, {
            where: { field },
            fix: `Start a new phase with it, which deals the users out afresh: npx duet experiment phase --experiment "${before.name}" --help.`,
          });
        }
      } else if (before.status !== 'draft') {
        throw new DuetError(
          'conflict',
          `Experiment "${before.name}" is ${before.status}: nothing of it changes any more.`,
          {
            fix: before.status === 'stopped' ? 'Start a new phase of it, or create another.' : 'Create another.',
          },
        );
      }
      checkMetrics(plan, author);
      await store(tx, before, before.status === 'running' ? withoutTesters(before, plan) : plan, patch.name);
      return true;
    });
  } catch (error) {
    throw nameTaken(error, patch.name ?? idOrName);
  }
}

/** How a start or a new phase is made. */
export interface StartOptions extends ExperimentAuthor {
  /** Cap of a user's GMV, minor units, from the shop's history; unchanged where it is left out. */
  gmvCapMinor?: number | null;
}

/**
 * Starts a draft; one that runs already stays as it is.
 *
 * @throws DuetError `not-found`; `conflict` for one that was stopped, or whose layer is full
 */
export async function startExperiment(
  database: Database,
  idOrName: string,
  { now = new Date(), actor, gmvCapMinor }: StartOptions = {},
): Promise<ExperimentWithArms> {
  return change(database, idOrName, author(actor, now), { action: 'start' }, async (tx, { id, name, status }) => {
    if (status === 'running') return false;
    if (status !== 'draft') {
      throw new DuetError('conflict', `Experiment "${name}" is ${status} and cannot start again.`, {
        fix: 'Start a new phase of it, which deals its users out afresh, or create a new experiment.',
      });
    }
    await beginPhase(tx, id, { number: 1, now, gmvCapMinor });
    return true;
  });
}

const author = (actor: string | undefined, now: Date): Author => ({ now, ...(actor !== undefined && { actor }) });

/** Ends the phase that runs. */
const endPhase = (tx: Prisma.TransactionClient, { id, phase }: ExperimentWithArms, endedAt: Date) =>
  tx.experimentPhase.updateMany({ where: { experimentId: id, number: phase, endedAt: null }, data: { endedAt } });

/**
 * Stops a running experiment; one that is stopped or decided stays as it is. Its slice of the layer is free again.
 *
 * @param options.phase stop it only while this phase runs: what was found in one says nothing of the next
 * @throws DuetError `not-found`; `conflict` for a draft
 */
export async function stopExperiment(
  database: Database,
  idOrName: string,
  { now = new Date(), actor, note, phase }: Author & { note?: string; phase?: number } = {},
): Promise<ExperimentWithArms> {
  return change(database, idOrName, author(actor, now), { action: 'stop', note }, async (tx, before) => {
    if (before.status === 'draft') {
      throw new DuetError('conflict', `Experiment "${before.name}" is a draft: it has not started.`);
    }
    if (before.status !== 'running' || before.phase !== (phase ?? before.phase)) return false;
    await tx.experiment.update({ where: { id: before.id }, data: { status: 'stopped', stoppedAt: now } });
    await endPhase(tx, before, now);
    return true;
  });
}

/**
 * Begins a new phase of an experiment that runs or was stopped, with a changed plan or the same: its users are dealt
 * out afresh and its figures start from nothing. Those of the phases before stay as they are.
 *
 * @throws DuetError `conflict` for a draft, which is simply changed, and for a decided experiment; as setExperiment
 */
export async function startPhase(
  database: Database,
  idOrName: string,
  patch: Omit<ExperimentPatch, 'name'> = {},
  { now = new Date(), actor, gmvCapMinor, note, ...own }: StartOptions & { note?: string } = {},
): Promise<ExperimentWithArms> {
  return change(database, idOrName, author(actor, now), { action: 'phase', note }, async (tx, before) => {
    if (before.status === 'draft' || before.status === 'decided') {
      const fix = before.status === 'draft' ? 'Change the draft, and start it.' : 'Create a new experiment.';
      throw new DuetError('conflict', `Experiment "${before.name}" is ${before.status}: it has no new phase.`, { fix });
    }
    const plan = patched(before, patch);
    checkMetrics(plan, own);
    await endPhase(tx, before, now);
    await store(tx, before, plan);
    await beginPhase(tx, before.id, { number: before.phase + 1, now, gmvCapMinor });
    return true;
  });
}

/**
 * Writes down what came of a stopped experiment: the arm that serves everybody from now on, or "none".
 *
 * @throws DuetError `conflict` unless it is stopped; `bad-input` for an arm that it has not
 */
export async function decideExperiment(
  database: Database,
  idOrName: string,
  { arm, note = '' }: { arm: string; note?: string | undefined },
  { now = new Date(), actor = 'duet' }: Author = {},
): Promise<ExperimentWithArms> {
  return change(
    database,
    idOrName,
    { now, actor },
    { action: 'decide', note },
    async (tx, { id, name, status, arms }) => {
      if (status !== 'stopped') {
        const fix = status === 'running' ? 'Stop it first.' : undefined;
        throw new DuetError('conflict', `Experiment "${name}" is ${status}: only a stopped one is decided.`, { fix });
      }
      if (arm !== 'none' && !arms.some((known) => known.name === arm)) {
        throw new DuetError('bad-input', `Experiment "${name}" has no arm "${arm}".`, {
          where: { field: 'arm' },
          fix: `Its arms are ${arms.map((known) => known.name).join(', ')}; none says that it could not tell.`,
        });
      }
      const decided = { decision: arm, decidedBy: actor, decidedAt: now, decisionNote: note };
      await tx.experiment.update({ where: { id }, data: { status: 'decided', ...decided } });
      return true;
    },
  );
}

/**
 * Sets the share of a dataset's users who are in no experiment. While one runs it can only be lowered: raising it would
 * take users out of the experiment.
 *
 * @throws DuetError `conflict`, `bad-input`, `not-found`
 */
export async function setHoldout(
  { prisma }: Database,
  datasetId: string,
  share: number,
  author: Author = {},
): Promise<void> {
  if (!(share >= 0 && share < 1)) {
    throw new DuetError('bad-input', 'A holdout is a share of the users, from 0 to less than 1.', {
      where: { field: 'holdout' },
    });
  }
  await prisma.$transaction(async (tx) => {
    await tx.$queryRaw`SELECT 1 FROM "Dataset" WHERE "id" = ${datasetId}::uuid FOR UPDATE`;
    const dataset = await tx.dataset.findUnique({ where: { id: datasetId }, select: { name: true, holdout: true } });
    if (dataset === null) throw new DuetError('not-found', `There is no dataset ${datasetId}.`);
    if (dataset.holdout === share) return;
    const running = await tx.experiment.findFirst({ where: { datasetId, status: 'running' }, select: { name: true } });
    if (running !== null && share > dataset.holdout) {
      throw new DuetError('conflict', `The holdout of "${dataset.name}" cannot rise while "${running.name}" runs.`, {
        where: { field: 'holdout' },
        fix: 'Users would be taken out of the experiment: stop it first.',
      });
    }
    await tx.dataset.update({ where: { id: datasetId }, data: { holdout: share } });
    const change = { action: 'holdout', objectKind: 'dataset', objectId: datasetId };
    await writeAudit(tx, author, { ...change, before: { holdout: dataset.holdout }, after: { holdout: share } });
  });
}
