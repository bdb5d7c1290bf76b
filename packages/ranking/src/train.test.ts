import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openModel } from '@duet/trainer';
import { parseRanker } from './rank.ts';
import { createTinyShop, type TinyShop, tinySplit } from './testing.ts';
import { trainRanker } from './train.ts';

describe('training the ranker', () => {
  let shop: TinyShop;
  before(async () => {
    shop = await createTinyShop();
  });
  after(() => shop[Symbol.asyncDispose]());

  test('orders the lists of users it was not fitted on better than the retrieval does, and keeps the numbers', async () => {
    const row = await shop.db.prisma.ranker.findUniqueOrThrow({ where: { id: shop.rankerId } });
    parseRanker(row.id, row.parameters);
    const metrics = row.metrics as unknown as Awaited<ReturnType<typeof trainRanker>>['metrics'];
    assert.equal(metrics.split, tinySplit);
    assert.ok(Math.abs(metrics.fittedUsers - metrics.heldOutUsers) <= 1);
    assert.deepEqual(
      metrics.byModel.map(({ modelId }) => modelId),
      [shop.twoTower, shop.dat],
    );
    for (const { candidates, auc } of metrics.byModel) {
      assert.equal(candidates, metrics.heldOutUsers * 100);
      assert.ok(auc.ranked > auc.retrieval, `AUC ${auc.ranked} ranked, ${auc.retrieval} retrieved`);
    }
  });

  test('gives the same parameters and numbers for the same models', async () => {
    const modelIds = [shop.twoTower, shop.dat];
    const request = { datasetId: shop.datasetId, modelIds, split: tinySplit };
    const [first, second] = [await trainRanker(shop, request), await trainRanker(shop, request)];
    assert.deepEqual(first.parameters, second.parameters);
    assert.deepEqual(first.metrics, second.metrics);
  });

  test('refuses a split whose held-out purchases the model has seen', async () => {
    const request = { datasetId: shop.datasetId, modelIds: [shop.dat], split: 'leave-last-out' };
    await assert.rejects(trainRanker(shop, request), /trained on the split "time:0.8", not "leave-last-out"/);
    await using model = await openModel(shop.dataDir, shop.dat, shop.executor);
    assert.equal(model.split, tinySplit);
  });
});
