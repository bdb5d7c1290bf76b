import { type Database, dropEventPartitions } from '@duet/db';
import { keptDays } from '../events/log-events.ts';
import { preDays } from '../metrics/measures.ts';
import { parseSettings } from '../plan/experiment-settings.ts';
import { rollUp } from './rollup.ts';
import { closesAt } from './rollup-basis.ts';

const dayMs = 86_400_000;

/** Started, and not yet rolled up to where its figures stand for good. */
async function openExperiments({ prisma }: Database) {
  const started = await prisma.experiment.findMany({
    where: { phaseStartedAt: { not: null } },
    include: { rollup: { select: { through: true } } },
    orderBy: { id: 'asc' },
  });
  return started.filter(({ stoppedAt, settings, rollup }) => {
    const closes = closesAt(stoppedAt, parseSettings(settings).attribution);
    return !closes || !rollup || rollup.through < closes;
  });
}

export interface Upkept {
  experimentId: string;
  name: string;
  /** As {@link rollUp} returns them. */
  events: number;
  users: number;
  /** Why it could not be rolled up; the others were all the same. */
  error?: unknown;
}

/** Rolls up every experiment whose figures can still change: those that run, and stopped ones until they close. */
export async function rollUpOpen(database: Database, { now = new Date() }: { now?: Date } = {}): Promise<Upkept[]> {
  const done: Upkept[] = [];
  for (const { id: experimentId, name } of await openExperiments(database)) {
    const added = await rollUp(database, experimentId, { now }).catch((error) => ({ events: 0, users: 0, error }));
    done.push({ experimentId, name, ...added });
  }
  return done;
}

/**
 * Deletes events older than {@link keptDays} days, but none that an experiment whose figures can still change was
 * exposed by, or has its users' past from, and none that is still to become a part of its dataset.
 *
 * @returns the UTC days deleted
 */
export async function dropOldEvents(database: Database, { now = new Date() }: { now?: Date } = {}): Promise<string[]> {
  const needed = (await openExperiments(database)).map(
    ({ phaseStartedAt }) => phaseStartedAt!.getTime() - preDays * dayMs,
  );
  // A day more: an event that is just young enough may be on its way.
  const before = Math.min(now.getTime() - (keptDays + 1) * dayMs, ...needed);
  const day = new Date(before).toISOString().slice(0, 10);
  const { rows } = await database.pool.query<{ day: string | null }>(
    `SELECT to_char(min(e.day), 'YYYY-MM-DD') AS day FROM "Event" e
     LEFT JOIN "Experiment" x ON x.id = e."experimentId" AND e."datasetId" IS NULL
     JOIN "Dataset" d ON d.id = coalesce(e."datasetId", x."datasetId") AND d.status = 'done'
     LEFT JOIN "EventFold" f ON f."datasetId" = d.id
     WHERE e.day < $1 AND NOT e.simulated AND (f.seen IS NULL OR NOT pg_visible_in_snapshot(e."ingestedIn", f.seen))
       AND coalesce(d.summary->'sides'->>'left', 'user') = 'user' AND coalesce(d.summary->'sides'->>'right', 'item') = 'item'`,
    [day],
  );
  const unfolded = rows[0]?.day;
  return dropEventPartitions(database, unfolded && unfolded < day ? unfolded : day);
}
