import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as thinkTime } from 'node:timers/promises';
import { openModel } from '@duet/artifact';
import { createLogger } from '@duet/base';
import { importDataset, loadInteractions } from '@duet/datasets';
import { createTinyShop, type TinyShop, tinySplit } from '@duet/ranking/testing';
import { trainModel } from '@duet/trainer';
import { indexFolder } from './indexing/index-files.ts';
import { openServing, type Serving } from './serving.ts';
import { buildIn } from './testing.ts';

const logger = createLogger({ logLevel: 'silent' }, 'test');

describe('serving', () => {
  let shop: TinyShop;
  let serving: Serving;
  before(async () => {
    shop = await createTinyShop();
    // An hour: these tests say when it looks.
    serving = await openServing({ ...shop, logger, pollMs: 3_600_000 });
  });
  after(async () => {
    await serving[Symbol.asyncDispose]();
    await shop[Symbol.asyncDispose]();
  });

  test('answers with the best sellers before there is an index, and says that nothing is deployed', async () => {
    assert.equal(serving.health().status, 'ok');
    const bought = new Set((await serving.history({ userId: 'u1', limit: 500 })).map(({ itemId }) => itemId));
    const answer = await serving.retrieve({ userId: 'u1', k: 20 });
    assert.deepEqual([answer.source, answer.model, answer.index, answer.known], ['popular', null, null, false]);
    assert.match(answer.fallbacks.join(), /^No model is deployed for tiny\.$/);
    assert.equal(answer.items.length, 20);
    assert.ok(answer.items.every(({ itemId }) => !bought.has(itemId)));
    const alike = await serving.similarItems({ itemId: 'i1', k: 5 });
    assert.deepEqual([alike.source, new Set(alike.items.map(({ category }) => category)).size], ['popular', 1]);
    assert.equal((await serving.search({ query: 'mug number 3', k: 5 })).by, 'titles');
    await assert.rejects(serving.similarUsers({ userId: 'u1', k: 5 }), {
      code: 'unavailable',
      message: /npx duet deploy/,
    });
  });

  test('answers as soon as an index is built, with the items nearest to the user that were not bought', async () => {
    const built = await buildIn(shop, { modelId: shop.dat });
    assert.equal(built.recallAt100, 1);
    await serving.refresh();
    assert.equal(serving.health().status, 'ok');
    const answer = await serving.retrieve({ userId: 'u1', k: 20, rankerId: null });
    assert.equal(answer.known, true);
    assert.equal(answer.currency, 'GBP');
    assert.deepEqual(answer.model, { id: shop.dat, name: 'dat', kind: 'dat' });
    assert.equal(answer.index!.id, built.indexId);

    await using model = await openModel(shop.dataDir, shop.dat, shop.executor, { precision: 'float16' });
    const { vectors } = await model.encodeUsers(['u1']);
    const seen = new Set(model.seen('u1'));
    assert.ok(seen.size > 0);
    const expected = model.items
      .map((itemId, row) => {
        let score = 0;
        for (let d = 0; d < model.dimensions; d++)
          score += vectors[d]! * model.itemVectors[row * model.dimensions + d]!;
        return { itemId, score };
      })
      .filter((_, row) => !seen.has(row))
      .sort((a, b) => b.score - a.score)
      .slice(0, 20);
    answer.items.forEach(({ score }, i) => {
      assert.ok(Math.abs(score - expected[i]!.score) < 1e-5);
    });
    assert.deepEqual(answer.items.map(({ itemId }) => itemId).sort(), expected.map(({ itemId }) => itemId).sort());
    assert.match(answer.items[0]!.title, /number/);
  });

  test('ranks the same hundred candidates, whatever the length of the answer', async () => {
    const plain = await serving.retrieve({ userId: 'u3', k: 100, rankerId: null });
    const ranked = await serving.retrieve({ userId: 'u3', k: 100 });
    const top = await serving.retrieve({ userId: 'u3', k: 7 });
    assert.deepEqual(ranked.ranker, { id: shop.rankerId });
    const ids = (answer: typeof plain) => answer.items.map(({ itemId }) => itemId);
    assert.deepEqual(ids(ranked).toSorted(), ids(plain).toSorted());
    assert.notDeepEqual(ids(ranked), ids(plain));
    assert.deepEqual(top.items, ranked.items.slice(0, 7));
    for (const { itemId, retrievalRank } of ranked.items) assert.equal(plain.items[retrievalRank! - 1]!.itemId, itemId);
  });

  test('leaves out what the caller excludes, and shows what was bought when asked to', async () => {
    const { items } = await serving.retrieve({ userId: 'u5', k: 10 });
    const exclude = items.slice(0, 4).map(({ itemId }) => itemId);
    const without = await serving.retrieve({ userId: 'u5', k: 10, exclude });
    assert.equal(without.items.length, 10);
    assert.ok(without.items.every(({ itemId }) => !exclude.includes(itemId)));
    const all = await serving.retrieve({ userId: 'u5', k: 120, seen: 'show' });
    assert.equal(all.items.length, 120);
  });

  test('answers a stranger with the best sellers, and says so', async () => {
    const { known, items } = await serving.retrieve({ userId: 'nobody', k: 10, rankerId: null, exclude: ['i0'] });
    assert.equal(known, false);
    const rows = await countPurchases(shop);
    const best = rows.filter(({ itemId }) => itemId !== 'i0').slice(0, 10);
    const bought = new Map(rows.map(({ itemId, count }) => [itemId, count]));
    assert.deepEqual(
      items.map(({ itemId }) => bought.get(itemId)),
      best.map(({ count }) => count),
    );
  });

  test('finds similar items, never the item itself, and mostly of its category', async () => {
    const { items } = await serving.similarItems({ itemId: 'i3', k: 10 });
    assert.equal(items.length, 10);
    assert.ok(items.every(({ itemId }) => itemId !== 'i3'));
    const category = (await serving.item({ itemId: 'i3' })).category;
    assert.ok(items.filter((item) => item.category === category).length > 5);
    await assert.rejects(serving.similarItems({ itemId: 'i999', k: 10 }), /There is no item i999/);
  });

  test('tells real customers and their history, newest first', async () => {
    const shoppers = await serving.shoppers({ limit: 10 });
    assert.equal(shoppers.length, 10);
    assert.ok(shoppers[0]!.interactions >= shoppers[9]!.interactions);
    const { userId, interactions } = shoppers[0]!;
    const history = await serving.history({ userId, limit: 500 });
    assert.equal(history.length, interactions);
    assert.deepEqual(
      history.map(({ at }) => at),
      history
        .map(({ at }) => at)
        .toSorted()
        .reverse(),
    );
    const french = await serving.shoppers({ limit: 500, search: 'fr' });
    assert.ok(french.length > 20 && french.every(({ attributes }) => attributes.country === 'FR'));
    assert.deepEqual(await serving.history({ userId: 'nobody', limit: 5 }), []);
  });

  test('shows an item as it was edited, at the next look', async () => {
    await shop.db.prisma.item.updateMany({
      where: { datasetId: shop.datasetId, externalId: 'i3' },
      data: { title: 'A better mug', priceMinor: 12_345, updatedAt: new Date() },
    });
    await serving.refresh();
    const { title, priceMinor } = await serving.item({ itemId: 'i3' });
    assert.deepEqual({ title, priceMinor }, { title: 'A better mug', priceMinor: 12_345 });
  });

  test('takes over a new snapshot: what was added by a file is known of the user, also an item that is new', async () => {
    const file = path.join(shop.dataDir, 'more.csv');
    const later = Date.UTC(2026, 0, 1) / 1000;
    await writeFile(file, `user_id,item_id,timestamp\nu9,i77,${later}\nu9,i-new,${later + 1}\nnew,i77,${later}\n`);
    await importDataset(shop, { into: shop.datasetId, interactions: file });
    await serving.refresh();
    const bought = await serving.history({ userId: 'u9', limit: 2 });
    assert.deepEqual(
      bought.map(({ itemId }) => itemId),
      ['i-new', 'i77'],
    );
    assert.equal((await serving.history({ userId: 'new', limit: 2 })).length, 1);
    // The model was trained before: what was bought since is hidden all the same, from who bought it.
    const shown = async (userId: string) =>
      (await serving.retrieve({ userId, k: 100 })).items.map(({ itemId }) => itemId);
    assert.deepEqual([(await shown('u9')).includes('i77'), (await shown('u13')).includes('i77')], [false, true]);
  });

  test('swaps indexes and models under concurrent requests without failing one', async () => {
    let running = true;
    let answered = 0;
    const indexes = new Set<string>();
    const caller = async (n: number) => {
      for (let i = 0; running; i++) {
        const { items, index } = await serving.retrieve({ userId: `u${(n * 31 + i) % 200}`, k: 10 });
        assert.equal(items.length, 10);
        indexes.add(index!.id);
        answered += 1;
        await thinkTime(1);
      }
    };
    const callers = Promise.all(Array.from({ length: 3 }, (_, n) => caller(n)));
    const last = { id: '' };
    for (const modelId of [shop.dat, shop.twoTower, shop.dat]) {
      last.id = (await buildIn(shop, { modelId, factory: modelId === shop.dat ? 'Flat' : 'IVF4,Flat' })).indexId;
      await serving.refresh();
    }
    const before = answered;
    while (answered < before + 50) await thinkTime(1);
    running = false;
    await callers;
    assert.ok(indexes.has(last.id));
    assert.ok(indexes.size >= 3, `${indexes.size} indexes answered`);
  });

  test('serves another index of a model without reading the model or making its user vectors again', async () => {
    const ask = () => serving.retrieve({ userId: 'u1', k: 5, modelId: shop.dat });
    const before = await ask();
    const { misses } = serving.userVectorCache;
    const built = await buildIn(shop, { modelId: shop.dat });
    await serving.refresh();
    const after = await ask();
    assert.equal(after.index!.id, built.indexId);
    assert.notEqual(after.index!.id, before.index!.id);
    assert.equal(serving.userVectorCache.misses, misses);
  });

  test('keeps serving the index it has when the new one is damaged, and says what is wrong', async () => {
    const was = (await serving.retrieve({ userId: 'u1', k: 5 })).index!.id;
    const { indexId } = await buildIn(shop, { modelId: shop.dat });
    await writeFile(path.join(indexFolder(shop.dataDir, indexId), 'index.faiss'), 'cut off');
    await serving.refresh();
    assert.equal((await serving.retrieve({ userId: 'u1', k: 5 })).index!.id, was);
    const { status, problems } = serving.health();
    assert.equal(status, 'degraded');
    assert.match(problems.join(), /^indexes.*index\.faiss: it has 7 bytes where .*npx duet index --model/);

    const { indexId: mended } = await buildIn(shop, { modelId: shop.dat });
    await serving.refresh();
    assert.equal((await serving.retrieve({ userId: 'u1', k: 5 })).index!.id, mended);
    assert.equal(serving.health().status, 'ok');
  });

  test('answers with best sellers and titles where what is planned is malformed behind fitting checksums', async () => {
    const was = new Map<string, Buffer>();
    for (const { id } of await shop.db.prisma.index.findMany({ where: { active: true } })) {
      const [file, meta] = ['index.faiss', 'meta.json'].map((name) => path.join(indexFolder(shop.dataDir, id), name));
      for (const one of [file!, meta!]) was.set(one, await readFile(one));
      const bytes = Buffer.alloc(was.get(file!)!.length, 7);
      await writeFile(file!, bytes);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      await writeFile(meta!, JSON.stringify({ ...JSON.parse(was.get(meta!)!.toString()), sha256 }));
    }
    try {
      await using fresh = await openServing({ ...shop, logger, pollMs: 3_600_000 });
      const list = await fresh.retrieve({ userId: 'u1', k: 5 });
      assert.deepEqual([list.known, list.items.length], [false, 5]);
      assert.equal((await fresh.similarItems({ itemId: 'i3', k: 3 })).items.length, 3);
      assert.equal((await fresh.search({ query: 'number', k: 3 })).by, 'titles');
      assert.equal(fresh.health().status, 'degraded');
    } finally {
      for (const [file, bytes] of was) await writeFile(file, bytes);
    }
  });

  const others: [string, object][] = [
    ['ials', { dimensions: 16 }],
    ['mind', { epochs: 2, batch: 64, negatives: 64, layers: [16], interests: 3 }],
  ];
  for (const [kind, set] of others) {
    test(`answers from ${kind}, by the greatest inner product with any of a user's vectors`, async () => {
      const { datasetId } = shop;
      const { modelId } = await trainModel(shop, { datasetId, kind, split: tinySplit, set: { ...set } });
      const built = await buildIn(shop, { modelId });
      assert.equal(built.recallAt100, 1);
      await serving.refresh();
      const answer = await serving.retrieve({ userId: 'u1', k: 20, modelId, rankerId: null });
      assert.deepEqual([answer.known, answer.model!.kind], [true, kind]);
      await using model = await openModel(shop.dataDir, modelId, shop.executor, { precision: 'float16' });
      assert.equal(model.vectorsPerUser, kind === 'mind' ? 3 : 1);
      const { vectors } = await model.encodeUsers(['u1']);
      const d = model.dimensions;
      const product = (v: number, row: number) =>
        vectors.subarray(v * d, (v + 1) * d).reduce((sum, x, i) => sum + x * model.itemVectors[row * d + i]!, 0);
      const score = (row: number) =>
        Math.max(...Array.from({ length: model.vectorsPerUser }, (_, v) => product(v, row)));
      const seen = new Set(model.seen('u1'));
      const expected = model.items
        .flatMap((_, row) => (seen.has(row) ? [] : [score(row)]))
        .sort((a, b) => b - a)
        .slice(0, 20);
      assert.equal(new Set(answer.items.map(({ itemId }) => itemId)).size, 20);
      answer.items.forEach((item, i) => {
        assert.ok(Math.abs(item.score - expected[i]!) < 1e-5);
      });
      const stranger = await serving.retrieve({ userId: 'nobody', k: 5, modelId });
      assert.deepEqual([stranger.known, stranger.items.length], [false, 5]);
    });
  }

  test('finds items alike in a factorisation, whose popular items have the longest vectors', async () => {
    const { id: modelId } = await shop.db.prisma.model.findFirstOrThrow({ where: { kind: 'ials' } });
    const { category } = await serving.item({ itemId: 'i7' });
    const { items } = await serving.similarItems({ itemId: 'i7', k: 10, modelId });
    assert.ok(items.every(({ itemId }) => itemId !== 'i7'));
    assert.ok(items.filter((item) => item.category === category).length > 5);
  });
});

/** Items by purchases, most first. */
async function countPurchases(shop: TinyShop) {
  const { items, item } = await loadInteractions(shop, shop.datasetId);
  const counts = items.map((itemId, row) => ({ itemId, count: item.filter((other) => other === row).length }));
  return counts.sort((a, b) => b.count - a.count);
}
