import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { migrate } from './migrate.ts';
import { createTestDatabase } from './testing.ts';

const script = `import { runService } from ${JSON.stringify(import.meta.resolve('./service.ts'))};
  await runService('trial', async ({ db }) => { await db.pool.query(process.argv[1]); console.log('works'); });`;

/** A service's process over a database: how it ended, and what it said. */
async function serve(url: string, statement = 'SELECT 1') {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'duet-service-'));
  const env = { ...process.env, DATABASE_URL: url, DUET_DATA_DIR: dataDir, NODE_TEST_CONTEXT: undefined };
  try {
    return await new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
      const args = ['--input-type=module', '-e', script, statement];
      execFile(process.execPath, args, { env }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr: stderr.trim() }),
      );
    });
  } finally {
    rmSync(dataDir, { recursive: true });
  }
}

test('a service begins on a migrated database alone, and says in one sentence what is wrong with another', async () => {
  await using db = await createTestDatabase();
  assert.deepEqual(await serve(db.url), { code: 0, stdout: 'works\n', stderr: '' });

  const fails = async (sentence: RegExp, url = db.url, statement?: string) => {
    const { code, stdout, stderr } = await serve(url, statement);
    assert.deepEqual({ code, stdout, lines: stderr.split('\n').length }, { code: 1, stdout: '', lines: 1 }, stderr);
    assert.match(stderr, sentence);
  };
  await fails(/is read-only/, db.url, 'SET TRANSACTION READ ONLY; CREATE TABLE t ()');
  await db.pool.query(
    'DELETE FROM _prisma_migrations WHERE migration_name = (SELECT max(migration_name) FROM _prisma_migrations)',
  );
  await fails(/older than this Duet: it lacks 1 .*npx duet migrate/);
  await db.pool.query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at) VALUES ('x', 'x', '29990101000000_later', now())`,
  );
  await fails(/29990101000000_later.*update this checkout/);
  await db.pool.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  await fails(/has not been set up for Duet\. Run npx duet migrate/);

  const stranger = `duet_stranger_${process.pid}`;
  await db.pool.query(`CREATE ROLE ${stranger} LOGIN PASSWORD 'x'`);
  try {
    await db.pool.query('GRANT USAGE ON SCHEMA public TO PUBLIC');
    await migrate(db);
    const url = Object.assign(new URL(db.url), { username: stranger, password: 'x' }).href;
    await fails(/lacks a right \(permission denied .*GRANT/, url);
  } finally {
    await db.pool.query(`DROP ROLE ${stranger}`);
  }
});
