import { DuetError } from '@duet/base';
import { type Database, holdLock } from '@duet/db';
import { settingsOfKind } from '@duet/models';
import { z } from 'zod';

/** What a queued TrainingRun asks for. A run that was begun before holds its resolved settings side by side. */
const runParameters = z.looseObject({
  seed: z.number().int().optional(),
  split: z.string().optional(),
  name: z.string().optional(),
  minutes: z.number().min(0).optional(),
  set: z.record(z.string(), z.unknown()).optional(),
});

/**
 * The request of a TrainingRun, as trainModel takes it.
 *
 * @throws DuetError `not-found`
 */
export async function requestOfRun({ prisma }: Database, runId: string) {
  const run = await prisma.trainingRun.findUnique({ where: { id: runId } });
  if (run === null) throw new DuetError('not-found', `There is no training run ${runId}.`);
  const { datasetId, kind, preset } = run;
  const { seed, split, name, minutes, set, ...resolved } = runParameters.parse(run.parameters);
  return { runId, datasetId, kind, preset, seed, split, name, minutes, set: set ?? completed(kind, resolved) };
}

/**
 * Recorded settings with those that came later as they are for a model that knew nothing of them, whatever its preset
 * has now.
 */
const completed = (kind: string, resolved: Record<string, unknown>): Record<string, unknown> =>
  settingsOfKind(kind).schema.safeParse(resolved).data ?? resolved;

/**
 * Does the work while this process holds the run or tuning: a lock that PostgreSQL lets go when the process is gone,
 * however it went.
 *
 * @throws DuetError `conflict` while another process holds it
 */
export async function whileHolding<T>(db: Database, id: string, work: () => Promise<T>): Promise<T> {
  // Long enough for `failAbandonedRuns` to look at it.
  await using held = await holdLock(db, id, { waitMs: 2000 });
  if (held === undefined) {
    throw new DuetError('conflict', `Another process is at work on ${id}.`, { fix: 'Let it end, or stop it.' });
  }
  return await work();
}

/** Fails every run that is marked as running although no process holds it. Returns how many there were. */
export async function failAbandonedRuns({ pool }: Database): Promise<number> {
  const { rowCount } = await pool.query(`
    UPDATE "TrainingRun" SET "status" = 'failed', "finishedAt" = now(),
      "error" = 'The process that trained it ended without a word: it was killed, or the machine went down.'
    WHERE "status" = 'running' AND pg_try_advisory_xact_lock(hashtextextended("id"::text, 0))`);
  return rowCount ?? 0;
}
