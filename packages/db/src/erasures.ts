import { createHash } from 'node:crypto';
import type { Database } from './database.ts';

/** Whose data are meant: a user of one dataset. */
export interface Person {
  datasetId: string;
  userId: string;
}

/** What an erasure is found again by, without naming who it was of: SHA-256 of dataset and id, hex. */
export const fingerprintOf = ({ datasetId, userId }: Person): string =>
  createHash('sha256').update(`${datasetId}\0${userId}`).digest('hex');

/** Fingerprints of those who were forgotten in the last minutes, by the erasure's id. */
export async function recentErasures({ pool }: Pick<Database, 'pool'>, minutes: number): Promise<Map<string, string>> {
  const { rows } = await pool.query<{ id: string; fingerprint: string }>(
    `SELECT id, fingerprint FROM "Erasure" WHERE "finishedAt" > now() - make_interval(mins => $1)`,
    [minutes],
  );
  return new Map(rows.map(({ id, fingerprint }) => [id, fingerprint]));
}
