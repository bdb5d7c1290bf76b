import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ServedDataset } from '../dataset.ts';
import { Activity, daySeconds, type ListData } from './activity.ts';
import { boughtTogether } from './bought-together.ts';
import { buyAgain, usualInterval } from './buy-again.ts';
import { newestItems } from './new-arrivals.ts';
import { popularIn, trendingIn } from './popular.ts';
import { recentlyViewed } from './recently-viewed.ts';

const now = 1_900_000_000;

/** A dataset of purchases [user, item, days ago], with what lists read of it. */
function shopOf(
  items: number,
  purchases: [number, number, number][],
  { timed = true, listedAt = [] as number[] } = {},
) {
  const users = Math.max(...purchases.map(([user]) => user)) + 1;
  const rows = purchases.toSorted((a, b) => a[0] - b[0] || b[2] - a[2]);
  const userStart = new Int32Array(users + 1);
  for (const [user] of rows) for (let u = user; u < users; u++) userStart[u + 1]!++;
  const popularity = new Int32Array(items);
  for (const [, item] of rows) popularity[item]!++;
  const ids = Array.from({ length: items }, (_, i) => `i${i}`);
  return {
    timed,
    userStart,
    userRow: new Map(Array.from({ length: users }, (_, u) => [`u${u}`, u])),
    facts: { popularity },
    catalogue: {
      ids,
      rowOf: new Map(ids.map((id, i) => [id, i])),
      listedAt: Float64Array.from(ids, (_, i) => listedAt[i] ?? Number.NaN),
    },
    interactions: {
      items: ids,
      user: Int32Array.from(rows, ([user]) => user),
      item: Int32Array.from(rows, ([, item]) => item),
      time: Float64Array.from(rows, ([, , ago]) => now - ago * daySeconds),
      users: Array.from({ length: users }, (_, u) => `u${u}`),
      weight: new Float32Array(rows.length).fill(1),
      valueMinor: new Float64Array(rows.length),
    },
  } satisfies ListData & Pick<ServedDataset, 'userRow'>;
}
const rowsOf = (found: readonly { item: number }[]) => found.map(({ item }) => item);
const times = (count: number, purchase: [number, number, number]) => Array.from({ length: count }, () => purchase);

describe('lists', () => {
  test('popular counts the time that is asked for, and what happened since the data', () => {
    const shop = shopOf(4, [...times(9, [0, 0, 20]), ...times(3, [1, 1, 2]), ...times(2, [2, 2, 0])]);
    assert.deepEqual(rowsOf(popularIn(shop, undefined, 'day')), [2]);
    assert.deepEqual(rowsOf(popularIn(shop, undefined, 'week')), [1, 2]);
    assert.deepEqual(rowsOf(popularIn(shop, undefined, 'month')), [0, 1, 2]);
    const live = new Activity();
    for (let order = 0; order < 5; order++) live.add('i3', now + 7_200, 1);
    assert.deepEqual(rowsOf(popularIn(shop, live, 'week')), [3, 1, 2]);
    assert.deepEqual(rowsOf(popularIn(shop, live, 'all')), [0, 3, 1, 2]);
  });

  test('popular of all times needs no clock, and of a week finds nothing without one', () => {
    const shop = shopOf(2, times(3, [0, 1, 0]), { timed: false });
    assert.deepEqual(rowsOf(popularIn(shop, undefined, 'all')), [1]);
    assert.deepEqual(popularIn(shop, undefined, 'week'), []);
  });

  test('trending is what sells more than it did, not what always sells most', () => {
    const shop = shopOf(3, [
      // The best seller, as ever; a riser; one that falls.
      ...Array.from({ length: 35 }, (_, day) => times(10, [0, 0, day])).flat(),
      ...times(3, [1, 1, 20]),
      ...times(12, [1, 1, 3]),
      ...times(30, [2, 2, 20]),
      ...times(1, [2, 2, 1]),
    ]);
    const trending = trendingIn(shop, undefined, 'week');
    assert.equal(trending[0]!.item, 1);
    assert.ok(!rowsOf(trending).includes(2));
    // Expected: its share of the four weeks before, one purchase added to each item, of this week's 83.
    const expected = (83 * (3 + 1)) / (280 + 3 + 30 + 3);
    assert.ok(Math.abs(trending[0]!.score - (12 * Math.log(12 / expected) - (12 - expected))) < 1e-9);
  });

  test('new is by the day of listing, or of the first purchase of what came with the first import', () => {
    const purchases: [number, number, number][] = [
      [0, 0, 300],
      [0, 1, 4],
      [0, 2, 2],
      [1, 2, 9],
    ];
    const imported = now - 100 * daySeconds;
    const listedAt = [imported, imported, imported, imported, now - daySeconds];
    assert.deepEqual(rowsOf(newestItems(shopOf(5, purchases, { listedAt }))), [4, 1, 2, 0]);
  });

  test('bought together is what shares baskets more than chance, however popular the rest is', () => {
    const purchases: [number, number, number][] = [];
    // Item 0 and 1 always together, 3 in every basket, 2 alone.
    for (let day = 0; day < 40; day++) {
      purchases.push([day, 3, day]);
      if (day % 4 === 0) purchases.push([day, 0, day], [day, 1, day]);
      else purchases.push([day, 2, day]);
    }
    const shop = shopOf(4, purchases);
    assert.deepEqual(rowsOf(boughtTogether(shop, [0])), [1]);
    const { score } = boughtTogether(shop, [0])[0]!;
    // 10 of 40 baskets each have both, where chance would give 2.5.
    assert.ok(Math.abs(score - 10 * Math.log(15 / 7.5)) < 1e-9);
    assert.deepEqual(boughtTogether(shop, [0, 1]), []);
  });

  test('bought together needs two baskets', () => {
    assert.deepEqual(
      boughtTogether(
        shopOf(3, [
          [0, 0, 1],
          [0, 1, 1],
          [1, 2, 5],
        ]),
        [0],
      ),
      [],
    );
  });

  test('buy again puts what is due first, by the item’s usual interval', () => {
    const monthly = Array.from({ length: 12 }, (_, month): [number, number, number] => [0, 0, month * 30]);
    const yearly = Array.from({ length: 6 }, (_, year): [number, number, number] => [1, 1, year * 360]);
    const shop = shopOf(2, [...monthly, ...yearly]);
    assert.ok(usualInterval(shop, 0) > 30 && usualInterval(shop, 0) < 80);
    assert.ok(usualInterval(shop, 1) > 3 * usualInterval(shop, 0));
    const at = now - 40 * daySeconds;
    const again = buyAgain(
      shop,
      [
        { item: 1, at },
        { item: 0, at },
      ],
      now,
    );
    assert.deepEqual(rowsOf(again), [0, 1]);
    assert.ok(Math.abs(again[0]!.score - (1 - Math.exp(-40 / usualInterval(shop, 0)))) < 1e-9);
  });

  test('recently viewed is the newest first, without what was bought since', () => {
    const none = { disliked: new Set<string>(), shown: new Map<string, number>() };
    const recent = { items: ['i0', 'i2', 'i1'], ordered: new Set(['i2']), ...none, version: 1 };
    assert.deepEqual(rowsOf(recentlyViewed(shopOf(3, [[0, 0, 1]]), 'u0', recent)), [1, 0]);
  });
});
