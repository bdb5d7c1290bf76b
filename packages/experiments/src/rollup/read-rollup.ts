import { DuetError } from '@duet/base';
import type { Database } from '@duet/db';
import { pastPlaces, type UserSums, userSums } from '../metrics/measures.ts';

/** Part of the events or users: items of a category, new or returning visitors, a class of devices. */
export interface Segment {
  dimension: 'category' | 'visitor' | 'device';
  value: string;
}

export interface RolledUp {
  /** Events that had arrived by then are in; null before the first rollup. */
  through: Date | null;
  /** Exposed to more than one arm: in no sum. */
  usersInTwoArms: number;
  /** Exposed, but test users or machines: in no sum. */
  excludedUsers: number;
  /** Arrived later than the experiment waits: stored, and in no sum. */
  lateEvents: number;
  /** Ascending by UTC day, those with events; each arm's sums over its users from the start to the end of that day. */
  days: { day: string; arms: Map<string, UserSums> }[];
  /** As of the last day. An arm without users is missing. */
  total: Map<string, UserSums>;
  segments: { dimension: Segment['dimension']; values: string[] }[];
}

interface DayRow {
  armId: string;
  day: string;
  users: string;
  moments: string[];
}

/**
 * Reads the experiment's sums as of its last rollup: a row per arm and day, however many users and events there are.
 *
 * A device or visitor segment has the users who were in it at their first exposure. A category has all users of the arm
 * (who sees a category is the arms' doing) with what they did with the category's items.
 *
 * @param options.phase the newest by default. Users who were left out are counted in the newest alone
 * @throws DuetError `not-found`
 */
export async function readRollup(
  database: Database,
  experimentId: string,
  { segment, phase: asked }: { segment?: Segment; phase?: number } = {},
): Promise<RolledUp> {
  const { prisma, pool } = database;
  const experiment = await prisma.experiment.findUnique({ where: { id: experimentId }, include: { rollup: true } });
  if (!experiment) throw new DuetError('not-found', `There is no experiment ${experimentId}.`);
  const { rollup } = experiment;
  const phase = asked ?? experiment.phase;
  const rowsOf = async ({ dimension, value }: { dimension: string; value: string }) => {
    const { rows } = await pool.query<DayRow>(
      `SELECT "armId", "day"::text, "users"::text, "moments"::text[] FROM "RollupDay"
       WHERE "experimentId" = $1 AND "phase" = $2 AND "dimension" = $3 AND "segment" = $4 ORDER BY "day"`,
      [experimentId, phase, dimension, value],
    );
    return rows;
  };
  const all = { dimension: '', value: '' };
  const [shopperDays, whole, segments] = await Promise.all([
    rowsOf(segment ?? all),
    segment?.dimension === 'category' ? rowsOf(all) : [],
    segmentsOf(database, experimentId, phase),
  ]);
  const days = cumulated(shopperDays, whole);
  return {
    through: rollup?.through ?? null,
    usersInTwoArms: rollup?.usersInTwoArms ?? 0,
    excludedUsers: rollup?.excludedUsers ?? 0,
    lateEvents: rollup?.lateEvents ?? 0,
    days,
    total: days.at(-1)?.arms ?? new Map(),
    segments,
  };
}

async function segmentsOf({ pool }: Database, experimentId: string, phase: number): Promise<RolledUp['segments']> {
  const { rows } = await pool.query<{ dimension: Segment['dimension']; values: string[] }>(
    `SELECT "dimension", array_agg("segment" ORDER BY "segment") AS "values" FROM (
       SELECT "dimension", "segment" FROM "RollupDay"
       WHERE "experimentId" = $1 AND "phase" = $2 AND "dimension" <> '' AND "segment" <> ''
       GROUP BY "dimension", "segment" HAVING "dimension" = 'category' OR sum("users") > 0) AS s
     GROUP BY "dimension" ORDER BY "dimension"`,
    [experimentId, phase],
  );
  return rows;
}

interface Running {
  users: bigint;
  moments: bigint[];
}

/** Adds the days up. `whole` has the arms' users where `own`, a category's rows, has none. */
function cumulated(ofExperiment: readonly DayRow[], whole: readonly DayRow[]): RolledUp['days'] {
  const running = new Map<string, Running>();
  const byDay = Map.groupBy([...ofExperiment, ...whole], ({ day }) => day);
  const owned = new Set(ofExperiment);
  return [...byDay]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([day, rows]) => {
      for (const row of rows) {
        const arm = running.get(row.armId) ?? { users: 0n, moments: row.moments.map(() => 0n) };
        running.set(row.armId, arm);
        arm.users += BigInt(row.users);
        // A category takes the past from all users of the arm.
        const places = owned.has(row) ? row.moments.keys() : pastPlaces(row.moments);
        for (const i of places) arm.moments[i]! += BigInt(row.moments[i]!);
      }
      const arms = [...running].filter(([, { users }]) => users > 0n);
      return { day, arms: new Map(arms.map(([armId, { users, moments }]) => [armId, userSums(users, [...moments])])) };
    });
}
