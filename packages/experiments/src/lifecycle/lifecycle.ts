import { DuetError } from '@duet/base';
import type { Author, Database, Prisma } from '@duet/db';
import { takeSlice } from '../assign/layer-slice.ts';
import { checkMetrics, type ExperimentAuthor, type ExperimentWithArms, withArms } from '../plan/experiment.ts';
import { parseSettings } from '../plan/experiment-settings.ts';
import { change } from './change.ts';
import { type ExperimentPatch, patched, storePlan } from './patch.ts';

const dayMs = 86_400_000;

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
      arms: arms.map(({ experimentId: _, registeredModel: __, settings, ...arm }) => ({
        ...{ ...arm, settings: settings as object },
      })),
      settings: { ...settings, primaryMetric, rankerId, layer, trafficShare },
    },
  });
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
  { now = new Date(), actor, gmvCapMinor, note, ...changes }: StartOptions & { note?: string } = {},
): Promise<ExperimentWithArms> {
  return change(database, idOrName, author(actor, now), { action: 'phase', note }, async (tx, before) => {
    if (before.status === 'draft' || before.status === 'decided') {
      const fix = before.status === 'draft' ? 'Change the draft, and start it.' : 'Create a new experiment.';
      throw new DuetError('conflict', `Experiment "${before.name}" is ${before.status}: it has no new phase.`, { fix });
    }
    const plan = patched(before, patch);
    checkMetrics(plan, changes);
    await endPhase(tx, before, now);
    await storePlan(tx, before, plan);
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
