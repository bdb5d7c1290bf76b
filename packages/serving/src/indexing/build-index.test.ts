import assert from 'node:assert/strict';
import { cp, mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createLogger } from '@duet/base';
import { createTestDatabase } from '@duet/db/testing';
import { createTinyShop, type TinyShop } from '@duet/ranking/testing';
import { openServing, type Serving } from '../serving.ts';
import { buildIn } from '../testing.ts';
import { buildModelIndex } from './build-index.ts';
import { indexFolder } from './index-files.ts';
import { pruneIndexes, restoreIndex } from './versions.ts';

const logger = createLogger({ logLevel: 'silent' }, 'test');

describe('the indexes of a model', () => {
  let shop: TinyShop;
  let serving: Serving;
  const folders = async () => (await readdir(path.join(shop.dataDir, 'indexes'))).sort();
  const rows = async () =>
    (await shop.db.prisma.index.findMany({ where: { modelId: shop.dat }, orderBy: { version: 'asc' } })).map(
      ({ version, active }) => [version, active],
    );
  const served = async () => {
    await serving.refresh();
    return (await serving.retrieve({ userId: 'u1', k: 5, modelId: shop.dat })).index!;
  };
  before(async () => {
    shop = await createTinyShop();
    serving = await openServing({ ...shop, logger, pollMs: 3_600_000 });
  });
  after(async () => {
    await serving[Symbol.asyncDispose]();
    await shop[Symbol.asyncDispose]();
  });

  test('are built in a process of its own, which serves the new one when it is there', async () => {
    const notes: string[] = [];
    let pid = 0;
    const built = await buildModelIndex(
      {
        ...shop,
        progress: ({ note }) => notes.push(note ?? ''),
        onProcess: (of) => {
          pid = of;
        },
      },
      { modelId: shop.dat },
    );
    assert.ok(pid > 0 && pid !== process.pid);
    assert.equal(built.recallAt100, 1);
    assert.deepEqual(await served(), {
      id: built.indexId,
      version: 1,
      factory: 'Flat',
      engine: built.engine,
    });
    assert.ok(notes.some((note) => note.startsWith('building over 120 items')));
    assert.deepEqual(await folders(), [built.indexId]);
  });

  test('stay as they are when a build is killed, which says so and leaves nothing', async () => {
    const before = await served();
    // Held, so that no build gets to its end before it is killed: it takes this row's lock to be served.
    const holder = await shop.db.pool.connect();
    await holder.query('BEGIN');
    await holder.query('SELECT FROM "Model" WHERE id = $1 FOR UPDATE', [shop.dat]);
    for (const when of ['loading the model', 'building over', 'writing']) {
      let pid = 0;
      const building = buildModelIndex(
        {
          ...shop,
          onProcess: (of) => {
            pid = of;
          },
          progress: ({ note }) => {
            if (note?.startsWith(when)) process.kill(pid, 'SIGKILL');
          },
        },
        { modelId: shop.dat },
      );
      await assert.rejects(building, {
        code: 'internal',
        message: /ended with SIGKILL, without an answer\. What served before still does/,
      });
      assert.deepEqual(await served(), before);
    }
    await holder.query('ROLLBACK');
    holder.release();
    assert.deepEqual(await folders(), [before.id]);
    assert.deepEqual(await rows(), [[1, true]]);
  });

  test('are not built when the caller gives up, or asks for what cannot be', async () => {
    const stopping = new AbortController();
    const onProcess = () => stopping.abort(new Error('no more'));
    await assert.rejects(
      buildModelIndex({ ...shop, signal: stopping.signal, onProcess }, { modelId: shop.dat }),
      /no more/,
    );
    await assert.rejects(buildModelIndex(shop, { modelId: shop.dat, factory: 'IVF999,Flat' }), {
      code: 'bad-input',
      message: /more lists than there are vectors/,
    });
    await assert.rejects(buildModelIndex(shop, { modelId: crypto.randomUUID() }), { code: 'not-found' });
    assert.deepEqual(await rows(), [[1, true]]);
  });

  test('can be gone back to, once their files are found whole', async () => {
    const first = await served();
    const second = await buildIn(shop, { modelId: shop.dat });
    assert.deepEqual([(await served()).version, second.version], [2, 2]);
    assert.deepEqual(await restoreIndex(shop, first.id), {
      indexId: first.id,
      modelId: shop.dat,
      version: 1,
      before: 2,
    });
    assert.deepEqual(await served(), first);
    await assert.rejects(restoreIndex(shop, first.id), { code: 'conflict' });
    await writeFile(path.join(indexFolder(shop.dataDir, second.indexId), 'index.faiss'), 'cut off');
    await assert.rejects(restoreIndex(shop, second.indexId), {
      code: 'corrupt',
      message: /index\.faiss: it has 7 bytes/,
    });
    for (const unknown of [crypto.randomUUID(), 'the-last-one']) {
      await assert.rejects(restoreIndex(shop, unknown), { code: 'not-found' });
    }
    assert.deepEqual(await served(), first);
  });

  test('are pruned to the newest, never one that serves or that an arm pins', async () => {
    const { prisma } = shop.db;
    const third = await buildIn(shop, { modelId: shop.dat });
    const versions = await prisma.index.findMany({ where: { modelId: shop.dat }, orderBy: { version: 'asc' } });
    const { id: experimentId } = await prisma.experiment.create({
      data: { datasetId: shop.datasetId, name: 'pins', seed: 's', status: 'stopped' },
    });
    const arm = { experimentId, name: 'a', position: 0, weight: 1, control: true, modelId: shop.dat };
    await prisma.arm.create({ data: { ...arm, indexId: versions[1]!.id } });
    for (let i = 0; i < 2; i++) await buildIn(shop, { modelId: shop.dat });
    await restoreIndex(shop, third.indexId);
    await pruneIndexes(shop.db, shop.dataDir, shop.dat, 1);
    assert.deepEqual(await rows(), [
      [2, false],
      [3, true],
      [5, false],
    ]);
    assert.equal((await folders()).length, 3);
    assert.equal((await served()).version, 3);
    const { version } = await buildIn(shop, { modelId: shop.dat });
    assert.equal(version, 6);
  });

  test('are not pruned by another database, and what no row names only where it is an index of a model here', async () => {
    await using other = await createTestDatabase();
    const indexes = path.join(shop.dataDir, 'indexes');
    const [ours, foreign] = [crypto.randomUUID(), crypto.randomUUID()];
    const long = new Date(Date.now() - 48 * 3_600_000);
    const named = (await folders())[0]!;
    for (const [id, modelId] of [
      [ours, shop.dat],
      [foreign, crypto.randomUUID()],
    ] as const) {
      await cp(path.join(indexes, named), path.join(indexes, id), { recursive: true });
      const file = path.join(indexes, id, 'meta.json');
      const meta = JSON.parse(await readFile(file, 'utf8'));
      await writeFile(file, JSON.stringify({ ...meta, indexId: id, modelId }));
    }
    await mkdir(path.join(indexes, 'somebodys notes'));
    for (const name of await folders()) await utimes(path.join(indexes, name), long, long);
    const before = await folders();
    await assert.rejects(pruneIndexes(other, shop.dataDir, shop.dat, 1), { code: 'conflict' });
    assert.deepEqual(await folders(), before);
    await pruneIndexes(shop.db, shop.dataDir, shop.dat, 20);
    assert.deepEqual(
      await folders(),
      before.filter((name) => name !== ours),
    );
  });
});
