import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { nthRng } from '@duet/random';
import { makeShop } from '../testing.ts';
import { examination } from '../world/examination.ts';
import { createWorld, type World, worldDefaults } from '../world/world.ts';
import { drawShoppers, type Shopper } from './shoppers.ts';
import { type Act, type ShownItem, visitPage } from './visit.ts';

let world: World;
let shopper: Shopper;
before(() => {
  world = createWorld(makeShop(), 0.1, 1, { ...worldDefaults, checkout: 0.5 });
  shopper = { ...drawShoppers(world, 50, 1)[0]!, clickEase: 3 };
});

const shown = (rows: number[]): ShownItem[] =>
  rows.map((row) => {
    const { ids, priceMinor } = world.heldOut.catalogue;
    return { itemId: ids[row]!, priceMinor: priceMinor[row]! };
  });
const visits = (page: ShownItem[], count: number, who = shopper): Act[][] =>
  Array.from({ length: count }, (_, n) => visitPage(world, who, page, nthRng(7, n)));
const countOf = (acts: Act[][], type: Act['type'], position?: number) =>
  acts.flat().filter((act) => act.type === type && (position === undefined || act.position === position)).length;

describe('a page', () => {
  test('is clicked as the position-based model says: the same item by 1 / place', () => {
    const n = 20_000;
    const acts = visits(shown(new Array(12).fill(0)), n);
    const top = countOf(acts, 'click', 0) / n;
    for (const place of [1, 3, 11]) {
      const expected = top * examination(place);
      const error = 5 * Math.sqrt((expected * (1 - expected)) / n) + 0.05 * expected;
      assert.ok(Math.abs(countOf(acts, 'click', place) / n - expected) < error);
    }
    assert.equal(examination(3), 1 / 4);
  });

  test('earns more clicks with what the shopper likes, at the same places', () => {
    const liked = [...shopper.wanted].slice(0, 5);
    const other = [...world.itemRow.values()].filter((row) => !shopper.basis.includes(row)).slice(0, 5);
    const clicks = (rows: number[]) => countOf(visits(shown(rows), 3000, { ...shopper, clickEase: 0 }), 'click');
    assert.ok(clicks(liked) > 1.5 * clicks(other));
  });

  test('leads from click to basket to order, in that order, and never past a step', () => {
    const acts = visits(shown([0, 1, 2, 3, 4]), 5000);
    for (const visit of acts) {
      for (const { position, type, afterMs } of visit) {
        const before = { click: undefined, cart: 'click', order: 'cart', refund: 'order' }[type];
        if (before === undefined) continue;
        const earlier = visit.find((act) => act.type === before && act.position === position);
        assert.ok(earlier && earlier.afterMs < afterMs, `a ${type} at ${position} without ${before}`);
      }
    }
    const paid = acts.filter((visit) => visit.some(({ type }) => type === 'order')).length;
    const filled = acts.filter((visit) => visit.some(({ type }) => type === 'cart')).length;
    assert.ok(Math.abs(paid / filled - 0.5) < 5 * Math.sqrt(0.25 / filled));
    const refunds = countOf(acts, 'refund') / countOf(acts, 'order');
    assert.ok(Math.abs(refunds - 0.1) < 5 * Math.sqrt(0.09 / countOf(acts, 'order')));
  });

  test('sells lines of whole pieces at the price that was shown', () => {
    const page = shown([0, 1, 2]).map((item) => ({ ...item, priceMinor: 250 }));
    for (const { type, quantity, valueMinor } of visits(page, 2000).flat()) {
      if (type === 'order') assert.equal(valueMinor, quantity! * 250);
      else if (type !== 'refund') assert.equal(valueMinor, undefined);
    }
  });

  test('depends on the price: an item at ten times the price is put in fewer baskets', () => {
    const choosy = createWorld(makeShop({ byPrice: true }), 0, 1);
    const [who] = drawShoppers(choosy, 50, 1);
    const carts = (factor: number) => {
      const page = [{ itemId: 'i0', priceMinor: Math.round(Math.exp(who!.usualLogPrice) * factor) }];
      return Array.from({ length: 3000 }, (_, n) => visitPage(choosy, { ...who!, clickEase: 8 }, page, nthRng(3, n)))
        .flat()
        .filter(({ type }) => type === 'cart').length;
    };
    assert.ok(carts(10) < 0.5 * carts(1));
  });

  test('leaves alone an item that the data do not know, and repeats with its stream', () => {
    const strange = [{ itemId: 'added yesterday', priceMinor: 100 }, ...shown([3])];
    assert.equal(countOf(visits(strange, 500), 'click', 0), 0);
    assert.ok(countOf(visits(strange, 500), 'click', 1) > 0);
    assert.deepEqual(visits(strange, 50), visits(strange, 50));
  });
});
