import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as thinkTime } from 'node:timers/promises';
import { createLogger } from '@duet/base';
import { importDataset } from '@duet/datasets';
import { ensureEventPartitions } from '@duet/db';
import { createTinyShop, type TinyShop, tinySplit } from '@duet/ranking/testing';
import { trainModel } from '@duet/trainer';
import type { Filter } from './catalogue/filter.ts';
import { openServing, type Serving } from './serving.ts';
import { buildIn } from './testing.ts';

const logger = createLogger({ logLevel: 'silent' }, 'test');
const ids = (answer: { items: { itemId: string }[] }) => answer.items.map(({ itemId }) => itemId);

describe('serving follows the catalogue and the events', () => {
  let shop: TinyShop;
  let serving: Serving;
  const edit = (externalId: string, data: object) =>
    shop.db.prisma.item.updateMany({ where: { datasetId: shop.datasetId, externalId }, data });
  const categoryId = async (name: string) =>
    (await shop.db.prisma.category.findFirstOrThrow({ where: { datasetId: shop.datasetId, name } })).id;
  const indexHealth = () => serving.health().models[0]!.index;
  /** Every item, nearest first, as long as it passes. */
  const all = (filter?: Filter) => serving.retrieve({ userId: 'u1', k: 200, rankerId: null, seen: 'show', filter });

  before(async () => {
    shop = await createTinyShop();
    await buildIn(shop, { modelId: shop.dat });
    // An hour: these tests say when it looks.
    serving = await openServing({ ...shop, logger, pollMs: 3_600_000 });
  });
  after(async () => {
    await serving[Symbol.asyncDispose]();
    await shop[Symbol.asyncDispose]();
  });

  test('answers with the items that pass a filter, in the order that they have without one', async () => {
    const everything = (await all()).items;
    assert.equal(everything.length, 120);
    const filter: Filter = { all: [{ category: ['mugs', 'lamps'] }, { price: { min: 500, max: 1500 } }] };
    const { items } = await all(filter);
    const expected = everything.filter(
      ({ category, priceMinor }) => ['mugs', 'lamps'].includes(category!) && priceMinor! >= 500 && priceMinor! <= 1500,
    );
    assert.ok(expected.length > 10);
    assert.deepEqual(ids({ items }), ids({ items: expected }));
    const similar = await serving.similarItems({ itemId: 'i3', k: 100, filter: { category: ['lamps'] } });
    assert.equal(similar.items.length, 30);
    assert.ok(similar.items.every(({ category }) => category === 'lamps'));
    const stranger = await serving.retrieve({ userId: 'nobody', k: 100, filter: { category: ['clocks'] } });
    assert.deepEqual([stranger.known, stranger.items.length], [false, 30]);
    await assert.rejects(all({ category: ['clock'] }), /no item.*"clock"\. There is "clocks"/i);
  });

  test('keeps the filter in step with stock and price, and shows both', async () => {
    await edit('i5', { inStock: false, priceMinor: 77_777 });
    await serving.refresh();
    assert.ok(!ids(await all({ inStock: true })).includes('i5'));
    assert.deepEqual(ids(await all({ inStock: false })), ['i5']);
    const { items } = await all({
      all: [{ price: { min: 70_000 } }, { any: [{ inStock: true }, { inStock: false }] }],
    });
    assert.deepEqual([items.length, items[0]!.priceMinor, items[0]!.inStock], [1, 77_777, false]);
    assert.ok(!ids(await all()).includes('i5'), 'what is out of stock is not shown where nobody asks for it');
    assert.ok(!ids(await all({ price: { min: 70_000 } })).includes('i5'));
    await edit('i5', { inStock: true });
    await serving.refresh();
    assert.ok(ids(await all({ inStock: true })).includes('i5'));
  });

  test('finds a new item by the tower on its features, at the next look and after the next build', async () => {
    const item = { datasetId: shop.datasetId, title: 'Clock number 999', priceMinor: 800 };
    await shop.db.prisma.item.create({
      data: { ...item, externalId: 'new-clock', categoryId: await categoryId('clocks'), attributes: { tags: ['new'] } },
    });
    await serving.refresh();
    // The other one's price is in another bucket since the test before.
    assert.deepEqual(
      [indexHealth().size, indexHealth().fresh, indexHealth().outdated, indexHealth().waiting],
      [120, 2, 1, 0],
    );
    assert.deepEqual(ids(await all({ tag: ['new'] })), ['new-clock']);
    const found = (await all()).items;
    assert.equal(found.length, 121);
    // It is where it belongs: the items most like it are clocks.
    const alike = await serving.similarItems({ itemId: 'new-clock', k: 10 });
    assert.ok(alike.items.filter(({ category }) => category === 'clocks').length > 5);
    const scoreOf = (answer: typeof found) => answer.find(({ itemId }) => itemId === 'new-clock')!.score;

    const built = await buildIn(shop, { modelId: shop.dat });
    assert.deepEqual([built.size, built.added, built.withdrawn], [121, 1, 0]);
    await serving.refresh();
    assert.deepEqual(
      [indexHealth().id, indexHealth().size, indexHealth().fresh, indexHealth().outdated],
      [built.indexId, 121, 0, 0],
    );
    const folded = (await all()).items;
    assert.deepEqual(ids({ items: folded }), ids({ items: found }));
    // The building process keeps the tables in full precision.
    assert.ok(Math.abs(scoreOf(folded) - scoreOf(found)) < 5e-3);
    assert.ok((await serving.similarItems({ itemId: 'new-clock', k: 3 })).items.length === 3);
  });

  test('moves an item that is described otherwise, and moves it back', async () => {
    const before = await all();
    await edit('i0', { title: 'clock number 0', categoryId: await categoryId('clocks') });
    await serving.refresh();
    assert.deepEqual([indexHealth().fresh, indexHealth().outdated], [1, 1]);
    const after = await all();
    assert.equal(after.items.length, 121);
    const place = (answer: typeof before) => ids(answer).indexOf('i0');
    assert.notEqual(place(after), place(before));
    const built = await buildIn(shop, { modelId: shop.dat });
    await serving.refresh();
    assert.equal(indexHealth().id, built.indexId);
    assert.deepEqual([indexHealth().fresh, indexHealth().outdated], [0, 0]);
    assert.deepEqual(ids(await all()), ids(after));
    await edit('i0', { title: 'mug number 0', categoryId: await categoryId('mugs') });
    await serving.refresh();
    assert.deepEqual([indexHealth().fresh, indexHealth().outdated], [1, 1]);
    assert.deepEqual(ids(await all()), ids(before));
    await buildIn(shop, { modelId: shop.dat });
    await serving.refresh();
    assert.deepEqual(ids(await all()), ids(before));
  });

  test('shows a withdrawn item nowhere, leaves it out of the next build, and takes it back', async () => {
    await edit('i7', { withdrawnAt: new Date() });
    await edit('new-clock', { withdrawnAt: new Date() });
    await serving.refresh();
    assert.equal(indexHealth().outdated, 2);
    const without = ids(await all());
    assert.equal(without.length, 119);
    assert.ok(!without.includes('i7') && !without.includes('new-clock'));
    assert.ok(!ids(await serving.retrieve({ userId: 'nobody', k: 200 })).includes('i7'));
    assert.ok(!ids(await serving.search({ query: 'number', k: 200 })).includes('i7'));
    const built = await buildIn(shop, { modelId: shop.dat });
    assert.deepEqual([built.size, built.withdrawn], [119, 1]);
    await serving.refresh();
    assert.deepEqual(ids(await all()), without);
    for (const id of ['i7', 'new-clock']) await edit(id, { withdrawnAt: null });
    await serving.refresh();
    assert.equal(indexHealth().fresh, 2);
    assert.equal((await all()).items.length, 121);
    assert.ok(ids(await all()).includes('i7'));
  });

  test('takes back an item that was described otherwise while it was away as it is now', async () => {
    const place = async () => ids(await all()).indexOf('i9');
    const before = await place();
    const clock = { title: 'clock number 9', categoryId: await categoryId('clocks') };
    await edit('i9', clock);
    await serving.refresh();
    const changed = await place();
    assert.notEqual(changed, before);
    const mug = { title: 'mug number 9', categoryId: await categoryId('mugs') };
    for (const [described, expected] of [
      [mug, before],
      [clock, changed],
      [mug, before],
    ] as const) {
      for (const data of [{ withdrawnAt: new Date() }, described, { withdrawnAt: null }]) {
        await edit('i9', data);
        await serving.refresh();
      }
      assert.equal(await place(), expected);
    }
  });

  test('is in step within a second of an edit, without being told', async () => {
    await using watching = await openServing({ ...shop, logger });
    for (const priceMinor of [123_001, 123_002, 123_003]) {
      await edit('i9', { priceMinor });
      const edited = performance.now();
      for (;;) {
        const { items } = await watching.retrieve({ userId: 'u1', k: 200, seen: 'show' });
        if (items.some((item) => item.priceMinor === priceMinor)) break;
        await thinkTime(5);
      }
      const tookMs = performance.now() - edited;
      assert.ok(tookMs < 1000, `${tookMs.toFixed(0)} ms`);
    }
  });

  test('says of a model that knows items by their ids alone that new ones wait for a training', async () => {
    const { datasetId } = shop;
    const { modelId } = await trainModel(shop, { datasetId, kind: 'ials', split: tinySplit, set: { dimensions: 16 } });
    const built = await buildIn(shop, { modelId });
    assert.deepEqual([built.size, built.added], [120, 0]);
    await serving.refresh();
    const { items } = await serving.retrieve({ userId: 'u1', k: 200, seen: 'show', modelId, rankerId: null });
    assert.ok(!ids({ items }).includes('new-clock'));
    const alike = await serving.similarItems({ itemId: 'new-clock', k: 5, modelId });
    assert.deepEqual([alike.source, alike.items.length], ['popular', 5]);
    assert.match(alike.fallbacks.join(), /Model ials does not know item new-clock: it came after the training/);
    await edit('i8', { withdrawnAt: new Date() });
    await serving.refresh();
    assert.ok(!ids(await serving.retrieve({ userId: 'u1', k: 200, seen: 'show', modelId })).includes('i8'));
    await edit('i8', { withdrawnAt: null });
    await serving.refresh();
    assert.ok(ids(await serving.retrieve({ userId: 'u1', k: 200, seen: 'show', modelId })).includes('i8'));
  });

  test('answers one who is not in the data by what the request says of them', async () => {
    const from = async (request: object) => {
      const { known, why, items } = await serving.retrieve({ k: 10, rankerId: null, modelId: shop.dat, ...request });
      return { known, why, items: ids({ items }), categories: items.map(({ category }) => category) };
    };
    const history = ['i31', 'i33', 'i35'];
    const lamps = await from({ history });
    assert.equal(lamps.known, true);
    assert.ok(lamps.categories.filter((category) => category === 'lamps').length > 5);
    assert.ok(
      history.every((item) => !lamps.items.includes(item)),
      'what they had is not shown again',
    );
    assert.match(lamps.why, /Nearest by model dat, from 3 since/);
    const french = await from({ userId: 'nobody', features: { country: 'FR' } });
    const german = await from({ userId: 'nobody', features: { country: 'DE' } });
    assert.deepEqual([french.known, german.known], [true, true]);
    assert.notDeepEqual(french.items, german.items);
    assert.match(french.why, /country that the request says/);
    assert.equal((await from({ userId: 'nobody', features: { country: 'Atlantis' } })).known, false);
    assert.equal((await from({ history: ['no such item'] })).known, false);
    await assert.rejects(from({ features: { land: 'FR' } }), /knows no "land" of its users\. There is "country"/);
    // Known users are moved by what they had lately, too.
    assert.notDeepEqual((await from({ userId: 'u1', history })).items, (await from({ userId: 'u1' })).items);
  });

  test('reads what a user did since the data, leaves out what they ordered, and not what they did at another time', async () => {
    const { db } = shop;
    const occurredAt = new Date();
    await ensureEventPartitions(db, [occurredAt.toISOString().slice(0, 10)]);
    const log = (type: 'click' | 'order', itemId: string, simulated = false) =>
      db.prisma.event.create({
        data: {
          day: new Date(occurredAt.toISOString().slice(0, 10)),
          eventId: crypto.randomUUID(),
          type,
          occurredAt,
          userId: 'passer-by',
          itemId,
          simulated,
        },
      });
    const ask = (more: object = {}) =>
      serving.retrieve({ userId: 'passer-by', k: 20, rankerId: null, modelId: shop.dat, ...more });
    await log('click', 'i40', true);
    await serving.refresh();
    assert.equal((await ask()).known, false, 'simulated events are nobody’s');
    await log('click', 'i61');
    await log('click', 'i63');
    await serving.refresh();
    const clicked = await ask();
    assert.equal(clicked.known, true);
    assert.match(clicked.why, /from 2 since/);
    assert.ok(clicked.items.filter(({ category }) => category === 'clocks').length > 10);
    const bought = clicked.items[0]!.itemId;
    await log('order', bought);
    await serving.refresh();
    assert.ok(!ids(await ask()).includes(bought));
    assert.ok(ids(await ask({ seen: 'show', k: 100 })).includes(bought));
    const yesterday = Date.now() / 1000 - 86_400;
    assert.equal((await ask({ situation: { time: yesterday } })).known, false);
  });

  test('hides what a user does not want, and demotes what was shown often and never clicked', async () => {
    const { db, datasetId } = shop;
    const at = new Date();
    await ensureEventPartitions(db, [at.toISOString().slice(0, 10)]);
    const log = (type: 'impression' | 'dislike' | 'click', itemIds: string[]) =>
      db.prisma.event.createMany({
        data: itemIds.map((itemId) => ({
          ...{ day: new Date(at.toISOString().slice(0, 10)), eventId: crypto.randomUUID(), type, occurredAt: at },
          ...{ userId: 'u7', itemId, datasetId },
        })),
      });
    await db.prisma.dataset.update({
      where: { id: datasetId },
      data: { storefront: { demoteAfter: 2, language: 'de' } },
    });
    await serving.refresh();
    const ask = async (more: object = {}) => (await serving.retrieve({ userId: 'u7', k: 20, ...more })).items;
    const before = await ask();
    const [first, second, third] = ids({ items: before }) as [string, string, string];
    await log('impression', [first, first, second]);
    await serving.refresh();
    const after = await ask();
    const scoreOf = (items: typeof before, itemId: string) => items.find((one) => one.itemId === itemId)?.score;
    assert.ok(Math.abs(scoreOf(after, first)! - scoreOf(before, first)! / 2) < 1e-12, 'halved after two');
    assert.equal(scoreOf(after, second), scoreOf(before, second), 'not after one');
    assert.equal(scoreOf(await ask({ demoteAfter: 0 }), first), scoreOf(before, first), 'an arm may say never');
    await log('dislike', [third]);
    await serving.refresh();
    assert.equal(scoreOf(await ask(), third), undefined);
    assert.ok(!ids({ items: await ask({ seen: 'show', k: 200 }) }).includes(third));
    assert.ok(after.some(({ reason }) => /^Sie kaufen|^Weil Sie|^Passend|^Bei allen/.test(reason.text)));
    assert.match((await ask({ language: 'en' }))[0]!.reason.text, /^[BYCP]/);
    await log('click', [first]);
    await serving.refresh();
    assert.ok(scoreOf(await ask(), first)! > scoreOf(after, first)!, 'a click begins anew');
  });

  test('carries the fields of items that are asked for, and says which there are', async () => {
    await edit('i9', { attributes: { brand: 'Acme', size: ['S', 'M'] } });
    await serving.refresh();
    const fields = ['brand', 'size'];
    const { items } = await serving.search({ query: 'number 9', k: 3, fields });
    assert.deepEqual(items.find(({ itemId }) => itemId === 'i9')?.fields, { brand: 'Acme', size: 'S|M' });
    assert.deepEqual((await serving.item({ itemId: 'i8', fields })).fields, { brand: '', size: '' });
    assert.ok((await serving.retrieve({ userId: 'u1', k: 3, fields })).items.every((item) => item.fields));
    assert.ok((await serving.similarItems({ itemId: 'i3', k: 3, fields })).items.every((item) => item.fields));
    assert.ok((await serving.list('popular', { k: 3, fields })).items.every((item) => item.fields));
    await assert.rejects(
      serving.retrieve({ userId: 'u1', k: 3, fields: ['brnd'] }),
      /No item has a field "brnd"\. There is .*"brand"/,
    );
  });

  test('lists need no model, leave out what may not be seen, and say what fills them up', async () => {
    const sourcesOf = (answer: Awaited<ReturnType<typeof serving.list>>) => answer.items.map(({ source }) => source);
    const popular = await serving.list('popular', { k: 10, window: 'all' });
    assert.equal(popular.items.length, 10);
    assert.deepEqual([popular.source, popular.fallbacks], ['popular', []]);
    const [first, second] = ids(popular);
    await edit(first!, { withdrawnAt: new Date() });
    await serving.refresh();
    assert.equal(ids(await serving.list('popular', { k: 10, window: 'all' }))[0], second);
    await edit(first!, { withdrawnAt: null });
    await serving.refresh();

    const bought = ids({ items: await serving.history({ userId: 'u2', limit: 500 }) });
    const forUser = ids(await serving.list('popular', { k: 120, userId: 'u2' }));
    assert.ok(bought.length > 0 && bought.every((itemId) => !forUser.includes(itemId)));
    const mugs = await serving.list('trending', { k: 8, filter: { category: ['mugs'] }, exclude: [first!] });
    assert.ok(mugs.items.every(({ category, itemId }) => category === 'mugs' && itemId !== first));

    const together = await serving.list('bought-together', { k: 120, itemIds: [first!] });
    assert.ok(!ids(together).includes(first!));
    assert.deepEqual(
      [...new Set(sourcesOf(together))],
      ['bought-together', 'similar', 'popular'].filter((source) => sourcesOf(together).includes(source as never)),
    );
    assert.ok(together.items.length > 110 && together.fallbacks.length > 0);
    assert.equal(new Set(ids(together)).size, together.items.length);

    await assert.rejects(serving.list('recently-viewed', { k: 5 }), /Say whose views/);
    await assert.rejects(serving.list('bought-together', { k: 5, itemIds: ['i999'] }), /no item i999/);
  });

  test('recently viewed is what a user of this dataset clicked, newest first', async () => {
    const today = new Date().toISOString().slice(0, 10);
    await ensureEventPartitions(shop.db, [today]);
    let occurredAt = Date.now();
    const log = (itemId: string, datasetId: string | null, experimentId: string | null = null) => {
      const scope = { datasetId, experimentId };
      const event = { eventId: crypto.randomUUID(), type: 'click', userId: 'looker', itemId, ...scope } as const;
      return shop.db.prisma.event.create({
        data: { ...event, day: new Date(today), occurredAt: new Date(occurredAt++), simulated: false },
      });
    };
    await log('i5', shop.datasetId);
    await log('i9', shop.datasetId);
    // Another shop's user who is called alike.
    await log('i7', crypto.randomUUID());
    // From before events named their dataset: of no experiment, and of another shop's.
    await log('i11', null);
    const other = await shop.db.prisma.dataset.create({ data: { name: 'other', settings: {} } });
    const theirs = { name: 'theirs', datasetId: other.id, seed: 's' };
    const experiment = await shop.db.prisma.experiment.create({ data: theirs });
    await log('i13', null, experiment.id);
    await shop.db.prisma.experiment.delete({ where: { id: experiment.id } });
    await shop.db.prisma.dataset.delete({ where: { id: other.id } });
    await serving.refresh();
    const viewed = await serving.list('recently-viewed', { k: 5, userId: 'looker' });
    assert.deepEqual(ids(viewed), ['i11', 'i9', 'i5']);
    assert.deepEqual(ids(await serving.list('recently-viewed', { k: 5, userId: 'nobody' })), []);
  });

  test('finds users who are alike: they mostly buy in the same category', async () => {
    for (const modelId of [shop.dat, undefined]) {
      const { users, model } = await serving.similarUsers({ userId: 'u6', k: 20, modelId });
      assert.equal(users.length, 20);
      assert.ok(users.every(({ userId }) => userId !== 'u6'));
      assert.deepEqual(
        users.map(({ score }) => score),
        users.map(({ score }) => score).toSorted((a, b) => b - a),
      );
      // Of u0, u1, …, user n prefers category n mod 4; a fifth of the purchases are elsewhere.
      const same = users.filter(({ userId }) => Number(userId.slice(1)) % 4 === 2).length;
      assert.ok(same > 14, `${same} of 20 by ${model?.kind}`);
    }
    await assert.rejects(serving.similarUsers({ userId: 'nobody', k: 5 }), /knows nothing of user nobody/);
  });

  test('searches the words of titles and categories where no model has learnt from queries, and says so', async () => {
    const { by, why, items } = await serving.search({ query: 'Lamp NUMBER 44', k: 5 });
    assert.equal(by, 'titles');
    assert.match(why, /was not trained on queries/);
    assert.equal(items[0]!.itemId, 'i44');
    const cheap = await serving.search({ query: 'lamps', k: 50, filter: { price: { max: 600 } } });
    assert.ok(cheap.items.length > 3 && cheap.items.every(({ priceMinor }) => priceMinor! <= 600));
    assert.ok((await serving.search({ query: 'lam', k: 5 })).items.every(({ category }) => category === 'lamps'));
    assert.deepEqual((await serving.search({ query: 'zither', k: 5 })).items, []);
    await edit('i44', { title: 'Zither' });
    await serving.refresh();
    assert.deepEqual(ids(await serving.search({ query: 'zither', k: 5 })), ['i44']);
    assert.notEqual((await serving.search({ query: 'number 44', k: 1 })).items[0]!.itemId, 'i44');
  });

  test('searches by the model where it learnt from queries, and by titles where it knows no word of one', async () => {
    const kinds = ['cup', 'jug', 'hat', 'bag'];
    const colours = ['red', 'blue', 'green'];
    const asked = colours.flatMap((colour) =>
      kinds.map((kind) => ({ id: `${colour}-${kind}`, text: `${colour} ${kind}` })),
    );
    const items = kinds.flatMap((kind) => Array.from({ length: 15 }, (_, i) => ({ id: `${kind}-${i}`, kind })));
    const file = async (name: string, lines: string[]) => {
      const at = path.join(shop.dataDir, name);
      await writeFile(at, `${lines.join('\n')}\n`);
      return at;
    };
    const clicks = asked.flatMap(({ id }) =>
      items.flatMap((item) => (id.endsWith(item.kind) ? [`${id},${item.id}`] : [])),
    );
    const { datasetId } = await importDataset(shop, {
      name: 'queries',
      left: 'query',
      interactions: await file('clicks.csv', ['query_id,item_id', ...clicks]),
      users: await file('queries.csv', ['query_id,query', ...asked.map(({ id, text }) => `${id},${text}`)]),
      items: await file('things.csv', ['item_id,title', ...items.map(({ id }) => `${id},thing ${id}`)]),
    });
    const set = {
      layers: [16],
      batch: 64,
      negatives: 64,
      tableLearningRate: 0.05,
      augmentedDims: 0,
      epochs: 12,
      history: 0,
    };
    const { modelId } = await trainModel(shop, { datasetId, kind: 'two-tower', split: 'none', set });
    await buildIn(shop, { modelId });
    await serving.refresh();
    const hats = await serving.search({ query: 'Green HAT', k: 10, modelId });
    assert.equal(hats.by, 'model');
    assert.match(hats.why, /Nearest to the query by model two-tower/);
    assert.ok(ids(hats).filter((id) => id.startsWith('hat')).length >= 8, ids(hats).join());
    const thing = await serving.search({ query: 'thing', k: 5, modelId });
    assert.equal(thing.by, 'titles');
    assert.match(thing.why, /knows no word of the query/);
  });
});
