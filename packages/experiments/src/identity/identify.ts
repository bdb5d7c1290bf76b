import { DuetError } from '@duet/base';
import type { Database } from '@duet/db';

/** The arm that a user keeps in an experiment, and the phase that they were first exposed in. */
export interface KeptArm {
  armId: string;
  phase: number;
}

export interface Identified {
  userId: string;
  /** Events of the anonymous id that are the user's now. */
  events: number;
  /** By running experiment: the arm of the first exposure of either id, which the user keeps. */
  arms: Record<string, KeptArm>;
}

/** Whose an anonymous id turned out to be. */
export interface Identity {
  datasetId: string;
  anonymousId: string;
  userId: string;
}

/**
 * Joins what somebody did before they logged in to their user: events are moved, so that each counts once and of one
 * user; what is in parts of the dataset follows with its next snapshot. In every experiment that runs the user keeps
 * the arm that either id was exposed to first. Whoever comes next under the same anonymous id begins anew.
 *
 * @throws DuetError `bad-input` where both ids are one
 */
export async function identifyUser(
  { pool }: Database,
  { datasetId, anonymousId, userId }: Identity,
): Promise<Identified> {
  if (anonymousId === userId) {
    throw new DuetError('bad-input', 'The anonymous id is the user’s own.', { where: { field: 'anonymousId' } });
  }
  const client = await pool.connect();
  let failed = true;
  try {
    await client.query('BEGIN');
    const { rowCount } = await client.query(
      `UPDATE "Event" SET "userId" = $3 WHERE "userId" = $2 AND ("datasetId" = $1::uuid OR "datasetId" IS NULL
         AND "experimentId" IN (SELECT id FROM "Experiment" WHERE "datasetId" = $1::uuid))`,
      [datasetId, anonymousId, userId],
    );
    const { rows } = await client.query<{ experimentId: string; armId: string; phase: number }>(
      `SELECT DISTINCT ON (x.id) x.id AS "experimentId", e."armId", x.phase
       FROM "Event" e JOIN "Experiment" x ON x.id = e."experimentId"
       WHERE e."userId" = $2 AND e.type = 'impression' AND x."datasetId" = $1::uuid AND x.status = 'running'
         AND x.design = 'ab' AND e."armId" IS NOT NULL AND e."occurredAt" >= x."phaseStartedAt"
       ORDER BY x.id, e."occurredAt", e."eventId"`,
      [datasetId, userId],
    );
    const arms = Object.fromEntries(rows.map(({ experimentId, armId, phase }) => [experimentId, { armId, phase }]));
    await client.query(
      `INSERT INTO "UserAlias" ("datasetId", "anonymousId", "userId", arms, at) VALUES ($1, $2, $3, $4, clock_timestamp())`,
      [datasetId, anonymousId, userId, JSON.stringify(arms)],
    );
    await client.query('COMMIT');
    failed = false;
    return { userId, events: rowCount ?? 0, arms };
  } finally {
    client.release(failed);
  }
}
