import type { Logger } from '@duet/base';
import { findSnapshot, loadInteractions, takeSnapshot } from '@duet/datasets';
import type { Database, Prisma, RegisteredModel } from '@duet/db';
import { resolveSettings } from '@duet/models';
import { buildModelIndex } from '@duet/serving';
import { type Choice, type CurvePoint, evaluateModel, type TrainerContext, trainModel } from '@duet/trainer';
import { keysOfRefresh, raise, settle } from '../alerts/alerts.ts';
import { foldEvents, isFoldable } from '../fold/fold.ts';
import { type Gate, type GateFacts, judgeGate } from '../gate/gate.ts';
import { parseGate } from '../gate/gate-settings.ts';
import { shadowChecks } from '../gate/shadow.ts';
import { addVersion, promote } from '../registry/champion.ts';
import { holdRefresh, unfinishedRun } from './cut.ts';
import { measuredTwin, OpenRefresh } from './refresh-run.ts';
import { choiceOf, shorter, startOf, stoppedAt } from './start.ts';

export interface RefreshContext extends TrainerContext {
  logger?: Pick<Logger, 'info'>;
}

export interface RefreshResult {
  refreshId: string;
  version: number;
  modelId: string;
  /** Of the twin that was trained without the split's other part. */
  metrics: Record<string, number>;
  gate: Gate;
  promoted: boolean;
  /** Why it serves, or is held back. */
  sentence: string;
}

/**
 * Makes a new version of a registered model: what was logged becomes a part, and the dataset as it then is a snapshot;
 * a twin is trained on the split and **measured**; the version itself learns
 * **everything**, for as many epochs; it is indexed, judged by the gate, and promoted, or held back with the reason. A
 * refresh that was cut is gone on with by the next one of the model, and does nothing twice.
 *
 * @throws DuetError `conflict` while another process refreshes it; whatever stops a stage
 */
export async function refreshModel(
  ctx: RefreshContext,
  registered: Pick<RegisteredModel, 'id' | 'name'>,
  { actor }: { actor: string },
): Promise<RefreshResult> {
  const { db } = ctx;
  await using _held = await holdRefresh(db, registered.id);
  const model = await db.prisma.registeredModel.findUniqueOrThrow({ where: { id: registered.id } });
  const run = await unfinishedOrNew(db, model, actor);
  const refresh = new OpenRefresh(db, run);
  try {
    await refresh.stage('data', () => data(ctx, model, refresh));
    await refresh.stage('measure', () => measure(ctx, model, refresh));
    await refresh.stage('refit', () => refit(ctx, model, refresh));
    await refresh.stage('index', () => index(ctx, refresh));
    await refresh.stage('gate', () => gate(ctx, model, refresh));
    await refresh.stage('shadow', () => shadow(ctx, model, refresh));
    const { promoted, sentence } = await conclude(ctx, model, refresh, run.actor);
    const { modelId, version, gate: judged, measuredModelId } = refresh.state;
    await refresh.end({ status: 'done', promoted, error: null });
    const keys = keysOfRefresh(model.id);
    await settle(db.prisma, keys.failed);
    const alert = { ...alertOf(model, refresh), sentence };
    if (judged!.passed) await settle(db.prisma, keys.heldBack);
    else await raise(db, { ...alert, kind: 'gate-held-back', key: keys.heldBack });
    if (judged!.passed && !promoted) await raise(db, { ...alert, kind: 'promotion-waits', key: keys.waits });
    const metrics = await metricsOf(db, measuredModelId!);
    return { refreshId: refresh.id, version: version!, modelId: modelId!, metrics, gate: judged!, promoted, sentence };
  } catch (error) {
    // One that was stopped goes on at the next refresh; one that failed begins anew.
    const stopped = ctx.signal?.aborted === true;
    if (!stopped) {
      const { message } = error as Error;
      await refresh.end({ status: 'failed', error: message });
      const sentence = `The refresh of "${model.name}" failed: ${message}`;
      await raise(db, {
        ...alertOf(model, refresh),
        kind: 'refresh-failed',
        key: keysOfRefresh(model.id).failed,
        sentence,
      });
    }
    throw error;
  }
}

const alertOf = ({ datasetId, name }: RegisteredModel, { id, state }: OpenRefresh) => ({
  ...{ datasetId, detail: { model: name, refreshId: id, version: state.version ?? null } },
});

/** The run that is gone on with; else a new one. */
async function unfinishedOrNew({ prisma }: Database, { id, datasetId }: RegisteredModel, actor: string) {
  const left = await unfinishedRun(prisma, id);
  const begun = { status: 'running', startedAt: left?.startedAt ?? new Date(), finishedAt: null, error: null } as const;
  return left === undefined
    ? prisma.refreshRun.create({ data: { datasetId, registeredModelId: id, actor, ...begun } })
    : prisma.refreshRun.update({ where: { id: left.id }, data: begun });
}

