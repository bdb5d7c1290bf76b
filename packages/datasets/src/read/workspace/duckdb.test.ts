import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { repositoryRoot } from '@duet/base';
import { literal, openDuckDb } from './duckdb.ts';

test('SQL in a DuckDB gets out of its folder by no way', async (t) => {
  const home = await mkdtemp(path.join(tmpdir(), 'duet-duckdb-'));
  t.after(() => rm(home, { recursive: true }));
  const [files, secret] = [path.join(home, 'files'), path.join(home, 'secret.csv')];
  await mkdir(files);
  await writeFile(secret, 'a\n1\n');
  await writeFile(path.join(files, 'own.csv'), 'a\n1\n');
  using opened = await openDuckDb(':memory:', files, { threads: '1' });
  const { connection } = opened;
  await connection.run(
    `COPY (FROM read_csv(${literal(path.join(files, 'own.csv'))})) TO ${literal(path.join(files, 'out.csv'))}`,
  );
  const escapes = [
    `FROM read_csv(${literal(secret)})`,
    `FROM read_text(${literal(path.join(files, '..', 'secret.csv'))})`,
    `FROM glob('/etc/*')`,
    `FROM read_csv('/etc/passwd')`,
    `FROM read_csv('https://localhost/x.csv')`,
    `COPY (SELECT 1) TO ${literal(path.join(home, 'out.csv'))}`,
    `ATTACH ${literal(path.join(home, 'other.duckdb'))}`,
    `EXPORT DATABASE ${literal(path.join(home, 'export'))}`,
    'INSTALL httpfs',
    'LOAD httpfs',
    'SET enable_external_access = true',
    `SET allowed_directories = ['/']`,
    `SET GLOBAL temp_directory = ${literal(home)}`,
    'RESET allowed_directories',
    'SET lock_configuration = false',
  ];
  for (const sql of escapes) await assert.rejects(connection.run(sql), sql);
});

test('no DuckDB is opened in another way', async () => {
  const root = repositoryRoot();
  const opening = [];
  for (const file of globSync('{packages,apps}/*/src/**/*.ts', { cwd: root })) {
    if (file.endsWith('.test.ts')) continue;
    if ((await readFile(path.join(root, file), 'utf8')).includes('DuckDBInstance.create')) opening.push(file);
  }
  assert.deepEqual(opening, ['packages/datasets/src/read/workspace/duckdb.ts']);
});
