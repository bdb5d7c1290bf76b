import assert from 'node:assert/strict';
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { repositoryRoot } from '@duet/base';
import { freePort } from '@duet/db/testing';
import { eventCounts } from '@duet/experiments';
import { createTinyShop, type TinyShop } from '@duet/ranking/testing';
import { buildModelIndex } from '@duet/serving';
import { trainModel } from '@duet/trainer';

const main = path.join(import.meta.dirname, '../../main.ts');
const service = path.join(repositoryRoot(), 'apps/retrieval/src/main.ts');

describe('a simulated week on the real service', () => {
  let shop: TinyShop;
  let retrieval: ChildProcess;
  let env: NodeJS.ProcessEnv;
  before(async () => {
    shop = await createTinyShop();
    for (const modelId of [shop.twoTower, shop.dat]) await buildModelIndex(shop, { modelId });
    const port = await freePort();
    env = {
      ...process.env,
      DATABASE_URL: shop.db.url,
      DUET_DATA_DIR: shop.dataDir,
      DUET_RETRIEVAL_PORT: String(port),
      DUET_LOG_LEVEL: 'warn',
      NODE_TEST_CONTEXT: '',
    };
    retrieval = fork(service, { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    await new Promise<void>((resolve, reject) => {
      retrieval.once('message', () => resolve());
      retrieval.once('exit', (code) => reject(new Error(`the service ended with ${code}`)));
    });
  });
  after(async () => {
    const ended = new Promise((resolve) => retrieval.once('exit', resolve));
    retrieval.kill('SIGTERM');
    await ended;
    await shop[Symbol.asyncDispose]();
  });

  /** Runs `duet simulate`; `interrupt` is pressed when the output holds a text. */
  function simulate(args: string[], interruptAt?: string): Promise<{ code: number; stdout: string; stderr: string }> {
    const child = spawn(process.execPath, [main, 'simulate', '--json', ...args], { env });
    const out = { stdout: '', stderr: '' };
    let pressed = false;
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        out[stream] += text;
        if (interruptAt === undefined || pressed || !out[stream].includes(interruptAt)) return;
        pressed = true;
        child.kill('SIGINT');
      });
    }
    return new Promise((resolve) => child.once('close', (code) => resolve({ code: code ?? -1, ...out })));
  }
  const week = [
    '--visits',
    '2',
    '--page',
    '8',
    '--start',
    new Date(Date.now() - 20 * 86_400_000).toISOString().slice(0, 10),
  ];
  const stored = async (experimentId: string) => {
    const { rows } = await shop.db.pool.query<{ type: string; simulated: boolean; n: number; first: Date; last: Date }>(
      `SELECT "type", "simulated", count(*)::int AS n, min("occurredAt") AS first, max("occurredAt") AS last
       FROM "Event" WHERE "experimentId" = $1 GROUP BY 1, 2`,
      [experimentId],
    );
    return rows;
  };

  test('is made, counted and compared; says that it is a simulation; and repeats with its seed', async () => {
    const { code, stdout, stderr } = await simulate([...week, '--name', 'first']);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /^SIMULATION: no real shopper takes part/);
    const result = JSON.parse(stdout);
    assert.equal(result.simulated, true);
    assert.equal(result.reportAgrees, true);
    assert.deepEqual(result.table.arms, ['two-tower', 'dat']);
    assert.equal(result.table.rows.length, 8);
    assert.deepEqual([result.refused.events, result.visitsOutside, result.period.stoppedAt], [0, 0, null]);

    const events = await stored(result.experiment.id);
    for (const { type, simulated, n, first } of events) {
      assert.equal(simulated, true);
      assert.equal(n, result.events[type]);
      assert.ok(first >= new Date(result.period.from));
    }
    const clicks = events.find(({ type }) => type === 'click')!.n;
    assert.ok(clicks > 0.01 * result.events.impression && clicks < 0.2 * result.events.impression, `${clicks}`);
    const experiment = await shop.db.prisma.experiment.findUniqueOrThrow({ where: { name: 'first' } });
    assert.deepEqual([experiment.status, experiment.simulated], ['stopped', true]);
    const keys = await shop.db.prisma.apiKey.findMany({ where: { name: { contains: 'first' } } });
    assert.ok(keys.length === 1 && keys[0]!.revokedAt !== null);
    for (const { day } of Object.values(await eventCounts(shop.db))) assert.equal(day, 0, 'dashboards count real ones');
    const reportFile = path.join(shop.dataDir, 'simulations', result.experiment.id, 'week.md');
    assert.match(readFileSync(reportFile, 'utf8'), /\*\*This is a simulation\.\*\*[\s\S]*\| \*\*all\*\* \|/);

    const again = JSON.parse((await simulate([...week, '--name', 'second'])).stdout);
    assert.deepEqual(again.table, result.table);
    assert.equal(
      again.reportAgrees,
      true,
      'one simulation’s events do not count in another, though users are the same',
    );
  });

  test('of one model against itself is called A/A', async () => {
    const { code, stdout, stderr } = await simulate([...week, '--aa', '--name', 'aa', '--shoppers', '40']);
    assert.equal(code, 0, stderr);
    const { aa, table, shoppers } = JSON.parse(stdout);
    assert.equal(aa, true);
    assert.deepEqual(table.arms, ['two-tower', 'two-tower again']);
    assert.equal(shoppers.returning + shoppers.new, 40);
  });

  test('that is interrupted leaves a stopped experiment with what happened until then', async () => {
    const { code, stdout } = await simulate(['--visits', '60', '--name', 'cut'], 'simulate: ');
    assert.equal(code, 0);
    const { period, reportAgrees, visits, events } = JSON.parse(stdout);
    assert.ok(period.stoppedAt !== null && reportAgrees && visits > 0 && events.impression > 0);
    const experiment = await shop.db.prisma.experiment.findUniqueOrThrow({ where: { name: 'cut' } });
    assert.equal(experiment.status, 'stopped');
  });

  test('is refused where an arm has seen what tastes are made of, and where the week is not over', async () => {
    const set = { epochs: 1, batch: 64, negatives: 16, layers: [16], tableLearningRate: 0.05 };
    const { modelId } = await trainModel(shop, { datasetId: shop.datasetId, kind: 'two-tower', split: 'none', set });
    await buildModelIndex(shop, { modelId });
    const seen = await simulate([...week, '--treatment', modelId, '--name', 'seen']);
    assert.equal(seen.code, 4);
    assert.match(seen.stderr, /learnt from every purchase there is.*--split time:0\.8/);
    const tomorrow = await simulate(['--start', new Date(Date.now() - 86_400_000).toISOString(), '--name', 'future']);
    assert.equal(tomorrow.code, 2);
    assert.match(tomorrow.stderr, /are not over yet/);
    assert.ok(!existsSync(path.join(shop.dataDir, 'simulations', 'seen')));
    assert.equal(await shop.db.prisma.experiment.count({ where: { name: { in: ['seen', 'future'] } } }), 0);
  });
});
