import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { openModel } from '@duet/artifact';
import { ensureEventPartitions, type Prisma } from '@duet/db';
import { seededRng } from '@duet/random';
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

  test('learns from logged clicks, as far from chance as they are, and from no simulated shopper', async () => {
    const { db, datasetId, dat } = shop;
    const request = { datasetId, modelIds: [dat], split: tinySplit, labels: 'clicks' } as const;
    await assert.rejects(trainRanker(shop, request), /0 clicks on these models' lists were logged; a ranker needs 200/);

    const prices = new Map(
      (await db.prisma.item.findMany()).map(({ externalId, priceMinor }) => [externalId, priceMinor ?? 0]),
    );
    const log = async (simulated: boolean) => {
      const experiment = await db.prisma.experiment.create({
        data: {
          ...{ datasetId, name: `clicks ${simulated}`, seed: 's', simulated, status: 'running' },
          arms: { create: { name: 'dat', position: 0, weight: 1, control: true, modelId: dat } },
        },
        include: { arms: true },
      });
      await using model = await openModel(shop.dataDir, dat, shop.executor);
      const users = Array.from({ length: 100 }, (_, user) => `u${user}`);
      const { vectors } = await model.encodeUsers(users);
      const random = seededRng(3);
      const rows: Prisma.EventCreateManyInput[] = [];
      users.forEach((userId, u) => {
        const score = (row: number) =>
          vectors
            .subarray(u * model.dimensions, (u + 1) * model.dimensions)
            .reduce((sum, x, d) => sum + x * model.itemVectors[row * model.dimensions + d]!, 0);
        const seen = new Set(model.seen(userId));
        const list = [...model.items.keys()].filter((row) => !seen.has(row));
        list.sort((a, b) => score(b) - score(a));
        const requestId = randomUUID();
        const occurredAt = new Date('2026-11-20T12:00:00Z');
        const context = { day: new Date('2026-11-20'), occurredAt, userId, requestId, experimentId: experiment.id };
        list.slice(0, 20).forEach((row, position) => {
          const shown = { ...context, armId: experiment.arms[0]!.id, itemId: model.items[row]!, position };
          rows.push({ ...shown, eventId: randomUUID(), type: 'impression' });
          // They click on what is cheap, and the more readily the higher it stands.
          const cheap = prices.get(shown.itemId)! < 1000;
          if (random() < (cheap ? 0.6 : 0.05) / (1 + position / 10)) {
            rows.push({ ...shown, eventId: randomUUID(), type: 'click' });
          }
        });
      });
      await ensureEventPartitions(db, ['2026-11-20']);
      await db.prisma.event.createMany({ data: rows });
    };
    await log(true);
    await assert.rejects(trainRanker(shop, request), /0 clicks/);
    await log(false);
    const { parameters, metrics } = await trainRanker(shop, request);
    assert.equal(parameters.target, 'click');
    assert.ok(parameters.position!.weight < 0, 'what stands low is clicked on less');
    assert.ok(parameters.features.find(({ name }) => name === 'priceLevel')!.weight < 0, 'what is dear is, too');
    const [{ auc, candidates }] = metrics.byModel as [(typeof metrics.byModel)[0]];
    assert.equal(candidates, 20 * metrics.heldOutUsers, 'what was not shown is not judged');
    assert.ok(auc.ranked > 0.7 && auc.ranked > auc.retrieval, `AUC ${auc.ranked} ranked, ${auc.retrieval} retrieved`);
  });

  test('refuses a split whose held-out purchases the model has seen', async () => {
    const request = { datasetId: shop.datasetId, modelIds: [shop.dat], split: 'leave-last-out' };
    await assert.rejects(trainRanker(shop, request), /trained on the split "time:0.8", not "leave-last-out"/);
    await using model = await openModel(shop.dataDir, shop.dat, shop.executor);
    assert.equal(model.split, tinySplit);
  });
});
