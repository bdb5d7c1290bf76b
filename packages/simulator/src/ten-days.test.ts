import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { LoggedEvent } from '@duet/client';
import { importDataset, loadCatalogue, loadInteractions, partsOf, removePart } from '@duet/datasets';
import { createExperiment, experimentReport, rollUpOpen, startExperiment } from '@duet/experiments';
import { foldEvents } from '@duet/pipeline';
import { nthRng, seededRng } from '@duet/random';
import { tinySplit } from '@duet/ranking/testing';
import { eventsOf } from './drive.ts';
import { drawShoppers } from './shoppers/shoppers.ts';
import { lastDays, timeline, type Visit } from './shoppers/timeline.ts';
import { visitPage } from './shoppers/visit.ts';
import { type LivingShop, openLivingShop } from './testing/living-shop.ts';
import { holdOut } from './world/held-out.ts';
import { createWorld, type World } from './world/world.ts';

const days = 10;
const badNight = 6;
const page = 8;
const dayMs = 86_400_000;
const stages = ['data', 'measure', 'refit', 'index', 'gate', 'shadow'];

describe('ten days of a shop, with its services as they are', () => {
  let shop: LivingShop;
  let world: World;
  let visits: Visit[];
  let experimentId: string;
  const period = lastDays(new Date(), days);
  const rng = seededRng(5);
  /** What the shop itself knows: what each user bought, what it sells no more, and every event that it logged. */
  const bought = new Map<string, Set<string>>();
  const withdrawn = new Set<string>();
  const logged: LoggedEvent[] = [];
  /** What shoppers would complain of. */
  const complaints: string[] = [];
  /** From a product's commit until it is served, a day each. */
  const servedAfterMs: number[] = [];
  const armOf = new Map<string, string>();
  const models = new Set<string>();
  const toBeKilledIn = [...stages];
  const buys = (userId: string, itemId: string) => {
    const items = bought.get(userId) ?? new Set();
    bought.set(userId, items.add(itemId));
  };

  before(async () => {
    shop = await openLivingShop();
    const { db, datasetId } = shop;
    const data = await loadInteractions(shop, datasetId);
    data.user.forEach((user, row) => {
      buys(data.users[user]!, data.items[data.item[row]!]!);
    });
    const held = holdOut(data, await loadCatalogue(shop, datasetId), tinySplit);
    // Shoppers who click and buy more than any shop's, so that few visits are enough.
    world = createWorld(held, 0, 1, { page, bestSellerCtr: 0.3, cartShare: 0.5, checkout: 0.7 });
    visits = timeline(drawShoppers(world, 25, 1), world.habits, period, 7, 1);
    const arms = Object.entries(shop.models).map(([name, registeredModelId], at) => ({
      ...{ name, registeredModelId, weight: 0.5, control: at === 0 },
    }));
    // Ten days go by in a minute, so that what is logged is days late by the services' clock.
    const settings = { plannedDays: 2 * days, attribution: { lateHours: 24 * (days + 1) } };
    const input = { name: 'ten days', datasetId, seed: 'ten days', settings, arms };
    ({ id: experimentId } = await createExperiment(db, input, { actor: 'ann' }));
    await startExperiment(db, experimentId, { actor: 'ann', now: new Date(period.startMs) });
    await until('the experiment runs', async () =>
      (await shop.client.health()).experiments.some(({ id }) => id === experimentId),
    );
  });
  after(() => shop[Symbol.asyncDispose]());

  /** Waits for what the services promise: that they follow within a second, or two where the machine is busy. */
  async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
    for (const deadline = performance.now() + 20_000; !(await holds()); await pause(50)) {
      assert.ok(performance.now() < deadline, `${what}: not within 20 s`);
    }
  }

  /** A shopper asks for their list, and looks at it as a shop's worst critic would. */
  async function ask(userId: string) {
    try {
      const answer = await shop.client.retrieve({ userId, k: page, placement: 'simulation' });
      const complain = (what: string) => complaints.push(`${userId}: ${what}`);
      if (answer.items.length < page) complain(`${answer.items.length} items`);
      for (const { itemId } of answer.items) {
        if (withdrawn.has(itemId)) complain(`${itemId} is sold no more`);
        if (bought.get(userId)?.has(itemId)) complain(`${itemId} was bought already`);
      }
      const arm = answer.arm?.name;
      if (answer.experiment?.id !== experimentId || arm === undefined) complain('outside the experiment');
      else if ((armOf.get(userId) ?? arm) !== arm) complain(`was moved to ${arm}`);
      else armOf.set(userId, arm);
      if (answer.model) models.add(answer.model.id);
      return answer;
    } catch (error) {
      complaints.push(`${userId}: ${(error as Error).message}`);
      return undefined;
    }
  }

  /** A product is added, one renamed and one withdrawn, by the shop's server. */
  async function changeCatalogue(day: number): Promise<void> {
    const [fresh, renamed, gone] = [`new-${day}`, `i${3 * day}`, `i${3 * day + 1}`];
    await shop.erp.items.delete({ itemId: gone });
    await shop.erp.items.patch({ itemId: renamed, title: `Renamed on day ${day}` });
    await shop.erp.items.put({ itemId: fresh, title: `New on day ${day}`, category: 'mugs', priceMinor: 400 + day });
    const titleOf = (itemId: string) =>
      shop.client.catalogue.item({ itemId }).then(
        ({ title }) => title,
        () => undefined,
      );
    const committedAt = performance.now();
    // The service takes over all that was committed at each look: with the last write the ones before it.
    await until(`day ${day}'s products are served`, async () => (await titleOf(fresh)) === `New on day ${day}`);
    servedAfterMs.push(performance.now() - committedAt);
    assert.equal(await titleOf(renamed), `Renamed on day ${day}`);
    withdrawn.add(gone);
  }

  /** The day's visits in their order, and a purchase of what was new. Nobody is offered it again. */
  async function live(day: number): Promise<void> {
    const today = visits.filter(({ atMs }) => Math.floor((atMs - period.startMs) / dayMs) === day);
    const orders: [string, string][] = [];
    const log = (...events: LoggedEvent[]) => {
      shop.client.events.log(...events);
      logged.push(...events);
      for (const { type, userId, itemId } of events) if (type === 'order') orders.push([userId!, itemId!]);
    };
    for (const visit of today) {
      const answer = await ask(visit.shopper.userId);
      if (answer?.experiment === undefined) continue;
      const acts = visitPage(world, visit.shopper, answer.items, nthRng(1, 1000 + visit.number));
      log(...eventsOf(visit, answer, acts));
    }
    const [first, second] = today.map(({ shopper }) => shopper.userId);
    const order = (userId: string, itemId: string) => ({
      ...{ type: 'order' as const, userId, itemId, orderId: `${day} ${itemId}`, quantity: 1, valueMinor: 400 },
      ...{ currency: 'GBP', occurredAt: new Date(period.startMs + (day + 0.99) * dayMs).toISOString() },
    });
    log(order(first!, `new-${day}`), order(second!, `new-${day}`));
    await shop.client.events.flush();
    await until(`day ${day}'s purchases are hidden`, async () => {
      const lists = await Promise.all(
        orders.map(async ([userId, itemId]) => ({ itemId, ...(await shop.client.retrieve({ userId, k: 100 })) })),
      );
      return lists.every(({ itemId, items }) => items.every((item) => item.itemId !== itemId));
    });
    for (const [userId, itemId] of orders) buys(userId, itemId);
  }

  /**
   * The night's refresh, in which the worker is killed once in a stage that it was not killed in yet, while shoppers go
   * on asking.
   */
  async function night(model: keyof LivingShop['models'], { kills }: { kills: boolean }) {
    const { prisma } = shop.db;
    const stage = kills ? toBeKilledIn[0] : undefined;
    let isKilled = false;
    const refreshed = shop.refresh(shop.models[model], async (told) => {
      if (isKilled || told.stage !== stage || told.status !== 'running') return;
      isKilled = true;
      await pause(80 * rng());
      await shop.killWorker();
      const run = await prisma.refreshRun.findUniqueOrThrow({ where: { id: told.id } });
      const at = (run.stages as { name: string; finishedAt: string | null }[]).find(({ name }) => name === stage);
      // One that was done by then is killed another night.
      if (at?.finishedAt === null || at === undefined) toBeKilledIn.shift();
    });
    let asleep = false;
    const lateShoppers = (async () => {
      for (let n = 0; !asleep; n++, await pause(500)) await ask(visits[n % visits.length]!.shopper.userId);
    })();
    const id = await refreshed;
    asleep = true;
    await lateShoppers;
    return prisma.refreshRun.findUniqueOrThrow({ where: { id } });
  }

  const champion = async () =>
    (await shop.db.prisma.registeredModel.findUniqueOrThrow({ where: { id: shop.models.dat } })).championId;
  const openAlerts = () => shop.db.prisma.alert.count({ where: { kind: 'gate-held-back', closedAt: null } });

  /** An export with wrong users and wrong dates, which says of nobody what they like: thrice what there is. */
  async function importNonsense(): Promise<string> {
    const { users, items, time } = await loadInteractions(shop, shop.datasetId);
    const pick = <T>(list: readonly T[]) => list[Math.floor(rng() * list.length)]!;
    const rows = Array.from({ length: 3 * time.length }, () =>
      [pick(users), pick(items), 1_600_000_000 + Math.floor(rng() * 250 * 86_400)].join(),
    );
    const interactions = path.join(shop.dataDir, 'nonsense.csv');
    await writeFile(interactions, ['user_id,item_id,timestamp', ...rows].join('\n'));
    await importDataset(shop, { into: shop.datasetId, interactions });
    return (await partsOf(shop.db, shop.datasetId)).at(-1)!.id;
  }

  test('each night makes a champion, wherever it is killed, but for one whose data are broken', async () => {
    for (let day = 0; day < days; day++) {
      await changeCatalogue(day);
      await live(day);
      if (day === badNight) {
        const before = await champion();
        const part = await importNonsense();
        const held = await night('dat', { kills: false });
        assert.deepEqual([held.status, held.promoted, await champion()], ['done', false, before]);
        assert.equal(await openAlerts(), 1);
        await removePart(shop, shop.datasetId, part);
      }
      const run = await night('dat', { kills: true });
      assert.deepEqual([run.status, run.promoted], ['done', true], `night ${day}: ${JSON.stringify(run.gate)}`);
      assert.equal(await champion(), run.modelId);
      assert.equal(await openAlerts(), 0);
    }
    const { promoted } = await night('two-tower', { kills: false });
    assert.equal(promoted, true);
    assert.deepEqual(toBeKilledIn, [], 'it was killed in each stage');
  });

  test('no request failed, and no list had what is sold no more or was bought before', () => {
    assert.deepEqual(complaints, []);
    assert.ok(models.size > days / 2, `${models.size} models answered`);
  });

  test('a product is served soon after its commit: in a second, or in three where the machine is busy', () => {
    // Of most days: the machine may be busy with something else on one.
    const [median] = servedAfterMs.toSorted((a, b) => a - b).slice(days / 2);
    assert.ok(median! < 3000, servedAfterMs.map(Math.round).join(' ms, '));
  });

  test('each event is in one part', async () => {
    const { datasetId, db } = shop;
    const { snapshot } = await foldEvents(shop, datasetId);
    const folds = await db.prisma.datasetPart.findMany({ where: { datasetId, source: 'events' } });
    assert.equal(await db.prisma.event.count(), logged.length);
    const rows = folds.reduce((sum, { interactions }) => sum + interactions, 0);
    const repeats = folds.reduce((sum, { duplicates }) => sum + duplicates, 0);
    assert.deepEqual([rows, repeats], [logged.length, 0]);
    // All but impressions are what models learn from: the very events, each once.
    const x = await loadInteractions(shop, datasetId, snapshot);
    const learnt = Array.from(x.time.keys()).flatMap((row) =>
      x.time[row]! * 1000 < period.startMs
        ? []
        : [`${x.users[x.user[row]!]} ${x.items[x.item[row]!]} ${Math.round(x.time[row]! * 1000)}`],
    );
    const done = logged
      .filter(({ type }) => type !== 'impression')
      .map(({ userId, itemId, occurredAt }) => `${userId} ${itemId} ${Date.parse(occurredAt!)}`);
    assert.deepEqual(learnt.sort(), done.sort());
    const known = await loadCatalogue(shop, datasetId, snapshot);
    assert.equal(known.title[known.ids.indexOf('i12')], 'Renamed on day 4');
  });

  test('the experiment went on: both arms counted whole, and their champions’ changes are in the report', async () => {
    const { db } = shop;
    await rollUpOpen(db);
    const { experiment, arms, championChanges } = await experimentReport(db, experimentId);
    assert.equal(experiment.status, 'running');
    const seen = logged.filter(({ type }) => type === 'impression').length;
    assert.equal(
      arms.reduce((sum, { impressions }) => sum + impressions, 0),
      seen,
    );
    // Of the models' first versions it knows, too: they were made within the phase.
    const promoted = championChanges.filter(({ version }) => version !== null && version > 1);
    assert.equal(promoted.length, days + 1);
  });
});
