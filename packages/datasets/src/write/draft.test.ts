import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { createTestDatabase } from '@duet/db/testing';
import { importDataset } from '../import.ts';
import { clearAbandonedDrafts } from './draft.ts';

test('an import that is killed at any step leaves nothing once its draft is cleared away', async () => {
  await using db = await createTestDatabase();
  const folder = await mkdtemp(path.join(tmpdir(), 'duet-draft-'));
  const dataDir = path.join(folder, 'data');
  const interactions = path.join(folder, 'long.csv');
  const lines = Array.from({ length: 50_000 }, (_, i) => `u${i % 999},i${i % 777},${i}`);
  await writeFile(interactions, `user,item,time\n${lines.join('\n')}`);
  const request = { name: 'shop', interactions };
  const child = path.join(import.meta.dirname, '../testing/import-child.ts');
  const datasets = () => readdir(path.join(dataDir, 'datasets'));
  for (const last of ['read long.csv', 'number interactions', 'write users.parquet', 'store catalogue']) {
    const run = spawn(process.execPath, [
      child,
      String(db.pool.options.connectionString),
      dataDir,
      JSON.stringify(request),
    ]);
    let steps = '';
    run.stdout.on('data', (text) => {
      steps += text;
      if (steps.includes(last)) run.kill('SIGKILL');
    });
    const [, signal] = await once(run, 'close');
    assert.equal(signal, 'SIGKILL', `it was done before "${last}": ${steps}`);
    assert.equal(await db.prisma.dataset.count(), 0);
    assert.equal(await clearAbandonedDrafts({ db, dataDir }), 1, `killed at "${last}"`);
    assert.deepEqual(await datasets(), []);
  }

  // Rows that were there when the process ended are a dataset: only what it replaces is still to go.
  const { datasetId } = await importDataset({ db, dataDir }, request);
  const replaced = path.join(dataDir, 'models', 'replaced');
  await writeFile(path.join(dataDir, 'datasets', datasetId, 'draft.json'), JSON.stringify({ replaces: [replaced] }));
  assert.equal(await clearAbandonedDrafts({ db, dataDir }), 0);
  assert.ok(!(await readdir(path.join(dataDir, 'datasets', datasetId))).includes('draft.json'));

  // An older Duet wrote the row first.
  await db.prisma.dataset.create({ data: { name: 'old (importing)', settings: {} } });
  assert.equal(await clearAbandonedDrafts({ db, dataDir }), 1);
  await rm(folder, { recursive: true });
});
