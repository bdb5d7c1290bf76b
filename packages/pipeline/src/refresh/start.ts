import type { Database, RegisteredModel } from '@duet/db';
import { isTower, resolveSettings } from '@duet/models';
import { bestEpoch, type Choice, type CurvePoint } from '@duet/trainer';
import { versionsOf } from '../registry/champion.ts';
import { measuredTwin, type RefreshStart } from './refresh-run.ts';

/**
 * What a version starts from: the champion, and its measured twin, which never saw what the new twin is judged on.
 *
 * @param choice What the preset auto goes on with; settings that it looks for anew start from nothing.
 */
export async function startOf(
  db: Database,
  { id, preset, championId, fullEvery }: RegisteredModel,
  choice: Choice | undefined,
): Promise<RefreshStart> {
  if (fullEvery === 0 || championId === null || (preset === 'auto' && choice === undefined)) return {};
  const [newest] = await versionsOf(db, id);
  if (((newest?.version ?? 0) + 1) % fullEvery === 0) return {};
  const champion = await db.prisma.model.findUniqueOrThrow({ where: { id: championId } });
  const measured = await measuredTwin(db, championId);
  return measured === undefined ? {} : { refitted: championId, measured, version: champion.version! };
}

/** Days after which the preset auto looks for settings again: data of a month ago may have been others. */
const choiceDays = 30;

/** What the preset auto decided for the champion, as long as it is not too old. */
export async function choiceOf(
  db: Database,
  { preset, championId }: Pick<RegisteredModel, 'preset' | 'championId'>,
): Promise<Choice | undefined> {
  const twin = preset === 'auto' && championId !== null ? await measuredTwin(db, championId) : undefined;
  if (twin === undefined) return undefined;
  const run = await db.prisma.trainingRun.findFirst({ where: { modelId: twin } });
  const choice = run?.choice as Choice | null | undefined;
  const since = Date.now() - choiceDays * 86_400_000;
  return choice && Date.parse(choice.decidedAt) > since ? choice : undefined;
}

/** A training that starts from what is learnt already takes a third of the epochs. */
const warmShare = 1 / 3;

/** The epochs of such a training; nothing for one that starts from nothing. */
export function shorter(
  { kind, preset, parameters }: RegisteredModel,
  { refitted }: RefreshStart,
  choice: Choice | undefined,
): Record<string, unknown> {
  const settings = resolveSettings(kind, preset, { ...choice?.set, ...(parameters as Record<string, unknown>) });
  if (refitted === undefined || !isTower(settings)) return {};
  return { epochs: Math.max(1, Math.round(settings.epochs * warmShare)) };
}

/**
 * The epochs that the measured twin's weights are of, for a training that has nothing to watch: those after which it
 * was best, where it was stopped by them, else all.
 */
export function stoppedAt(settings: ReturnType<typeof resolveSettings>, curve: CurvePoint[]): Record<string, unknown> {
  if (!isTower(settings) || settings.patience === 0) return {};
  const epochs = bestEpoch(curve);
  return epochs === undefined ? {} : { epochs, patience: 0 };
}
