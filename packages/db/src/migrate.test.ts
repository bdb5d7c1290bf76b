import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { appendFile, cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { repositoryRoot } from '@duet/base';
import { connect, type Database } from './database.ts';
import { migrate } from './migrate.ts';
import { ensureEventPartitions } from './partitions.ts';
import { applyWithPrisma, diagnoseWithPrisma, driftFromSchema } from './prisma-engine.ts';
import { createTestDatabase } from './testing.ts';

const committed = path.join(repositoryRoot(), 'prisma/migrations');
const names = (await readdir(committed, { withFileTypes: true }))
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();

/** A second, empty database beside a test's own. */
async function emptyDatabase(beside: Database): Promise<Database> {
  const name = `duet_test_${randomBytes(6).toString('hex')}`;
  await beside.pool.query(`CREATE DATABASE ${name}`);
  const database = await connect(Object.assign(new URL(beside.url), { pathname: `/${name}` }).href, { max: 3 });
  return {
    ...database,
    async [Symbol.asyncDispose]() {
      await database[Symbol.asyncDispose]();
      await beside.pool.query(`DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

async function migrationFolder() {
  const folder = await mkdtemp(path.join(tmpdir(), 'duet-migrations-'));
  await cp(committed, folder, { recursive: true });
  return {
    folder,
    async add(name: string, sql: string) {
      await mkdir(path.join(folder, name));
      await writeFile(path.join(folder, name, 'migration.sql'), sql);
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}

describe('migrations', { concurrency: true }, () => {
  test('are applied once, also by two runners at once', async () => {
    await using other = await createTestDatabase();
    await using database = await emptyDatabase(other);
    const applied = await Promise.all([migrate(database), migrate(database)]);
    assert.deepEqual(applied.flat(), names);
    assert.deepEqual(await migrate(database), []);
  });

  test('leave the schema that schema.prisma describes, partitions and hand-written constraints aside', async () => {
    await using database = await createTestDatabase();
    await ensureEventPartitions(database, ['2026-02-20', '2026-02-21']);
    assert.equal(await driftFromSchema(database.url), '-- This is an empty migration.\n');
    await database.pool.query('ALTER TABLE "Item" DROP COLUMN "title"');
    assert.match(await driftFromSchema(database.url), /ADD COLUMN {5}"title" TEXT/);
  });

  test("agree with Prisma's own schema engine, whichever of the two applied them", async () => {
    await using ours = await createTestDatabase();
    await using prismas = await emptyDatabase(ours);
    assert.deepEqual(await applyWithPrisma(ours.url), []);
    assert.deepEqual(await diagnoseWithPrisma(ours.url), { edited: [], failed: [], history: null });
    assert.deepEqual(await applyWithPrisma(prismas.url), names);
    assert.deepEqual(await migrate(prismas), []);
    const records = (database: Database) =>
      database.pool
        .query(
          'SELECT migration_name, checksum, logs, rolled_back_at, applied_steps_count FROM _prisma_migrations ORDER BY 1',
        )
        .then(({ rows }) => rows);
    assert.deepEqual(await records(ours), await records(prismas));
    const columns = (database: Database) =>
      database.pool
        .query(
          `SELECT column_name, data_type, character_maximum_length, column_default, is_nullable
           FROM information_schema.columns WHERE table_name = '_prisma_migrations' ORDER BY ordinal_position`,
        )
        .then(({ rows }) => rows);
    assert.deepEqual(await columns(ours), await columns(prismas));
  });

  test('that fail are undone, block the next run, and say how to go on', async () => {
    await using database = await createTestDatabase();
    await using migrations = await migrationFolder();
    await migrations.add('20261125000000_bad', 'CREATE TABLE half (n int);\nSELECT 1 / 0;');
    await assert.rejects(migrate(database, { folder: migrations.folder }), {
      code: 'internal',
      message: /bad.*division by zero/,
    });
    assert.deepEqual((await database.pool.query("SELECT to_regclass('half') AS half")).rows, [{ half: null }]);
    const blocked = await migrate(database, { folder: migrations.folder }).catch((error: Error) => error);
    assert.match(String(blocked), /bad failed earlier: division by zero/);
    assert.deepEqual(await diagnoseWithPrisma(database.url), {
      edited: [],
      failed: ['20261125000000_bad'],
      history: 'migrationsDirectoryIsBehind',
    });
    // The remedy in the message works as it stands.
    await database.pool.query(/run: (UPDATE .*?;)/.exec(String(blocked))![1]!);
    await writeFile(path.join(migrations.folder, '20261125000000_bad/migration.sql'), 'CREATE TABLE half (n int);');
    assert.deepEqual(await migrate(database, { folder: migrations.folder }), ['20261125000000_bad']);
  });

  test('that were edited after they were applied are refused', async () => {
    await using database = await createTestDatabase();
    await using migrations = await migrationFolder();
    await appendFile(path.join(migrations.folder, '20261124000000_initial/migration.sql'), '-- one more word\n');
    await assert.rejects(migrate(database, { folder: migrations.folder }), {
      code: 'conflict',
      message: /edited after/,
    });
  });

  test('of a newer Duet are recognised', async () => {
    await using database = await createTestDatabase();
    await using migrations = await migrationFolder();
    await migrations.add('20261125000000_newer', 'CREATE TABLE newer (n int);');
    await migrate(database, { folder: migrations.folder });
    await assert.rejects(migrate(database), {
      code: 'conflict',
      message: /20261125000000_newer, which this checkout lacks/,
    });
  });
});
