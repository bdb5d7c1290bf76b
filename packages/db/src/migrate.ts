import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { DuetError, repositoryRoot } from '@duet/base';
import type pg from 'pg';
import type { Database } from './database.ts';
import { databaseFault } from './faults.ts';
import { holdLock } from './hold.ts';

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
 * `_prisma_migrations` as `prisma migrate deploy` does, so that either can follow the other, and takes the same lock,
 * so that two at once do no harm. It exists because that command needs a native engine that is downloaded.
 *
 * @param options.only names of those to apply, for a database as an earlier Duet had it
 * @throws DuetError `conflict` when an applied migration was edited, is missing here, or failed earlier; `internal`
 *   when one fails now (PostgreSQL then undoes it as a whole); `unavailable` where the database's state is why
 */
export async function migrate(
  database: Database,
  { folder = migrationsFolder(), only }: { folder?: string; only?: readonly string[] } = {},
): Promise<string[]> {
  const known = await readMigrations(folder);
  const strange = only?.find((name) => known.every((migration) => migration.name !== name));
  if (strange !== undefined) throw unknownMigration(strange);
  const migrations = known.filter(({ name }) => only?.includes(name) ?? true);
  try {
    await using held = await holdLock(database, prismaLock, { waitMs: 60_000 });
    if (held === undefined) {
      throw new DuetError('unavailable', 'Another process has been migrating this database for a minute.');
    }
    await database.pool.query(`SET LOCAL client_min_messages = warning; ${migrationsTable}`);
    const rows = await readApplied(database);
    check(migrations, rows);
    const applied = new Set(rows.map((row) => row.migration_name));
    const names: string[] = [];
    for (const migration of migrations) {
      if (applied.has(migration.name)) continue;
      await apply(database.pool, migration);
      names.push(migration.name);
    }
    return names;
  } catch (error) {
    throw databaseFault(error) ?? error;
  }
}

/**
 * For a service, which leaves migrating to `duet migrate` and `duet start`: makes sure that the database is as this
 * Duet needs it.
 *
 * @throws DuetError `conflict` where it was never migrated, lacks a migration, or has one that is not known here;
 *   `unavailable` where the database's state is why nothing can be told
 */
export async function requireMigrated(database: Database, folder: string = migrationsFolder()): Promise<void> {
  const migrations = await readMigrations(folder);
  const fix = 'Run npx duet migrate, with the same DATABASE_URL.';
  const rows = await readApplied(database).catch((error: { code?: string }) => {
    if (error.code === undefinedTable)
      throw new DuetError('conflict', 'The database has not been set up for Duet.', { fix });
    throw databaseFault(error) ?? error;
  });
  check(migrations, rows);
  const applied = new Set(rows.map((row) => row.migration_name));
  const lacking = migrations.filter(({ name }) => !applied.has(name));
  if (lacking.length === 0) return;
  throw new DuetError(
    'conflict',
    `The database is older than this Duet: it lacks ${lacking.length} migrations, from ${lacking[0]!.name} on.`,
    { fix },
  );
}

const migrationsFolder = (): string => path.join(repositoryRoot(), 'prisma/migrations');

/** PostgreSQL's code for a table that is not there. */
const undefinedTable = '42P01';

async function readApplied({ pool }: Database): Promise<AppliedRow[]> {
  const { rows } = await pool.query<AppliedRow>(
    'SELECT migration_name, checksum, finished_at, logs FROM _prisma_migrations WHERE rolled_back_at IS NULL',
  );
  return rows;
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
      throw unknownMigration(name);
    }
    if (migration.checksum !== checksum) {
      throw new DuetError('conflict', 'This migration was edited after it had been applied.', {
        where: { file: migration.file },
        fix: 'Restore the file (git checkout) and put the change into a new migration.',
      });
    }
  }
}

const unknownMigration = (name: string): DuetError =>
  new DuetError('conflict', `The database has the migration ${name}, which this checkout lacks.`, {
    fix: 'It was migrated by a newer Duet: update this checkout.',
  });

async function apply(client: pg.Pool, { name, file, sql, checksum }: Migration): Promise<void> {
  const id = randomUUID();
  await client.query(
    'INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at) VALUES ($1, $2, $3, now())',
    [id, checksum, name],
  );
  try {
    // One simple query: PostgreSQL runs its statements in one transaction.
    await client.query(`SET LOCAL client_min_messages = warning; ${sql}`);
  } catch (cause) {
    if (databaseFault(cause)) {
      // Nothing of it is there, and nothing is wrong with it: it can be tried again as it is.
      await client.query('DELETE FROM _prisma_migrations WHERE id = $1', [id]).catch(() => {});
      throw cause;
    }
    const { message } = cause as Error;
    await client.query('UPDATE _prisma_migrations SET logs = $2 WHERE id = $1', [id, message]);
    throw new DuetError('internal', `The migration failed: ${message}.`, { where: { file }, cause });
  }
  await client.query(
    'UPDATE _prisma_migrations SET applied_steps_count = applied_steps_count + 1, finished_at = now() WHERE id = $1',
    [id],
  );
}
