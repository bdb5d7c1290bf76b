import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketsOf } from '@duet/experiments';
import { nthRng, seededRng } from '@duet/random';
import { onlineTable } from './online-table.ts';
import { drawShoppers } from './shoppers/shoppers.ts';
import { lastDays, timeline } from './shoppers/timeline.ts';
import { type ShownItem, visitPage } from './shoppers/visit.ts';
import { Tally } from './tally.ts';
import { makeShop } from './testing.ts';
import { createWorld } from './world/world.ts';

const world = createWorld(makeShop(), 0.02, 1);
const { ids, priceMinor, category } = world.heldOut.catalogue;
const period = lastDays(new Date('2026-11-25T00:00:00Z'), 7);
const arms = [
  { id: 'a', name: 'a' },
  { id: 'b', name: 'b' },
] as const;

/** A week of 120 shoppers under one assignment seed; `recommend` says what an arm shows to a shopper. */
function week(seed: number, recommend: (arm: string, userId: string) => number[]) {
  const tally = new Tally();
  const shoppers = drawShoppers(world, 120, seed);
  for (const { shopper, atMs, number } of timeline(shoppers, world.habits, period, 3, seed)) {
    const { arm } = bucketsOf({ datasetId: 'made up', seed: `aa-${seed}`, phase: 1, layer: null }, shopper.userId);
    const { id } = arms[arm < 5000 ? 0 : 1];
    const page = recommend(id, shopper.userId).map(
      (row): ShownItem => ({ itemId: ids[row]!, priceMinor: priceMinor[row]! }),
    );
    tally.add(id, shopper.userId, atMs, page.length, visitPage(world, shopper, page, nthRng(seed, 1000 + number)));
  }
  return onlineTable(tally, arms, 'GBP').rows.at(-1)!;
}

/** Twelve items at random, the same for a user whatever the arm. */
const anything = (_: string, userId: string): number[] => {
  const rng = seededRng([...userId].reduce((hash, c) => (31 * hash + c.charCodeAt(0)) | 0, 7));
  return Array.from({ length: 12 }, () => Math.floor(rng() * ids.length));
};

/** Kolmogorov's statistic of p values against the uniform distribution. */
function kolmogorov(ps: number[]): number {
  const sorted = ps.toSorted((a, b) => a - b);
  return Math.max(...sorted.map((p, i) => Math.max(p - i / sorted.length, (i + 1) / sorted.length - p)));
}

test('A/A weeks come out null: p values of CTR and of GMV are uniform over seeds', () => {
  const seeds = 200;
  const rows = Array.from({ length: seeds }, (_, seed) => week(seed, anything));
  for (const lift of ['ctrLift', 'gmvLift'] as const) {
    const ps = rows.map((row) => row[lift].p!);
    // Kolmogorov's critical value at 0.1 %, 1.95 / √n (Smirnov 1948); seeds are fixed, so this never wavers.
    assert.ok(kolmogorov(ps) < 1.95 / Math.sqrt(seeds), `${lift}: ${kolmogorov(ps)}`);
    const falsePositives = ps.filter((p) => p < 0.05).length;
    assert.ok(falsePositives <= 21, `${lift}: ${falsePositives} of ${seeds}`); // P(X > 21) = 0.0004 of a binomial(200, .05)
  }
});

test('an arm that shows shoppers their own category wins, so the null is not blindness', () => {
  const ownCategory = (arm: string, userId: string): number[] => {
    const liked = userId.startsWith('u') ? Number(userId.slice(1)) % 5 : -1;
    return arm === 'b' && liked >= 0
      ? [...category.keys()].filter((row) => category[row] === liked).slice(0, 12)
      : anything(arm, userId);
  };
  const significant = Array.from({ length: 20 }, (_, seed) => week(seed, ownCategory)).filter(
    ({ ctrLift }) => ctrLift.p! < 0.05 && ctrLift.value! > 0,
  );
  assert.ok(significant.length >= 15, `${significant.length} of 20`);
});
