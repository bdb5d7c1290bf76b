import assert from 'node:assert/strict';
import { cp } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createTinyShop } from '@duet/ranking/testing';
import { Steps } from '../start/steps.ts';
import { demoSplit, ensureModel, ensureRanker, type Preparation } from './prepare.ts';

test('a start after a refresh goes on with the champion and the ranker that are there', async () => {
  await using shop = await createTinyShop();
  const { db, dataDir, datasetId, twoTower } = shop;
  const { prisma } = db;
  const dataset = await prisma.dataset.findUniqueOrThrow({ where: { id: datasetId } });
  const ranker = await prisma.ranker.create({
    data: { datasetId, parameters: {}, metrics: { byModel: [{ modelId: twoTower }] } },
  });
  // As a refresh leaves it: learnt from everything, with the figures of its measured twin.
  const { id: _, createdAt: __, ...first } = await prisma.model.findUniqueOrThrow({ where: { id: twoTower } });
  const refreshed = await prisma.model.create({
    data: {
      ...{ ...first, name: 'two-tower', version: 2 },
      parameters: { ...(first.parameters as object), split: 'none' },
      metrics: { [demoSplit]: { metrics: { 'HR@50': 0.5 } } },
    } as never,
  });
  await cp(path.join(dataDir, 'models', twoTower), path.join(dataDir, 'models', refreshed.id), { recursive: true });
  await prisma.registeredModel.updateMany({
    where: { datasetId, name: 'two-tower' },
    data: { championId: refreshed.id },
  });

  const fail = (reason: unknown) => {
    throw reason;
  };
  const stopped = AbortSignal.abort(new Error('Something was to be made.'));
  const job = { env: process.env, dataDir, progress: () => {}, signal: stopped };
  const preparation: Preparation = { db, dataDir, steps: new Steps(), job, fail };
  const training = { preset: 'fast', set: { epochs: 7 }, anyWillDo: true };
  const model = await ensureModel(preparation, dataset, 'two-tower', training);
  assert.equal(model.id, refreshed.id);
  assert.equal(await ensureRanker(preparation, dataset, [model]), ranker.id);
  await assert.rejects(ensureModel(preparation, dataset, 'two-tower', { ...training, anyWillDo: false }), /to be made/);
});
