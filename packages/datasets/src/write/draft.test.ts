import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { connect } from '@duet/db';
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
  const killAt = async (last: string, asked: object) => {
    const url = String(db.pool.options.connectionString);
    const run = spawn(process.execPath, [child, url, dataDir, JSON.stringify(asked)]);
    let steps = '';
    run.stdout.on('data', (text) => {
      steps += text;
      if (steps.includes(last)) run.kill('SIGKILL');
    });
    let errors = '';
    run.stderr.on('data', (text) => {
      errors += text;
    });
    const [, signal] = await once(run, 'close');
    assert.equal(signal, 'SIGKILL', `it was done before "${last}": ${steps}${errors}`);
  };
  for (const last of ['read long.csv', 'write users.parquet', 'store catalogue']) {
    await killAt(last, request);
    assert.equal(await db.prisma.dataset.count(), 0);
    assert.equal(await clearAbandonedDrafts({ db, dataDir }), 1, `killed at "${last}"`);
    assert.deepEqual(await datasets(), []);
  }

  // Rows that were there when the process ended are a dataset.
  const { datasetId } = await importDataset({ db, dataDir }, request);
  const home = path.join(dataDir, 'datasets', datasetId);
  const whole = await readdir(home, { recursive: true });
  await writeFile(interactions, 'user,item,time\nu1,i1,999999');
  await killAt('write part', { into: 'shop', interactions });
  assert.ok((await readdir(home)).some((name) => name.endsWith('.unfinished')));
  assert.equal(await clearAbandonedDrafts({ db, dataDir }), 1, 'of what was added');
  assert.deepEqual(await readdir(home, { recursive: true }), whole);
  await writeFile(path.join(dataDir, 'datasets', datasetId, 'draft.json'), '{}');
  assert.equal(await clearAbandonedDrafts({ db, dataDir }), 0);
  assert.ok(!(await readdir(path.join(dataDir, 'datasets', datasetId))).includes('draft.json'));

  // An older Duet wrote the row first.
  await db.prisma.dataset.create({ data: { name: 'old (importing)', settings: {} } });
  assert.equal(await clearAbandonedDrafts({ db, dataDir }), 1);
  await rm(folder, { recursive: true });
});

/** A way to PostgreSQL that loses its answer to the COMMIT of a dataset's rows, once. */
async function losingCommit(url: string) {
  const { hostname, port } = new URL(url);
  let lost = 0;
  const proxy = net.createServer((client) => {
    const server = net.connect(Number(port), hostname);
    let [wrote, committed] = [false, false];
    client.on('data', (sent) => {
      wrote ||= sent.includes('INSERT INTO "Dataset"');
      committed ||= wrote && sent.includes('COMMIT\0');
      server.write(sent);
    });
    server.on('data', (answer) => {
      if (!committed || lost > 0) return void client.write(answer);
      lost++;
      client.destroy();
      server.end();
    });
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', () => {});
      one.on('close', () => other.destroy());
    }
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const through = new URL(url);
  through.port = String((proxy.address() as net.AddressInfo).port);
  return { url: through.href, lost: () => lost, [Symbol.dispose]: () => proxy.close() };
}

test('a dataset whose COMMIT was done, but whose answer was lost, keeps its files', async () => {
  await using whole = await createTestDatabase();
  using way = await losingCommit(whole.url);
  const folder = await mkdtemp(path.join(tmpdir(), 'duet-commit-'));
  const interactions = path.join(folder, 'orders.csv');
  await writeFile(
    interactions,
    `user,item,time\n${Array.from({ length: 40 }, (_, i) => `u${i % 9},i${i % 7},${i}`).join('\n')}`,
  );
  {
    await using db = await connect(way.url);
    const { datasetId } = await importDataset({ db, dataDir: folder }, { name: 'shop', interactions });
    assert.equal(way.lost(), 1);
    assert.equal(await whole.prisma.dataset.count({ where: { id: datasetId } }), 1);
    const files = await readdir(path.join(folder, 'datasets', datasetId));
    assert.ok(files.includes('snapshots') && !files.includes('draft.json'), files.join());
  }
  await rm(folder, { recursive: true });
});

test('drafts in a data folder of another database are nobody’s to clear', async () => {
  await using db = await createTestDatabase();
  await using other = await createTestDatabase();
  const folder = await mkdtemp(path.join(tmpdir(), 'duet-other-'));
  assert.equal(await clearAbandonedDrafts({ db, dataDir: folder }), 0);
  const draft = path.join(folder, 'datasets', randomUUID());
  await mkdir(draft, { recursive: true });
  const model = path.join(folder, 'models', 'of the removed');
  await mkdir(model, { recursive: true });
  await writeFile(path.join(draft, 'draft.json'), JSON.stringify({ with: [model] }));
  await assert.rejects(clearAbandonedDrafts({ db: other, dataDir: folder }), {
    code: 'conflict',
    message: /^The database is not the one of .*, which holds 1 dataset and 1 model\. Set DATABASE_URL/,
  });
  assert.deepEqual(await readdir(draft), ['draft.json']);
  // A removal that was killed after its rows had gone takes what was made of the dataset along.
  assert.equal(await clearAbandonedDrafts({ db, dataDir: folder }), 1);
  assert.deepEqual(await readdir(path.join(folder, 'models')), []);
  await rm(folder, { recursive: true });
});
