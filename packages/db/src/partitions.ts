import { DuetError } from '@duet/base';
import type { Database } from './database.ts';

const day = /^\d{4}-\d{2}-\d{2}$/;
const dayMs = 86_400_000;
const parse = (text: string): number => (day.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN);
/** A moment's UTC day, 'YYYY-MM-DD'. */
export const isoDay = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/**
 * Makes the partitions of "Event" for these UTC days ('YYYY-MM-DD') where they are missing. Any number of processes may
 * ask for the same day at once. Partitions are attached, which neither waits for nor blocks readers and writers of the
 * table.
 *
 * @param there days that are known to have one, so that logging an event costs no look-up; those of this call are added
 * @throws DuetError `bad-input` for what is not a day
 */
export async function ensureEventPartitions(
  database: Database,
  days: Iterable<string>,
  there = new Set<string>(),
): Promise<void> {
  const missingDays = [...new Set(days)].filter((text) => !there.has(text)).sort();
  for (const text of missingDays) {
    if (Number.isNaN(parse(text)) || isoDay(parse(text)) !== text) {
      throw new DuetError('bad-input', `"${text}" is not a day.`, { fix: 'Write it as 2026-01-31.' });
    }
  }
  if (missingDays.length === 0) return;
  const client = await database.pool.connect();
  let failed = true;
  try {
    await client.query('BEGIN');
    await client.query(`SELECT pg_advisory_xact_lock(hashtext('"Event" partitions'))`);
    const { rows } = await client.query<{ name: string }>(
      `SELECT relid::text AS name FROM pg_partition_tree('"Event"') WHERE isleaf`,
    );
    const existing = new Set(rows.map(({ name }) => name));
    for (const text of missingDays) {
      const table = `"Event_${text.replaceAll('-', '')}"`;
      if (existing.has(table)) continue;
      await client.query(`CREATE TABLE ${table} (LIKE "Event" INCLUDING ALL)`);
      await client.query(
        `ALTER TABLE "Event" ATTACH PARTITION ${table} FOR VALUES FROM ('${text}') TO ('${isoDay(parse(text) + dayMs)}')`,
      );
    }
    await client.query('COMMIT');
    failed = false;
  } finally {
    // A connection that failed inside the transaction is closed, which undoes it.
    client.release(failed);
  }
  for (const text of missingDays) there.add(text);
}

/**
 * Deletes the events of all UTC days before `day`, a partition at a time. One that is being read or written for more
 * than two seconds ends it: the next call goes on.
 *
 * @returns the days deleted, ascending
 * @throws DuetError `bad-input` for what is not a day
 */
export async function dropEventPartitions({ pool }: Database, day: string): Promise<string[]> {
  if (Number.isNaN(parse(day))) {
    throw new DuetError('bad-input', `"${day}" is not a day.`, { fix: 'Write it as 2026-01-31.' });
  }
  const { rows } = await pool.query<{ table: string; day: string }>(
    `SELECT * FROM (
       SELECT relid::text AS "table", to_char(to_date(right(trim(both '"' from relid::text), 8), 'YYYYMMDD'), 'YYYY-MM-DD') AS "day"
       FROM pg_partition_tree('"Event"') WHERE isleaf) AS p
     WHERE "day" < $1 ORDER BY "day"`,
    [day],
  );
  for (const { table } of rows) {
    await pool.query(`BEGIN; SET LOCAL lock_timeout = '2s'; DROP TABLE ${table}; COMMIT`);
  }
  return rows.map((row) => row.day);
}
