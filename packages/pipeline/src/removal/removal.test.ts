import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { auditTrail } from '@duet/db';
import { createTinyShop, type TinyShop } from '@duet/ranking/testing';
import { removeDataset } from './remove-dataset.ts';
import { pruneModels, removeModel } from './remove-model.ts';
import { unregisterModel } from './unregister.ts';

const ann = { actor: 'ann' };
let shop: TinyShop;
before(async () => {
  shop = await createTinyShop();
});
after(() => shop[Symbol.asyncDispose]());

const modelOf = (id: string) => shop.db.prisma.model.findUniqueOrThrow({ where: { id } });
const folderOf = (id: string) => path.join(shop.dataDir, 'models', id);

test('a model goes with its files, but none that serves or that an experiment compares', async () => {
  const { prisma } = shop.db;
  await assert.rejects(removeModel(shop, await modelOf(shop.dat), ann), /is the champion of "dat": it cannot go/);
  const [dat, twoTower] = await prisma.registeredModel.findMany({ orderBy: { name: 'asc' } });
  await assert.rejects(unregisterModel(shop.db, dat!, ann), /"dat" is deployed everywhere: it cannot go/);
  await unregisterModel(shop.db, twoTower!, ann);
  const { registeredModelId, version } = await modelOf(shop.twoTower);
  assert.deepEqual([registeredModelId, version], [null, null]);
  const experiment = await prisma.experiment.create({
    data: {
      ...{ datasetId: shop.datasetId, name: 'e', seed: 's' },
      arms: { create: { name: 'a', position: 0, weight: 1, modelId: shop.twoTower } },
    },
  });
  await assert.rejects(removeModel(shop, await modelOf(shop.twoTower), ann), /is in the experiment "e"/);
  assert.deepEqual(await pruneModels(shop, shop.datasetId, 0, ann), []);
  await prisma.experiment.delete({ where: { id: experiment.id } });
  assert.ok(existsSync(folderOf(shop.twoTower)));
  const gone = await pruneModels(shop, shop.datasetId, 0, ann);
  assert.deepEqual(
    gone.map(({ id }) => id),
    [shop.twoTower],
  );
  assert.deepEqual([existsSync(folderOf(shop.twoTower)), existsSync(folderOf(shop.dat))], [false, true]);
  assert.equal((await auditTrail(shop.db, 'model', shop.twoTower))[0]?.action, 'remove');
});

test('a dataset goes with all that was made of it, once it serves no more', async () => {
  const { prisma } = shop.db;
  const dataset = await prisma.dataset.findUniqueOrThrow({ where: { id: shop.datasetId } });
  await assert.rejects(removeDataset(shop, dataset, ann), /"tiny" serves: dat \(everywhere\)/);
  const home = path.join(shop.dataDir, 'datasets', dataset.id);
  assert.ok(existsSync(path.join(home, 'snapshots')) && !existsSync(path.join(home, 'draft.json')));
  await prisma.deployment.deleteMany();
  const { models, parts } = await removeDataset(shop, dataset, ann);
  assert.deepEqual([models, parts], [1, 1]);
  assert.equal(await prisma.dataset.count(), 0);
  assert.deepEqual([existsSync(home), existsSync(folderOf(shop.dat))], [false, false]);
  const [entry] = await auditTrail(shop.db, 'dataset', dataset.id);
  assert.deepEqual([entry?.action, entry?.note, entry?.actor], ['remove', 'tiny', 'ann']);
});
