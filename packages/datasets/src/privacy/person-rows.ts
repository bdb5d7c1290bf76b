import type { Database } from '@duet/db';
import { literal } from '../read/workspace/duckdb.ts';

/** An id of before a log-in, and when it was the user's. */
interface EarlierId {
  id: string;
  /** Unix seconds: after the one, up to and with the other. */
  after: number;
  until: number;
  /** Whether it was never anybody else's. */
  isTheirsAlone: boolean;
}

/** A user by all ids that they had. */
export interface KnownPerson {
  userId: string;
  earlier: EarlierId[];
}

/** A user, and the ids that they had before they logged in: a part's rows go on naming those. */
export async function knownPerson(
  { pool }: Pick<Database, 'pool'>,
  datasetId: string,
  userId: string,
): Promise<KnownPerson> {
  const { rows: earlier } = await pool.query<EarlierId>(
    `SELECT "anonymousId" AS id, after, until, "isTheirsAlone" FROM (
       SELECT "anonymousId", "userId",
         coalesce(extract(epoch FROM lag(at) OVER own), -1e12)::float8 AS after, extract(epoch FROM at)::float8 AS until,
         bool_and("userId" = $2) OVER (PARTITION BY "anonymousId") AS "isTheirsAlone"
       FROM "UserAlias" WHERE "datasetId" = $1 WINDOW own AS (PARTITION BY "anonymousId" ORDER BY at)) aliases
     WHERE "userId" = $2`,
    [datasetId, userId],
  );
  return { userId, earlier };
}

/** Ids that were never anybody else's. */
export const ownIds = ({ userId, earlier }: KnownPerson): string[] => [
  ...new Set([userId, ...earlier.filter(({ isTheirsAlone }) => isTheirsAlone).map(({ id }) => id)]),
];

/** SQL of DuckDB for the rows of parts that are a person's. */
export const isOfPerson = ({ userId, earlier }: KnownPerson): string =>
  [
    `user_id = ${literal(userId)}`,
    ...earlier.map(({ id, after, until }) => `user_id = ${literal(id)} AND time > ${after} AND time <= ${until}`),
  ].join(' OR ');

/** SQL of PostgreSQL for the rows of "PendingInteraction" of a person. */
export const pendingOfPerson = `"datasetId" = $1 AND (row->>'userId' = $2 OR EXISTS (
  SELECT FROM jsonb_to_recordset($3::jsonb) AS known(id text, after float8, until float8)
  WHERE known.id = row->>'userId' AND (row->>'time')::float8 > known.after AND (row->>'time')::float8 <= known.until))`;
