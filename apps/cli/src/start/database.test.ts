import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { loadConfig } from '@duet/base';
import { connect } from '@duet/db';
import { keepPostgres } from './database.ts';

test('an embedded PostgreSQL that is killed comes back at the same address, and stays away once it is stopped', async () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'duet-keep-'));
  chmodSync(dataDir, 0o755);
  const config = loadConfig({ DUET_DATA_DIR: dataDir, DUET_POSTGRES_PORT: '55692' });
  const lines: string[] = [];
  const server = await keepPostgres(config, { say: (line) => lines.push(line) });
  const { folder } = JSON.parse(readFileSync(path.join(dataDir, 'postgres.json'), 'utf8')) as { folder: string };
  const answers = async () => {
    await using database = await connect(server.url);
    return database.pool.query('SELECT 1').then(
      () => true,
      () => false,
    );
  };
  try {
    assert.equal(await answers(), true);
    process.kill(Number.parseInt(readFileSync(path.join(folder, 'postmaster.pid'), 'utf8'), 10), 'SIGKILL');
    for (const since = Date.now(); lines.length === 0 || !(await answers()); await pause(50)) {
      assert.ok(Date.now() - since < 30_000, 'it must come back');
    }
    assert.match(lines.join(), /^The embedded PostgreSQL ended; it is started again\.$/);
  } finally {
    await server[Symbol.asyncDispose]();
    assert.equal(await answers(), false);
    rmSync(dataDir, { recursive: true, force: true });
    rmSync(folder, { recursive: true, force: true });
  }
});
