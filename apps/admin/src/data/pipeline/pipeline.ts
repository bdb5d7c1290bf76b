import type { Prisma } from '@duet/db';
import {
  championBefore,
  type GateCheck,
  listDeployments,
  nextDue,
  parseGate,
  versionsOf,
} from '@duet/pipeline/control';
import { readEvaluations } from '#data/models/evaluations.ts';
import { database } from '#data/services.ts';
import { readGate, readStages, type Step, stepsOf } from './run-steps.ts';

const withParts = {
  registeredModel: {
    select: {
      ...{ name: true, kind: true, champion: { select: { version: true } } },
      promotions: { select: { toModelId: true }, distinct: ['toModelId'] },
    },
  },
  snapshot: { select: { number: true, interactions: true, users: true, items: true } },
  model: { select: { version: true } },
} satisfies Prisma.RefreshRunInclude;

type RunRow = Prisma.RefreshRunGetPayload<{ include: typeof withParts }>;

/** A refresh as its picture shows it. */
export interface PipelineRun {
  id: string;
  model: { name: string; kind: string };
  status: RunRow['status'];
  actor: string;
  createdAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
  error: string | null;
  version: number | null;
  /** The champion now. */
  champion: number | null;
  promoted: boolean;
  steps: Step[];
  /** What the gate said; empty before it has. */
  checks: Pick<GateCheck, 'name' | 'passed' | 'sentence'>[];
  /** The training under way. */
  training: { step: number; steps: number } | undefined;
}

const isUnderWay = ({ status }: Pick<RunRow, 'status'>) => status === 'queued' || status === 'running';

async function runOf(row: RunRow): Promise<PipelineRun> {
  const { registeredModel, model, gate, ...run } = row;
  const version = model?.version ?? null;
  const champion = registeredModel.champion?.version ?? null;
  const wasChampion = registeredModel.promotions.some(({ toModelId }) => toModelId === run.modelId);
  return {
    ...{ id: run.id, status: run.status, actor: run.actor, error: run.error, promoted: run.promoted },
    ...{ createdAt: run.createdAt, startedAt: run.startedAt, finishedAt: run.finishedAt },
    ...{ version, champion },
    model: { name: registeredModel.name, kind: registeredModel.kind },
    steps: stepsOf({ ...run, gate, version, champion, wasChampion }),
    checks: readGate(gate)?.checks ?? [],
    training: run.status === 'running' ? await trainingOf(row) : undefined,
  };
}

async function trainingOf({ stages }: RunRow): Promise<PipelineRun['training']> {
  const now = readStages(stages).at(-1);
  const runId =
    now?.name === 'measure' ? now.state.measureRunId : now?.name === 'refit' ? now.state.refitRunId : undefined;
  if (runId === undefined) return undefined;
  const { prisma } = await database();
  const run = await prisma.trainingRun.findUnique({ where: { id: runId }, select: { step: true, steps: true } });
  return run === null || run.steps === 0 ? undefined : run;
}

/** A dataset's refreshes, or those of one of its registered models, the newest first. */
async function runsOf(where: Prisma.RefreshRunWhereInput, take: number): Promise<PipelineRun[]> {
  const { prisma } = await database();
  const rows = await prisma.refreshRun.findMany({ where, include: withParts, orderBy: { createdAt: 'desc' }, take });
  return Promise.all(rows.map(runOf));
}

/** A dataset's registered models, its newest refreshes and what is deployed. */
export async function pipelineOf(datasetId: string) {
  const db = await database();
  const [rows, deployments, runs] = await Promise.all([
    db.prisma.registeredModel.findMany({ where: { datasetId }, orderBy: { createdAt: 'asc' }, select: { name: true } }),
    listDeployments(db, datasetId),
    runsOf({ datasetId }, 20),
  ]);
  const models = await Promise.all(rows.map(({ name }) => registeredModel(datasetId, name)));
  return { models: models.filter((model) => model !== undefined), deployments, runs };
}

export type Pipeline = Awaited<ReturnType<typeof pipelineOf>>;

/** A registered model with all that its page says, or undefined where the dataset has none of that name. */
export async function registeredModel(datasetId: string, name: string) {
  const db = await database();
  const found = await db.prisma.registeredModel.findUnique({
    where: { datasetId_name: { datasetId, name } },
    include: { champion: { select: { version: true } }, deployments: { orderBy: { placement: 'asc' } } },
  });
  if (found === null) return undefined;
  const [versions, earlierId, changes, runs] = await Promise.all([
    versionsOf(db, found.id),
    championBefore(db, found),
    db.prisma.championChange.findMany({ where: { registeredModelId: found.id }, orderBy: { at: 'desc' }, take: 50 }),
    runsOf({ registeredModelId: found.id }, 20),
  ]);
  const indexed = await db.prisma.index.findMany({
    where: { active: true, modelId: { in: versions.map(({ id }) => id) } },
    select: { modelId: true },
  });
  const numberOf = (id: string | null | undefined) =>
    versions.find((version) => version.id === id)?.version ?? undefined;
  const { schedule, timeZone } = found;
  return {
    ...found,
    gate: parseGate(found.gate),
    championVersion: found.champion?.version ?? undefined,
    /** What a roll-back goes back to. */
    earlier: numberOf(earlierId),
    /** When its schedule names it next. */
    nextAt: schedule === null ? undefined : nextDue({ cron: schedule, timeZone }, new Date()),
    versions: versions.map(({ id, version, metrics, createdAt }) => ({
      ...{ id, version: version!, createdAt, evaluation: readEvaluations(metrics)[0] },
      isIndexed: indexed.some(({ modelId }) => modelId === id),
      wasChampion: changes.some(({ toModelId }) => toModelId === id),
    })),
    changes: changes.map(({ id, fromModelId, toModelId, actor, reason, at }) => ({
      ...{ id, actor, reason, at, from: numberOf(fromModelId), to: numberOf(toModelId) },
      isFirst: fromModelId === null,
    })),
    runs,
    isUnderWay: runs.some(isUnderWay),
  };
}

export type RegisteredModelView = NonNullable<Awaited<ReturnType<typeof registeredModel>>>;
