import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createLogger } from '@duet/base';
import { createApiKey } from '@duet/db';
import {
  createExperiment,
  drawsOf,
  type EventInput,
  type ExperimentInput,
  experimentReport,
  explore,
  type LatencyLog,
  offPolicyReport,
  openEventSink,
  openLatencyLog,
  startExperiment,
  stopExperiment,
  teamDraft,
} from '@duet/experiments';
import { createTinyShop, type TinyShop } from '@duet/ranking/testing';
import { openServing, type Serving } from '@duet/serving';
import { buildIn } from '@duet/serving/testing';
import { type Keyring, openKeyring } from './access/keyring.ts';
import { createCaller } from './router.ts';
import { contextWith } from './testing.ts';

describe('lists that an experiment draws', () => {
  let shop: TinyShop;
  let serving: Serving;
  let latency: LatencyLog;
  let keyring: Keyring;
  let caller: ReturnType<typeof createCaller>;
  before(async () => {
    shop = await createTinyShop();
    const { id: registeredModelId } = await shop.db.prisma.registeredModel.findFirstOrThrow({
      where: { championId: shop.twoTower },
    });
    await shop.db.prisma.deployment.updateMany({ data: { registeredModelId } });
    for (const modelId of [shop.twoTower, shop.dat]) await buildIn(shop, { modelId });
    const logger = createLogger({ logLevel: 'silent' }, 'test');
    serving = await openServing({ ...shop, logger, pollMs: 3_600_000 });
    latency = openLatencyLog(shop.db, { onError: (error) => assert.fail(String(error)) });
    const { key } = await createApiKey(shop.db, { name: 'shop', scopes: ['admin'] });
    keyring = await openKeyring(shop.db);
    const parts = { db: shop.db, serving, events: openEventSink(shop.db), latency, keyring };
    caller = createCaller(contextWith(parts, { authorization: `Bearer ${key}` }));
  });
  after(async () => {
    await keyring[Symbol.asyncDispose]();
    await latency[Symbol.asyncDispose]();
    await serving[Symbol.asyncDispose]();
    await shop[Symbol.asyncDispose]();
  });

  const run = async (plan: Pick<ExperimentInput, 'name' | 'design' | 'settings'>) => {
    const { datasetId, twoTower, dat } = shop;
    await createExperiment(shop.db, {
      ...plan,
      datasetId,
      arms: [
        { name: 'two-tower', modelId: twoTower, weight: 0.5, control: true },
        { name: 'left out', modelId: twoTower, weight: 0 },
        { name: 'dat', modelId: dat, weight: 0.5 },
      ],
    });
    const started = await startExperiment(shop.db, plan.name);
    await serving.refresh();
    return {
      ...started,
      async [Symbol.asyncDispose]() {
        await stopExperiment(shop.db, plan.name);
        await serving.refresh();
      },
    };
  };
  const idsOf = (items: readonly { itemId: string }[]) => items.map(({ itemId }) => itemId);
  /** What one model alone answers, ranked. */
  const listOf = async (modelId: string, userId: string, k: number) =>
    idsOf((await caller.retrieve({ userId, modelId, k })).items);
  const logged = (type: 'impression' | 'click', more: Partial<EventInput>): EventInput => ({
    ...{ eventId: crypto.randomUUID(), type, occurredAt: new Date().toISOString(), userId: 'u1' },
    ...more,
  });

  test('an interleaving answers with the team draft of both arms’ ranked lists, by the request’s coins', async () => {
    await using experiment = await run({
      name: 'interleaved',
      design: 'interleaving',
      settings: { overrides: { u9: 'dat' } },
    });
    const [control, treatment] = [await listOf(shop.twoTower, 'u1', 8), await listOf(shop.dat, 'u1', 8)];
    const answer = await caller.retrieve({ userId: 'u1', k: 8 });
    assert.equal(answer.experiment?.id, experiment.id);
    assert.equal(answer.arm, undefined);
    const expected = teamDraft(control, treatment, 8, drawsOf(answer.requestId), (id) => id);
    assert.deepEqual(
      answer.items.map(({ itemId, arm }) => [itemId, arm?.name]),
      expected.map(({ item, team }) => [item, team === 'control' ? 'two-tower' : 'dat']),
    );
    assert.deepEqual(new Set(answer.items.map(({ arm }) => arm?.name)), new Set(['two-tower', 'dat']));

    // Seen and clicked as a storefront logs it, the second item is a click for its own arm.
    const about = { requestId: answer.requestId, experimentId: experiment.id };
    const events = answer.items.map(({ itemId, arm }, position) =>
      logged('impression', { ...about, itemId, armId: arm!.id, position }),
    );
    const { itemId, arm } = answer.items[1]!;
    await caller.events.log({ events });
    await caller.events.log({ events: [logged('click', { ...about, itemId, armId: arm!.id })] });
    const { interleaving, usersInTwoArms } = await experimentReport(shop.db, 'interleaved');
    assert.equal(usersInTwoArms, 0);
    assert.equal(interleaving!.users, 1);
    assert.deepEqual(
      interleaving!.arms.map(({ armId, clicks }) => [armId, clicks]),
      experiment.arms.flatMap(({ id, weight }) => (weight > 0 ? [[id, id === arm!.id ? 1 : 0]] : [])),
    );

    // Who was put into an arm sees that arm's list.
    const tester = await caller.retrieve({ userId: 'u9', k: 8 });
    assert.equal(tester.arm?.name, 'dat');
    assert.deepEqual(idsOf(tester.items), await listOf(shop.dat, 'u9', 8));
    assert.equal(tester.items[0]!.arm, undefined);
  });

  test('an exploring experiment says how likely each item was where it is, and judges another model by it', async () => {
    await using experiment = await run({ name: 'explores', settings: { exploration: 0.5 } });
    const users = Array.from({ length: 40 }, (_, i) => `u${i}`);
    const events: EventInput[] = [];
    for (const userId of users) {
      const { requestId, arm, items } = await caller.retrieve({ userId, k: 5 });
      const pool = await listOf(arm!.name === 'dat' ? shop.dat : shop.twoTower, userId, 10);
      const expected = explore(pool, 5, 0.5, drawsOf(requestId));
      assert.deepEqual(
        items.map(({ itemId, propensity }) => ({ item: itemId, propensity })),
        expected,
      );
      for (const [position, { itemId, propensity }] of items.entries()) {
        const about = { userId, requestId, experimentId: experiment.id, armId: arm!.id, itemId, position };
        events.push(logged('impression', { ...about, propensity }));
        if (position === 0) events.push(logged('click', about));
      }
    }
    assert.deepEqual((await caller.events.log({ events })).rejected, []);
    // Every first place is clicked and no other: whatever is shown, a fifth of the places.
    const report = await offPolicyReport(shop.db, 'explores', (userId) => listOf(shop.dat, userId, 5), {
      now: new Date(Date.now() + 60_000),
      // Request ids are drawn anew at each run: this wide an interval misses in one of a hundred thousand.
      level: 0.99999,
    });
    assert.deepEqual([report.users, report.impressions, report.shown.value], [40, 200, 0.2]);
    const { low, high } = report.snips;
    assert.ok(low! <= 0.2 && 0.2 <= high!, `${low} … ${high}`);
    // Half of the answers are in the shown order and another model's half in chance's: some places agree. By the
    // request ids it is 20 to 45 places' worth of them; without any it would be none.
    assert.ok(report.snips.effectiveSampleSize > 5, `${report.snips.effectiveSampleSize}`);
  });

  test('a search is answered by the arm of who searches, and by no arm where nobody is named', async () => {
    await using experiment = await run({ name: 'searched', design: 'ab', settings: { overrides: { u9: 'dat' } } });
    const tester = await caller.search({ query: 'lamp', userId: 'u9', k: 5 });
    assert.equal(tester.experiment?.id, experiment.id);
    assert.deepEqual([tester.arm?.name, tester.model!.id], ['dat', shop.dat]);
    const arms = new Map([
      ['two-tower', shop.twoTower],
      ['dat', shop.dat],
    ]);
    for (const userId of ['u1', 'u2', 'u3', 'u4']) {
      const [searched, retrieved] = [
        await caller.search({ query: 'lamp', userId, k: 5 }),
        await caller.retrieve({ userId, k: 5 }),
      ];
      assert.deepEqual([searched.arm, searched.model], [retrieved.arm, retrieved.model]);
      assert.equal(searched.model!.id, arms.get(searched.arm!.name));
    }
    const nobody = await caller.search({ query: 'lamp', k: 5 });
    assert.deepEqual([nobody.experiment, nobody.arm, nobody.model!.id], [undefined, undefined, shop.twoTower]);
  });

  test('an arm whose model is out of order leaves the shopper with the other arm’s list, and of no experiment', async () => {
    await using _ = await run({ name: 'broken', design: 'interleaving' });
    await shop.db.prisma.index.updateMany({ where: { modelId: shop.dat }, data: { active: false } });
    await serving.refresh();
    const answer = await caller.retrieve({ userId: 'u2', k: 5 });
    assert.equal(answer.experiment, undefined);
    assert.equal(answer.model!.id, shop.twoTower);
    assert.equal(answer.items[0]!.arm, undefined);
  });
});
