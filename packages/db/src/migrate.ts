import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { DuetError, repositoryRoot } from '@duet/base';
import type pg from 'pg';
import type { Database } from './database.ts';

/** The advisory lock that Prisma takes for every migration command. */
const prismaLock = 72707369;

interface Migration {
  name: string;
  file: string;
  sql: string;
  /** SHA-256 of the file, in hex: what Prisma records. */
  checksum: string;
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  return Promise.all(
    names
      .map(({ name }) => name)
      .sort()
      .map(async (name) => {
        const file = path.join(folder, name, 'migration.sql');
        const bytes = await readFile(file);
        const checksum = createHash('sha256').update(bytes).digest('hex');
        return { name, file, sql: bytes.toString('utf8'), checksum };
      }),
  );
}

// As Prisma's schema engine writes it (sql_schema_connector, flavour postgres).
const migrationsTable = `
CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
    "id"                    VARCHAR(36) PRIMARY KEY NOT NULL,
    "checksum"              VARCHAR(64) NOT NULL,
    "finished_at"           TIMESTAMPTZ,
    "migration_name"        VARCHAR(255) NOT NULL,
    "logs"                  TEXT,
    "rolled_back_at"        TIMESTAMPTZ,
    "started_at"            TIMESTAMPTZ NOT NULL DEFAULT now(),
    "applied_steps_count"   INTEGER NOT NULL DEFAULT 0
)`;

interface AppliedRow {
  migration_name: string;
  checksum: string;
  finished_at: Date | null;
  logs: string | null;
}

/**
 * Applies the migrations of prisma/migrations that this database lacks, and returns their names. It keeps
 * `_prisma_migrations` as `prisma migrate deploy` does, so that either can follow the other, and takes the same lock, so
 * that two at once do no harm. It exists because that command needs a native engine that is downloaded.
 *
 * @throws DuetError `conflict` when an applied migration was edited, is missing here, or failed earlier; `internal` when
 *   one fails now (PostgreSQL then undoes it as a whole)
 */
export async function migrate(
  database: Database,
  folder: string = path.join(repositoryRoot(), 'prisma/migrations'),
): Promise<string[]> {
  const migrations = await readMigrations(folder);
  const client = await database.pool.connect();
  try {
    await client.query("SET lock_timeout = '60s'");
    await client.query('SELECT pg_advisory_lock($1)', [prismaLock]).catch((cause) => {
      throw new DuetError('unavailable', 'Another process has been migrating this database for a minute.', { cause });
    });
    await client.query('RESET lock_timeout');
    await client.query('SET client_min_messages = warning');
    await client.query(migrationsTable);
    const { rows } = await client.query<AppliedRow>(
      'SELECT migration_name, checksum, finished_at, logs FROM _prisma_migrations WHERE rolled_back_at IS NULL',
    );
    check(migrations, rows);
    const applied = new Set(rows.map((row) => row.migration_name));
    const names: string[] = [];
    for (const migration of migrations) {
      if (applied.has(migration.name)) continue;
      await apply(client, migration);
      names.push(migration.name);
    }
    return names;
  } finally {
    // A session's end frees its advisory locks and forgets its settings.
    client.release(true);
  }
}

function check(migrations: Migration[], rows: AppliedRow[]): void {
  const known = new Map(migrations.map((migration) => [migration.name, migration]));
  for (const { migration_name: name, checksum, finished_at, logs } of rows) {
    const migration = known.get(name);
    if (finished_at === null) {
      throw new DuetError('conflict', `The migration ${name} failed earlier${logs ? `: ${logs}` : '.'}`, {
        fix: `Mend its cause, undo what it left, then run: UPDATE _prisma_migrations SET rolled_back_at = now() WHERE migration_name = '${name}' AND finished_at IS NULL; (prisma migrate resolve --rolled-back ${name} does the same).`,
      });
    }
    if (migration === undefined) {
      throw new DuetError('conflict', `The database has the migration ${name}, which this checkout lacks.`, {
        fix: 'It was migrated by a newer Duet: update this checkout.',
      });
    }
    if (migration.checksum !== checksum) {
      throw new DuetError('conflict', 'This migration was edited after it had been applied.', {
        where: { file: migration.file },
        fix: 'Restore the file (git checkout) and put the change into a new migration.',
      });
    }
  }
}

async function apply(client: pg.PoolClient, { name, file, sql, checksum }: Migration): Promise<void> {
  const id = randomUUID();
  await client.query(
    'INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES ($1, $2, $3, now())',
    [id, checksum, name],
  );
  try {
    // One simple query: PostgreSQL runs its statements in one transaction.
    await client.query(sql);
  } catch (cause) {
    const { message } = cause as Error;
    await client.query('UPDATE _prisma_migrations SET logs = $2 WHERE id = $1', [id, message]);
    throw new DuetError('internal', `The migration failed: ${message}.`, { where: { file }, cause });
  }
  await client.query(
    'UPDATE _prisma_migrations SET applied_steps_count = applied_steps_count + 1, finished_at = now() WHERE id = $1',
    [id],
  );
}
