import { DuetError } from '@duet/base';
import type { Author, Database } from '@duet/db';
import { sharesOfRunning } from '../assign/effective-share.ts';
import { type ExperimentAuthor, type ExperimentWithArms, findExperiment, servedModel } from '../plan/experiment.ts';
import { parseSettings } from '../plan/experiment-settings.ts';
import { shopHistory } from '../plan/shop-history.ts';
import { startExperiment, startPhase } from './lifecycle.ts';
import type { ExperimentPatch } from './patch.ts';

type Context = { db: Database; dataDir: string };

/** What keeps an experiment from running well: what it cannot start with, and what its operator should know. */
export interface Readiness {
  obstacles: string[];
  remarks: string[];
}

/** Whether arms serve the same thing, so that any difference found between them is a false one: an A/A test. */
export const isAA = (
  arms: readonly Pick<
    ExperimentWithArms['arms'][number],
    'modelId' | 'registeredModelId' | 'indexId' | 'settings' | 'weight'
  >[],
): boolean =>
  new Set(
    arms
      .filter(({ weight }) => weight > 0)
      .map(({ modelId, registeredModelId, indexId, settings }) =>
        JSON.stringify([modelId, registeredModelId, indexId, settings]),
      ),
  ).size === 1;

/** Looks at what an experiment would start with. */
export async function readinessOf(db: Database, experiment: ExperimentWithArms): Promise<Readiness> {
  const { id, datasetId, simulated, arms } = experiment;
  const active = await db.prisma.index.findMany({
    where: { active: true, modelId: { in: arms.flatMap((arm) => servedModel(arm) ?? []) } },
    select: { modelId: true },
  });
  const unindexed = arms.filter(
    (arm) => arm.weight > 0 && arm.indexId === null && !active.some(({ modelId }) => modelId === servedModel(arm)),
  );
  const otherRunning = await db.prisma.experiment.findMany({
    where: { status: 'running', simulated, datasetId, id: { not: id } },
    select: { id: true, name: true },
    orderBy: { startedAt: 'asc' },
  });
  const shares = await sharesOfRunning(db, { datasetId, simulated, candidate: experiment });
  const trafficShare = shares.get(id) ?? 0;
  const holders = otherRunning
    .filter((other) => shares.get(other.id)! > 0)
    .map((other) => `"${other.name}" (${percent(shares.get(other.id)!)})`);
  return {
    obstacles: [
      ...unindexed.map((arm) =>
        servedModel(arm) === null
          ? `"${arm.registeredModel!.name}", which arm "${arm.name}" follows, has no champion: npx duet refresh --model ${arm.registeredModel!.name}.`
          : `The model of arm "${arm.name}" has no index: npx duet index --model ${servedModel(arm)}.`,
      ),
      ...(trafficShare === 0
        ? [
            holders.length > 0
              ? `It would get no user: ${holders.join(', ')} started first and leave none. Stop one of them, lower its traffic, or begin a new phase of it in a layer that both share.`
              : 'It would get no user: its traffic, its layer or the holdout leaves none.',
          ]
        : []),
    ],
    remarks: [
      ...(trafficShare > 0 && holders.length > 0
        ? [`It would get ${percent(trafficShare)} of all users: ${holders.join(', ')} started first.`]
        : []),
      ...(isAA(arms) ? ['All arms serve the same: an A/A test, which has to come out null.'] : []),
    ],
  };
}

const percent = (share: number) => `${Number((100 * share).toFixed(1))} %`;

/** The cap of a user's GMV by an experiment's settings, from the shop's history; null where there is none. */
async function capOf(
  context: Context,
  { datasetId, settings: stored }: Pick<ExperimentWithArms, 'datasetId'> & { settings: unknown },
  now?: Date,
): Promise<number | null> {
  const { gmvCapQuantile, gmvCapMinor, plannedDays } = parseSettings(stored);
  if (gmvCapMinor !== null || gmvCapQuantile === null) return gmvCapMinor;
  const options = { quantile: gmvCapQuantile, ...(now && { now }) };
  const { windows } = await shopHistory(context, datasetId, options);
  const like = windows.find(({ days }) => days >= plannedDays) ?? windows.at(-1);
  return like?.gmvQuantileMinor ? Math.ceil(like.gmvQuantileMinor) : null;
}

async function refuseObstacles(db: Database, experiment: ExperimentWithArms): Promise<void> {
  const { obstacles } = await readinessOf(db, experiment);
  if (obstacles.length > 0)
    throw new DuetError('conflict', `"${experiment.name}" cannot start. ${obstacles.join(' ')}`);
}

/**
 * Starts a draft as an operator does: every arm can be served, and the cap of a user's GMV is fixed from history.
 *
 * @throws DuetError as startExperiment; `conflict` where an arm has no index, or where it would get no user
 */
export async function launchExperiment(
  context: Context,
  idOrName: string,
  author: Author = {},
): Promise<ExperimentWithArms> {
  const experiment = await findExperiment(context.db, idOrName);
  if (experiment.status !== 'draft') return startExperiment(context.db, experiment.id, author);
  await refuseObstacles(context.db, experiment);
  const gmvCapMinor = await capOf(context, experiment, author.now);
  return startExperiment(context.db, experiment.id, { ...author, gmvCapMinor });
}

/**
 * Begins a new phase as an operator does: with the cap of a user's GMV fixed anew, unless the patch says one.
 *
 * @throws DuetError as startPhase
 */
export async function launchPhase(
  context: Context,
  idOrName: string,
  patch: Omit<ExperimentPatch, 'name'>,
  author: ExperimentAuthor & { note?: string } = {},
): Promise<ExperimentWithArms> {
  const experiment = await findExperiment(context.db, idOrName);
  const settings = { ...(experiment.settings as object), gmvCapMinor: null, ...patch.settings };
  const { datasetId } = experiment;
  const gmvCapMinor = await capOf(context, { datasetId, settings }, author.now);
  return startPhase(context.db, experiment.id, patch, { ...author, gmvCapMinor });
}
