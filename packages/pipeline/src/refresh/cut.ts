import { DuetError } from '@duet/base';
import { type Database, holdLock, type RefreshRun } from '@duet/db';
import { keysOfRefresh, raise } from '../alerts/alerts.ts';

/** Why a refresh failed that nobody works on any more. The next one of its model goes on from its last stage. */
const cutShort = 'The process that made it ended without a word. The next refresh goes on from there.';

/** After so long the data of a refresh that was cut are old: the next one begins anew. */
const freshMs = 12 * 3_600_000;

/**
 * Holds a registered model's refresh until it is disposed: one process at a time has it.
 *
 * @throws DuetError `conflict`
 */
export async function holdRefresh(db: Database, registeredModelId: string): Promise<AsyncDisposable> {
  // Long enough for `failCutRefreshes` to look at it, or for who queued it to write that down.
  const held = await holdLock(db, `duet refresh ${registeredModelId}`, { waitMs: 2000 });
  if (held !== undefined) return held;
  const { name } = await db.prisma.registeredModel.findUniqueOrThrow({ where: { id: registeredModelId } });
  throw new DuetError('conflict', `"${name}" is being refreshed by another process right now.`, {
    fix: 'Wait for it: npx duet refreshes lists them.',
  });
}

/** A model's last run, where it waits, or a process that is no more left it lately: the next refresh goes on with it. */
export async function unfinishedRun(
  prisma: Database['prisma'],
  registeredModelId: string,
): Promise<RefreshRun | undefined> {
  const last = await prisma.refreshRun.findFirst({ where: { registeredModelId }, orderBy: { createdAt: 'desc' } });
  if (last === null || last.status === 'done') return undefined;
  if (last.status !== 'failed') return last;
  return last.error === cutShort && Date.now() - last.finishedAt!.getTime() < freshMs ? last : undefined;
}

/**
 * Fails every refresh that is marked as waiting or running although no process works on it and no job will, and tells
 * of it: else its schedule would be passed over for ever. Returns how many there were. One of the last minute may still
 * be on its way into the queue.
 */
export async function failCutRefreshes(db: Database): Promise<number> {
  const { rows } = await db.pool.query<{ id: string; datasetId: string; model: string; name: string; error: string }>(
    `UPDATE "RefreshRun" r SET "status" = 'failed', "finishedAt" = now(),
       "error" = coalesce(
         (SELECT j.output->>'message' FROM pgboss.job j
          WHERE j.name = 'refresh' AND j.data->>'registeredModelId' = m."id"::text AND j.created_on >= r."createdAt"
            AND r."status" = 'queued' ORDER BY j.created_on DESC LIMIT 1), $1)
     FROM "RegisteredModel" m
     WHERE r."status" IN ('queued', 'running') AND m."id" = r."registeredModelId"
       AND greatest(r."createdAt", r."startedAt") < now() - interval '1 minute'
       AND NOT EXISTS (
         SELECT FROM pgboss.job j WHERE j.name = 'refresh' AND j.data->>'registeredModelId' = m."id"::text
           AND j.state IN ('created', 'retry', 'active'))
       AND pg_try_advisory_xact_lock(hashtextextended('duet refresh ' || m."id", 0))
     RETURNING r."id", r."datasetId", m."id" AS "model", m."name", r."error"`,
    [cutShort],
  );
  for (const { id, datasetId, model, name, error } of rows) {
    const sentence = `The refresh of "${name}" failed: ${error}`;
    const detail = { model: name, refreshId: id };
    await raise(db, { datasetId, kind: 'refresh-failed', key: keysOfRefresh(model).failed, sentence, detail });
  }
  return rows.length;
}
