import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { loadCatalogue, loadInteractions } from '@duet/datasets';
import { loadExamples } from '@duet/datasets/testing';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { itemNeighbours, scoreByNeighbours } from '@duet/models';
import { nthRng, seededRng } from '@duet/random';
import { drawShoppers, mostShoppers, type Shopper } from './shoppers/shoppers.ts';
import { lastDays, timeline, type Visit } from './shoppers/timeline.ts';
import { type Act, drawQuantity, visitPage } from './shoppers/visit.ts';
import { holdOut } from './world/held-out.ts';
import { createWorld, type World } from './world/world.ts';

// Everything here is compared with online-retail itself: 396,241 purchase lines, and 8,536 that came back.
let db: Database;
let dataDir: string;
let world: World;
let shoppers: Shopper[];
let visits: Visit[];
before(async () => {
  db = await createTestDatabase();
  dataDir = await mkdtemp(path.join(tmpdir(), 'duet-simulated-'));
  const { whole: datasetId } = await loadExamples({ db, dataDir });
  const interactions = await loadInteractions({ db, dataDir }, datasetId);
  const catalogue = await loadCatalogue({ db, dataDir }, datasetId);
  world = createWorld(holdOut(interactions, catalogue, 'time:0.8'), 8_536 / 396_241, 1);
  shoppers = drawShoppers(world, mostShoppers(world), 1);
  visits = timeline(shoppers, world.habits, lastDays(new Date('2026-11-25T00:00:00Z'), 7), 3, 1);
});
after(async () => {
  await db[Symbol.asyncDispose]();
  await rm(dataDir, { recursive: true });
});

const quantile = (rising: Float64Array, q: number): number => rising[Math.floor(q * rising.length)]!;

test('the values of real lines, drawn anew, are distributed as the real ones: median, quartiles, tail and mean', () => {
  const { interactions, catalogue } = world.heldOut;
  const rng = seededRng(3);
  const real: number[] = [];
  const drawn: number[] = [];
  interactions.user.forEach((user, row) => {
    const price = catalogue.priceMinor[interactions.item[row]!]!;
    if (!(price > 0 && interactions.valueMinor[row]! > 0)) return;
    real.push(interactions.valueMinor[row]!);
    drawn.push(price * drawQuantity(world.habits, world.habits.usualQuantity[user]!, price, rng));
  });
  const [a, b] = [Float64Array.from(real).sort(), Float64Array.from(drawn).sort()];
  // A log-normal has no heap at the dozen, so that its quantiles are not those of the shop to the penny.
  for (const q of [0.25, 0.5, 0.75, 0.9, 0.99]) {
    const ratio = quantile(b, q) / quantile(a, q);
    assert.ok(ratio > 0.75 && ratio < 1.35, `quantile ${q}: ${ratio}`);
  }
  const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  assert.ok(Math.abs(mean(b) / mean(a) - 1) < 0.15, `mean: ${mean(b) / mean(a)}`);
});

test('a tenth of the shoppers make most of the visits, as a tenth of the customers make most of the repeat orders', () => {
  const shareOfTop = (counts: number[]) => {
    const falling = counts.toSorted((a, b) => b - a);
    const all = falling.reduce((sum, n) => sum + n, 0);
    return falling.slice(0, Math.round(falling.length / 10)).reduce((sum, n) => sum + n, 0) / all;
  };
  const { interactions } = world.heldOut;
  const moments = interactions.users.map(() => new Set<number>());
  interactions.user.forEach((user, row) => {
    moments[user]!.add(interactions.time[row]!);
  });
  const count = new Map(shoppers.map((shopper) => [shopper.userId, 0]));
  for (const { shopper } of visits) count.set(shopper.userId, count.get(shopper.userId)! + 1);
  const returning = new Set(world.returning.map((user) => interactions.users[user]!));
  const real = interactions.users.flatMap((id, user) => (returning.has(id) ? [moments[user]!.size - 1] : []));
  const simulated = shoppers.flatMap(({ userId }) => (returning.has(userId) ? [count.get(userId)!] : []));
  assert.ok(Math.abs(shareOfTop(simulated) - shareOfTop(real)) < 0.08, `${shareOfTop(simulated)}, ${shareOfTop(real)}`);
});

test('nobody orders on Saturdays in the data, and few come on Saturdays', () => {
  const saturday = visits.filter(({ atMs }) => new Date(atMs).getUTCDay() === 6).length / visits.length;
  assert.ok(saturday > 0.005 && saturday < 0.06, `${saturday}`);
});

test('a page by item-kNN, which is no arm’s, has a CTR of 3 to 8 %, most of it at the top, and more than best sellers', () => {
  const { heldOut, itemRow } = world;
  const { learnt, interactions, catalogue } = heldOut;
  const similar = itemNeighbours(learnt, catalogue.ids.length, { neighbours: 100, shrinkage: 10 });
  const buyers = new Float64Array(catalogue.ids.length);
  for (const list of learnt) for (const item of list) buyers[item]!++;
  const userRow = new Map(interactions.users.map((id, row) => [id, row]));
  const scores = new Float32Array(catalogue.ids.length);
  const page = (userId: string, personal: boolean) => {
    const list = learnt[userRow.get(userId) ?? -1] ?? new Int32Array();
    scoreByNeighbours(similar, list, scores);
    const had = new Set(list);
    const score = (row: number) => (personal ? scores[row]! : 0) + 1e-6 * buyers[row]!;
    return [...itemRow.values()]
      .filter((row) => !had.has(row))
      .sort((a, b) => score(b) - score(a))
      .slice(0, world.page)
      .map((row) => ({ itemId: catalogue.ids[row]!, priceMinor: catalogue.priceMinor[row]! }));
  };
  const sample = visits.filter((_, at) => at % 30 === 0);
  const acts = (personal: boolean): Act[] =>
    sample.flatMap(({ shopper, number }) =>
      visitPage(world, shopper, page(shopper.userId, personal), nthRng(1, 1000 + number)),
    );
  const clicks = (all: Act[]) => all.filter(({ type }) => type === 'click');
  const [knn, popular] = [clicks(acts(true)), clicks(acts(false))];
  const ctr = knn.length / (sample.length * world.page);
  assert.ok(ctr > 0.03 && ctr < 0.08, `${ctr}`);
  assert.ok(knn.length > 1.2 * popular.length, `${knn.length} and ${popular.length}`);
  assert.ok(knn.filter(({ position }) => position < 4).length > 0.5 * knn.length);
});