/** Makes the training run of a stage where there is none yet, so that a cut training is gone on with. */
async function runOf(
  { db }: RefreshContext,
  { datasetId, kind, preset }: RegisteredModel,
  known: string | undefined,
  set: Record<string, unknown>,
): Promise<string> {
  if (known !== undefined) return known;
  const parameters = { set } as Prisma.InputJsonObject;
  return (await db.prisma.trainingRun.create({ data: { datasetId, kind, preset, parameters } })).id;
}

/** The snapshot that the whole refresh reads, with what was logged up to now. */
async function data(ctx: RefreshContext, { datasetId }: RegisteredModel, refresh: OpenRefresh): Promise<string> {
  const { db } = ctx;
  const dataset = await db.prisma.dataset.findUniqueOrThrow({ where: { id: datasetId } });
  const folded = isFoldable(dataset) ? await foldEvents(ctx, datasetId) : undefined;
  const snapshotId = folded?.snapshot ?? (await takeSnapshot(ctx, datasetId)).id;
  await db.prisma.refreshRun.update({ where: { id: refresh.id }, data: { snapshotId } });
  await refresh.know({ snapshotId, ...(folded && { folded: folded.events }) });
  const { number, interactions, users, items } = await findSnapshot(ctx, datasetId, snapshotId);
  const says = `Snapshot ${number}: ${interactions} interactions of ${users} users with ${items} items`;
  return folded === undefined || folded.events === 0
    ? `${says}.`
    : `${says}, after ${folded.events} events were folded.`;
}

async function measure(ctx: RefreshContext, model: RegisteredModel, refresh: OpenRefresh): Promise<string> {
  const { datasetId, kind, preset, name } = model;
  const set = model.parameters as Record<string, unknown>;
  const choice = await choiceOf(ctx.db, model);
  const start = refresh.state.start ?? (await startOf(ctx.db, model, choice));
  const runId = await runOf(ctx, model, refresh.state.measureRunId, set);
  await refresh.know({ measureRunId: runId, start });
  const { modelId } = await trainModel(ctx, {
    ...{ datasetId, kind, preset, set: { ...set, ...shorter(model, start, choice) }, name: `${name}, measured`, runId },
    ...{ snapshotId: refresh.state.snapshotId, from: start.measured, choice },
  });
  await refresh.know({ measuredModelId: modelId });
  const metrics = await metricsOf(ctx.db, modelId);
  return `HR@50 ${metrics['HR@50']?.toFixed(4) ?? '–'}, MRR ${metrics.MRR?.toFixed(4) ?? '–'} on what it was not trained on.`;
}

async function refit(ctx: RefreshContext, model: RegisteredModel, refresh: OpenRefresh): Promise<string> {
  const { db } = ctx;
  const { datasetId, kind, preset, name } = model;
  const { measureRunId, measuredModelId, start = {} } = refresh.state;
  const measured = await db.prisma.trainingRun.findUniqueOrThrow({ where: { id: measureRunId! } });
  const choice = (measured.choice ?? undefined) as Choice | undefined;
  const modelSettings = { ...(model.parameters as Record<string, unknown>), ...shorter(model, start, choice) };
  const settings = resolveSettings(kind, preset, { ...choice?.set, ...modelSettings });
  const set = { ...modelSettings, ...stoppedAt(settings, measured.curve as unknown as CurvePoint[]) };
  const runId = await runOf(ctx, model, refresh.state.refitRunId, set);
  await refresh.know({ refitRunId: runId });
  const { modelId } = await trainModel(ctx, {
    ...{ datasetId, kind, preset, set, split: 'none', name, runId },
    ...{ snapshotId: refresh.state.snapshotId, from: start.refitted, choice },
  });
  const { metrics } = await db.prisma.model.findUniqueOrThrow({ where: { id: measuredModelId! } });
  const version = await db.prisma.$transaction(async (tx) => {
    await tx.model.update({ where: { id: modelId }, data: { metrics: metrics as Prisma.InputJsonObject } });
    const known = await tx.model.findUniqueOrThrow({ where: { id: modelId } });
    return known.version ?? addVersion(tx, model.id, modelId);
  });
  await db.prisma.refreshRun.update({ where: { id: refresh.id }, data: { modelId } });
  await refresh.know({ modelId, version });
  const how = start.refitted === undefined ? '' : `, from the weights of version ${start.version} on`;
  return `Version ${version} learnt from every interaction${how}.`;
}

async function index(ctx: RefreshContext, refresh: OpenRefresh): Promise<string> {
  const { db, dataDir, progress, signal } = ctx;
  const modelId = refresh.state.modelId!;
  const known = await db.prisma.index.findFirst({ where: { modelId, active: true } });
  if (known === null) await buildModelIndex({ db, dataDir, progress, signal }, { modelId });
  const built = await db.prisma.index.findFirstOrThrow({ where: { modelId, active: true } });
  return `${built.factory} over ${built.size} items, recall@100 ${built.recallAt100.toFixed(3)}.`;
}

