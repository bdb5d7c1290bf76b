import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createDuetClient } from '@duet/client';
import { loadCatalogue, loadInteractions } from '@duet/datasets';
import { createApiKey, type Database, ensureEventPartitions, migrate } from '@duet/db';
import { createTestDatabase, freePort } from '@duet/db/testing';
import { experimentReport } from '@duet/experiments';
import { foldEvents, listDeployments } from '@duet/pipeline';

/**
 * What Duet left at commit 0c0bd79, the last before datasets had parts, by its own command line and service: a shop of
 * 60 users and 40 items, two models with an index each, a rule, a key, and an experiment that ran, with 76 events.
 */
const archive = path.join(import.meta.dirname, '../../fixtures/before-living.tar.gz');
const main = path.join(import.meta.dirname, '../main.ts');

interface OldState {
  migrations: string[];
  /** Rows by table, each as PostgreSQL writes a row value. */
  rows: Record<string, string[]>;
}

/** Makes an empty database what the old Duet's was. */
async function fill(db: Database, { migrations, rows }: OldState): Promise<void> {
  await db.pool.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  await migrate(db, { only: migrations });
  const client = await db.pool.connect();
  try {
    await client.query('SET session_replication_role = replica');
    for (const [table, values] of Object.entries(rows)) {
      if (table === 'Event') {
        const found = await client.query<{ day: string }>(
          'SELECT DISTINCT (r::"Event").day::text FROM unnest($1::text[]) r',
          [values],
        );
        await ensureEventPartitions(
          db,
          found.rows.map(({ day }) => day),
        );
      }
      await client.query(`INSERT INTO "${table}" SELECT (r::"${table}").* FROM unnest($1::text[]) r`, [values]);
    }
  } finally {
    client.release(true);
  }
}

describe('duet start on what a Duet of before parts, snapshots and deployments left', () => {
  let db: Database;
  let dataDir: string;
  before(async () => {
    db = await createTestDatabase();
    dataDir = await mkdtemp(path.join(tmpdir(), 'duet-upgrade-'));
    execFileSync('tar', ['-xzf', archive, '-C', dataDir]);
    await fill(db, JSON.parse(await readFile(path.join(dataDir, 'rows.json'), 'utf8')));
  });
  after(async () => {
    await db[Symbol.asyncDispose]();
    await rm(dataDir, { recursive: true });
  });
  const data = () => path.join(dataDir, 'data');

  /** Runs `duet start` until it serves, does the work, and stops it. */
  async function whileStarted(work: (url: string) => Promise<void>): Promise<void> {
    const port = await freePort();
    const env = { ...process.env, DATABASE_URL: db.url, DUET_DATA_DIR: data(), NODE_TEST_CONTEXT: undefined };
    const args = ['start', '--json', '--no-admin', '--no-storefront', '--no-avx2', '--retrieval-port', String(port)];
    const child = spawn(process.execPath, [main, ...args], { env });
    const closed = once(child, 'close');
    let output = '';
    child.stderr.on('data', (text) => {
      output += text;
    });
    const serves = new Promise<void>((resolve, reject) => {
      child.stdout.once('data', () => resolve());
      closed.then(([code]) => reject(new Error(`it ended with ${code}: ${output}`)));
    });
    try {
      await serves;
      await work(`http://127.0.0.1:${port}`);
    } finally {
      child.kill('SIGTERM');
      await closed;
    }
  }

  test('makes it the new form, and serves what was served, with the experiment, the rule and the key', async () => {
    const { prisma } = db;
    const old = await db.pool.query<{ id: string; datasetId: string; kind: string }>('SELECT * FROM "Model"');
    const { datasetId } = old.rows[0]!;
    const modelOf = (kind: string) => old.rows.find((row) => row.kind === kind)!.id;
    const keys = await db.pool.query<{ id: string }>('SELECT id FROM "ApiKey"');
    await whileStarted(async (url) => {
      const { key } = await createApiKey(db, { name: 'new', datasetId, scopes: ['retrieve'] }, { actor: 'test' });
      const client = createDuetClient({ url, apiKey: key });
      const { experiments } = await client.health();
      assert.deepEqual(
        experiments.map(({ name }) => name),
        ['lanterns'],
      );
      const answers = await Promise.all(
        ['u0', 'u1', 'u2', 'u4', 'u7'].map((userId) => client.retrieve({ userId, k: 5, placement: 'home' })),
      );
      // As the old Duet dealt them out, and with its rule.
      assert.deepEqual(
        answers.map(({ arm }) => arm?.name),
        ['new', 'old', 'old', 'new', 'old'],
      );
      for (const { source, items, arm, model } of answers) {
        assert.deepEqual([source, items.length, items[0]!.itemId], ['model', 5, 'i7']);
        assert.equal(model?.id, modelOf(arm!.name === 'old' ? 'two-tower' : 'dat'));
      }
      await client.close();
    });

    const models = await prisma.model.findMany();
    const first = await prisma.snapshot.findFirstOrThrow({ where: { datasetId, number: 1 } });
    assert.deepEqual([first.interactions, first.users, first.items], [960, 60, 40]);
    assert.ok(models.every((model) => model.snapshotId === first.id));
    const home = path.join(data(), 'datasets', datasetId);
    assert.deepEqual((await readdir(home)).sort(), ['parts', 'rejected.jsonl', 'snapshots']);
    assert.equal(await prisma.apiKey.count({ where: { id: keys.rows[0]!.id, revokedAt: null } }), 1);
    assert.equal((await prisma.rule.findFirstOrThrow()).itemId, 'i7');
    const [deployed, ...more] = await listDeployments(db, datasetId);
    // The experiment's control answered whoever was outside it.
    assert.deepEqual(
      [deployed?.champion?.modelId, deployed?.champion?.version, more.length],
      [modelOf('two-tower'), 1, 0],
    );
    const arms = await prisma.arm.findMany({ orderBy: { position: 'asc' } });
    assert.deepEqual(
      arms.map(({ modelId }) => modelId),
      [modelOf('two-tower'), modelOf('dat')],
    );
  });

  test('lives on: what was logged becomes data, once, and the report has it', async () => {
    const { datasetId, id } = await db.prisma.experiment.findUniqueOrThrow({ where: { name: 'lanterns' } });
    const ctx = { db, dataDir: data() };
    // The worker has begun to, by itself.
    const { snapshot } = await foldEvents(ctx, datasetId);
    const again = await foldEvents(ctx, datasetId);
    const folds = await db.prisma.datasetPart.findMany({ where: { datasetId, source: 'events' } });
    const rows = folds.reduce((sum, { interactions }) => sum + interactions, 0);
    assert.deepEqual([rows, again.events], [76, 0]);
    const { time } = await loadInteractions(ctx, datasetId, snapshot);
    assert.equal(time.length, 960 + 16, 'twelve clicks and four orders; impressions teach nothing yet');
    assert.equal((await loadCatalogue(ctx, datasetId, snapshot)).ids.length, 40);
    const { arms, experiment } = await experimentReport(db, id);
    assert.equal(experiment.status, 'running');
    assert.equal(
      arms.reduce((sum, { impressions }) => sum + impressions, 0),
      60,
    );
  });
});
