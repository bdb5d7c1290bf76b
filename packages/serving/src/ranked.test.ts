import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { createLogger } from '@duet/base';
import { createRule, deleteRule, enableRule, listRules, type RuleInput } from '@duet/ranking/rules';
import { createTinyShop, type TinyShop } from '@duet/ranking/testing';
import { buildModelIndex } from './indexing/build-index.ts';
import { openServing, type Serving } from './serving.ts';

const author = { actor: 'ann' };

describe('a ranked list', () => {
  let shop: TinyShop;
  let serving: Serving;
  before(async () => {
    shop = await createTinyShop();
    await buildModelIndex(shop, { modelId: shop.dat });
    const logger = createLogger({ logLevel: 'silent' }, 'test');
    serving = await openServing({ ...shop, logger, pollMs: 3_600_000 });
  });
  after(async () => {
    await serving[Symbol.asyncDispose]();
    await shop[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await shop.db.prisma.rule.deleteMany();
    await serving.refresh();
  });

  const rule = async (input: RuleInput) => {
    const made = await createRule(shop.db, shop.datasetId, input, author);
    await serving.refresh();
    return made;
  };
  const list = async (over: Partial<Parameters<Serving['retrieve']>[0]> = {}) =>
    (await serving.retrieve({ userId: 'u1', k: 20, ...over })).items;
  const ids = (items: { itemId: string }[]) => items.map(({ itemId }) => itemId);

  test('says of each item why it is there, in a way that its shopper can check', async () => {
    const history = await serving.history({ userId: 'u1', limit: 500 });
    const bought = new Set(ids(history));
    const items = await list();
    assert.ok(items.some(({ reason }) => reason.kind === 'bought-together'));
    for (const { reason, probability, score } of items) {
      if (reason.kind === 'bought-together') {
        assert.ok(bought.has(reason.itemId!), `${reason.text}: u1 did`);
        assert.equal(reason.text, `Because you bought ${reason.title}`);
      }
      if (reason.kind === 'category') assert.ok(history.some(({ category }) => category === reason.category));
      assert.equal(score, probability, 'by probability alone, where nothing else is asked');
    }
    for (const { reason } of await list({ userId: 'nobody' })) assert.equal(reason.text, 'Popular with everybody');
    const clicked = ids(await list())[0]!;
    const none = { ordered: new Set<string>(), disliked: new Set<string>(), shown: new Map<string, number>() };
    const since = { items: [clicked], ...none, version: 1 };
    const looked = (await list({ recent: since })).filter(({ reason }) => reason.itemId === clicked);
    assert.ok(
      looked.length > 0 && looked.every(({ reason }) => reason.kind === 'seen-together'),
      'not what was looked at',
    );
  });

  test('keeps a rule from the next look on: pinned, boosted, buried, blocked, by item and by category', async () => {
    const before = await list({ k: 100 });
    const [first, last] = [before[0]!, before.at(-1)!];
    const { id: buried } = await rule({ kind: 'bury', itemId: first.itemId, factor: 1e-6 });
    assert.equal((await list({ k: 100 })).at(-1)!.itemId, first.itemId);
    await deleteRule(shop.db, buried, author);

    const foreign = (await shop.db.prisma.item.findMany()).find(({ externalId }) => !ids(before).includes(externalId))!;
    const pin = await rule({ kind: 'pin', itemId: foreign.externalId, place: 3 });
    const pinned = (await list())[2]!;
    assert.equal(pinned.itemId, foreign.externalId, 'though it was not retrieved');
    assert.deepEqual([pinned.reason.kind, pinned.rules], ['pinned', [pin.id]]);

    const boost = await rule({ kind: 'boost', itemId: last.itemId, factor: 1000 });
    const boosted = (await list())[0]!;
    assert.deepEqual([boosted.itemId, boosted.rules], [last.itemId, [boost.id]]);
    assert.equal(boosted.score, 1000 * boosted.probability!);

    await rule({ kind: 'block', category: foreign.categoryId ? pinned.category! : '' });
    const without = await list({ k: 100 });
    assert.ok(
      without.every(({ category }) => category !== pinned.category),
      'nor is what was pinned of it shown',
    );
    assert.ok(without.length > 0);
    for (const rank of [null, undefined]) {
      assert.ok(
        (await list({ rankerId: rank, userId: 'nobody' })).every(({ category }) => category !== pinned.category),
      );
    }
    const seed = ids(without)[0]!;
    const alike = await serving.similarItems({ itemId: seed, k: 100 });
    assert.ok(alike.items.every(({ category }) => category !== pinned.category));
  });

  test('keeps a rule at its placement, in its time, and while it is on', async () => {
    const [first] = ids(await list());
    const { id } = await rule({
      kind: 'block',
      itemId: first!,
      placement: 'home',
      endsAt: new Date(Date.now() + 60_000),
    });
    assert.ok(ids(await list()).includes(first!));
    assert.ok(!ids(await list({ placement: 'home' })).includes(first!));
    const later = { time: Date.now() / 1000 + 120 };
    assert.ok(ids(await list({ placement: 'home', situation: later })).includes(first!));
    await enableRule(shop.db, id, false, author);
    await serving.refresh();
    assert.ok(ids(await list({ placement: 'home' })).includes(first!));
  });

  test('keeps rules in what is alike and in what is searched for, but pins nothing there', async () => {
    const seed = ids(await list())[0]!;
    const alike = async (placement?: string) => (await serving.similarItems({ itemId: seed, k: 100, placement })).items;
    const searched = async (placement?: string) =>
      (await serving.search({ query: 'number lamps', k: 100, placement })).items;
    for (const ask of [alike, searched]) {
      const before = await ask();
      const [first, second, last] = [before[0]!, before[1]!, before.at(-1)!];
      const at = { placement: 'detail' };
      const boost = await rule({ kind: 'boost', itemId: last.itemId, factor: 1000, ...at });
      const bury = await rule({ kind: 'bury', itemId: first.itemId, factor: 1e-6, ...at });
      await rule({ kind: 'block', itemId: second.itemId, ...at });
      await rule({ kind: 'pin', itemId: second.itemId, place: 1 });
      const after = await ask('detail');
      assert.deepEqual([after[0]!.itemId, after[0]!.rules], [last.itemId, [boost.id]]);
      assert.deepEqual([after.at(-1)!.itemId, after.at(-1)!.rules], [first.itemId, [bury.id]]);
      assert.ok(!ids(after).includes(second.itemId));
      assert.deepEqual(await ask(), before, 'elsewhere');
      await shop.db.prisma.rule.deleteMany();
      await serving.refresh();
    }
  });

  test('orders by expected value, and spreads categories, where that is asked', async () => {
    const plain = await list({ k: 100 });
    const byValue = await list({ k: 100, alpha: 1 });
    assert.deepEqual(ids(byValue).sort(), ids(plain).sort());
    const worth = byValue.map(({ probability, priceMinor }) => probability! * priceMinor!);
    worth.forEach((value, i) => {
      assert.ok(i === 0 || value <= worth[i - 1]! + 1e-9);
    });
    const kinds = (items: typeof plain) => new Set(items.slice(0, 8).map(({ category }) => category)).size;
    const spread = await list({ k: 100, diversity: 0.9 });
    assert.ok(
      kinds(spread) > kinds(plain),
      `${kinds(spread)} categories among the first eight, ${kinds(plain)} without`,
    );
  });

  test('a rule is checked, and every change of it is written down', async () => {
    const bad = (input: RuleInput) => createRule(shop.db, shop.datasetId, input, author);
    await assert.rejects(bad({ kind: 'pin', itemId: 'i1' }), /field place: A pin needs its place/);
    await assert.rejects(bad({ kind: 'block', itemId: 'gone' }), /no item gone/);
    await assert.rejects(bad({ kind: 'block', category: 'gone' }), /no category "gone"/);
    await assert.rejects(enableRule(shop.db, 'x', true, author), /no rule x/);
    assert.deepEqual(await listRules(shop.db, shop.datasetId), []);
    const { id } = await rule({ kind: 'block', itemId: 'i1', note: 'recalled' });
    await enableRule(shop.db, id, false, author);
    await deleteRule(shop.db, id, author);
    const log = await shop.db.prisma.auditLog.findMany({ where: { objectId: id }, orderBy: { id: 'asc' } });
    assert.deepEqual(
      log.map(({ actor, action }) => `${actor} ${action}`),
      ['ann create', 'ann disable', 'ann delete'],
    );
    assert.deepEqual(log[1]!.after, { enabled: false });
  });
});