async function gate(ctx: RefreshContext, model: RegisteredModel, refresh: OpenRefresh): Promise<string> {
  const { db } = ctx;
  const { measuredModelId, modelId, snapshotId } = refresh.state;
  const champion = model.championId;
  const twin = champion === null ? undefined : await measuredTwin(db, champion);
  const candidate = await evaluateModel(ctx, { modelId: measuredModelId! });
  const built = await db.prisma.index.findFirstOrThrow({ where: { modelId: modelId!, active: true } });
  const judged = judgeGate({
    settings: parseGate(model.gate),
    candidate,
    champion: twin === undefined ? undefined : await evaluateModel(ctx, { modelId: twin, snapshotId }),
    indexRecall: built.recallAt100,
    shownItems: await db.prisma.item.count({ where: { datasetId: model.datasetId, withdrawnAt: null } }),
    itemsWithVector: built.size,
    ...(await dataFacts(ctx, model, snapshotId)),
  });
  await refresh.know({ gate: judged });
  await db.prisma.refreshRun.update({
    where: { id: refresh.id },
    data: { gate: judged as unknown as Prisma.InputJsonObject },
  });
  const failed = judged.checks.filter(({ passed }) => !passed);
  return failed.length === 0
    ? `All ${judged.checks.length} checks passed.`
    : failed.map(({ sentence }) => sentence).join(' ');
}

/** Lets a candidate that passed so far answer the last hour's requests, unseen, and judges it by that too. */
async function shadow(ctx: RefreshContext, model: RegisteredModel, refresh: OpenRefresh): Promise<string> {
  const { gate: judged, modelId } = refresh.state;
  if (!judged!.passed) return 'Left out: it is held back already.';
  const { shadow: most, overlap } = parseGate(model.gate);
  const about = { datasetId: model.datasetId, candidate: modelId!, champion: model.championId, overlap };
  if (model.championId === null) return 'Left out: there is no champion to answer beside.';
  if (most === 0) return 'Left out, as the gate is set.';
  const found = await shadowChecks(ctx, about, most);
  if (found.length === 0) return 'Left out: nobody asked within the last hour.';
  const checks = [...judged!.checks.filter(({ name }) => !name.startsWith('shadow-')), ...found];
  const all = { passed: checks.every(({ passed }) => passed), checks };
  await refresh.know({ gate: all });
  await ctx.db.prisma.refreshRun.update({
    where: { id: refresh.id },
    data: { gate: all as unknown as Prisma.InputJsonObject },
  });
  return found.map(({ sentence }) => sentence).join(' ');
}

const weekSeconds = 7 * 86_400;

async function dataFacts(
  { db, dataDir }: RefreshContext,
  { datasetId, championId }: RegisteredModel,
  snapshotId: string | undefined,
): Promise<Pick<GateFacts, 'interactions' | 'weeks'>> {
  const { time, clock = 'time' } = await loadInteractions({ db, dataDir }, datasetId, snapshotId);
  const seen =
    championId === null
      ? null
      : await db.prisma.model.findUnique({ where: { id: championId }, select: { snapshot: true, dataset: true } });
  let weeks: GateFacts['weeks'];
  if (clock === 'time' && time.length > 0) {
    const end = time.reduce((a, b) => Math.max(a, b), 0);
    weeks = { last: 0, before: 0 };
    for (const at of time) {
      if (at > end - weekSeconds) weeks.last += 1;
      else if (at > end - 2 * weekSeconds) weeks.before += 1;
    }
  }
  const champion = seen === null ? undefined : (seen.snapshot ?? seen.dataset).interactions;
  return { interactions: { candidate: time.length, champion }, weeks };
}

async function conclude(
  { db }: RefreshContext,
  model: RegisteredModel,
  { state }: OpenRefresh,
  actor: string,
): Promise<{ promoted: boolean; sentence: string }> {
  const { gate: judged, version } = state;
  if (!judged!.passed) {
    const why = judged!.checks.flatMap(({ passed, sentence }) => (passed ? [] : [sentence])).join(' ');
    return { promoted: false, sentence: `Version ${version} is held back. ${why}` };
  }
  if (model.promotion === 'ask') {
    return { promoted: false, sentence: `Version ${version} passed its gate and waits for somebody to promote it.` };
  }
  if (state.modelId !== model.championId) {
    await promote(db, model, { version, reason: 'It passed its gate.' }, { actor });
  }
  return { promoted: true, sentence: `Version ${version} passed its gate and is the champion.` };
}

async function metricsOf({ prisma }: Database, modelId: string): Promise<Record<string, number>> {
  const { metrics } = await prisma.model.findUniqueOrThrow({ where: { id: modelId } });
  const evaluations = Object.values(metrics as Record<string, { metrics: Record<string, number> }>);
  return evaluations[0]?.metrics ?? {};
}
