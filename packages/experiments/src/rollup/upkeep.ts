import { mostKeptDays, parseStorefront } from '@duet/datasets';
import { type Database, dropEventPartitions, isoDay } from '@duet/db';
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

/** The start of the UTC day of the oldest event that an experiment whose figures can still change has need of. */
const neededSince = (open: Awaited<ReturnType<typeof openExperiments>>): number =>
  Math.min(Infinity, ...open.map(({ phaseStartedAt }) => phaseStartedAt!.getTime() - preDays * dayMs));

/** What is of one dataset, and of one type. */
interface OfType {
  datasetId: string;
  type: string;
}

const isOfType = (place: number) => `(e."datasetId" = $${place} AND (e.type::text = $${place + 1} AND e.type <> 'own'
  OR e.type = 'own' AND e.name = $${place + 1}))`;

/** `day`, or the day of the oldest event before it that is still to become a part of its dataset. */
async function beforeUnfolded({ pool }: Database, day: string, of?: OfType): Promise<string> {
  const { rows } = await pool.query<{ day: string | null }>(
    `SELECT to_char(min(e.day), 'YYYY-MM-DD') AS day FROM "Event" e
     LEFT JOIN "Experiment" x ON x.id = e."experimentId" AND e."datasetId" IS NULL
     JOIN "Dataset" d ON d.id = coalesce(e."datasetId", x."datasetId") AND d.status = 'done'
     LEFT JOIN "EventFold" f ON f."datasetId" = d.id
     WHERE e.day < $1 AND NOT e.simulated AND (f.seen IS NULL OR NOT pg_visible_in_snapshot(e."ingestedIn", f.seen))
       AND coalesce(d.summary->'sides'->>'left', 'user') = 'user' AND coalesce(d.summary->'sides'->>'right', 'item') = 'item'
       ${of === undefined ? '' : `AND ${isOfType(2)}`}`,
    [day, ...(of === undefined ? [] : [of.datasetId, of.type])],
  );
  const unfolded = rows[0]?.day;
  return unfolded && unfolded < day ? unfolded : day;
}

/**
 * Deletes events older than {@link mostKeptDays} days, but none that an experiment whose figures can still change was
 * exposed by, or has its users' past from, and none that is still to become a part of its dataset.
 *
 * @returns the UTC days deleted
 */
export async function dropOldEvents(database: Database, { now = new Date() }: { now?: Date } = {}): Promise<string[]> {
  // A day more: an event that is just young enough may be on its way.
  const old = now.getTime() - (mostKeptDays + 1) * dayMs;
  const before = isoDay(Math.min(old, neededSince(await openExperiments(database))));
  return dropEventPartitions(database, await beforeUnfolded(database, before));
}

/**
 * Deletes the events of types that a dataset keeps for fewer days than {@link mostKeptDays}, sparing what
 * {@link dropOldEvents} spares.
 *
 * @returns how many of each type
 */
export async function purgeEvents(
  database: Database,
  { now = new Date() }: { now?: Date } = {},
): Promise<(OfType & { events: number })[]> {
  const datasets = await database.prisma.dataset.findMany({ where: { status: 'done' }, orderBy: { id: 'asc' } });
  const open = await openExperiments(database);
  const purged: (OfType & { events: number })[] = [];
  for (const { id: datasetId, storefront } of datasets) {
    const needed = neededSince(open.filter((experiment) => experiment.datasetId === datasetId));
    for (const [type, days] of Object.entries(parseStorefront(storefront).keepDays)) {
      const old = isoDay(Math.min(now.getTime() - days * dayMs, needed));
      const day = await beforeUnfolded(database, old, { datasetId, type });
      const { rowCount } = await database.pool.query(`DELETE FROM "Event" e WHERE e.day < $1 AND ${isOfType(2)}`, [
        ...[day, datasetId, type],
      ]);
      if (rowCount) purged.push({ datasetId, type, events: rowCount });
    }
  }
  return purged;
}
