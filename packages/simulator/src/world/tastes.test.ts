import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeShop } from '../testing.ts';
import { fitTastes, liking } from './tastes.ts';

const everything = (n: number) => Int32Array.from({ length: n }, (_, i) => i);
const average = (values: Iterable<number>) => {
  const all = [...values];
  return all.reduce((sum, value) => sum + value, 0) / all.length;
};

test('likings are normal scores: the catalogue’s middle is 0, and none is more than its rank allows', () => {
  const { unseen, catalogue } = makeShop();
  const tastes = fitTastes(unseen, catalogue.ids.length);
  const user = unseen.findIndex((list) => list.length >= 10);
  const z = liking(tastes, { basis: unseen[user]!, wanted: new Int32Array() }, everything(catalogue.ids.length));
  assert.ok(Math.abs(average(z)) < 0.05);
  assert.ok(Math.max(...z) <= 2.81); // Φ⁻¹(1 − ½ / 200), from scipy.stats.norm.ppf(0.9975) = 2.8070
});

test('what a shopper wants comes first, then what goes with what they bought', () => {
  const { unseen, catalogue } = makeShop();
  const tastes = fitTastes(unseen, catalogue.ids.length);
  const user = unseen.findIndex((list) => list.length >= 10);
  const z = liking(tastes, { basis: unseen[user]!, wanted: unseen[user]! }, everything(catalogue.ids.length));
  const bought = new Set(unseen[user]);
  const rest = [...z.keys()].filter((item) => !bought.has(item));
  assert.ok(Math.min(...[...bought].map((item) => z[item]!)) > Math.max(...rest.map((item) => z[item]!)));
  const likedCategory = user % 5;
  const ofCategory = (c: number) =>
    average(rest.filter((item) => catalogue.category[item] === c).map((item) => z[item]!));
  for (const other of [0, 1, 2, 3, 4].filter((c) => c !== likedCategory))
    assert.ok(ofCategory(likedCategory) > ofCategory(other) + 0.3);
});

test('items that are liked alike share the middle of their ranks', () => {
  const tastes = fitTastes([Int32Array.of(0, 1), Int32Array.of(0, 1)], 4);
  const [first, second, third, fourth] = liking(
    tastes,
    { basis: Int32Array.of(0), wanted: new Int32Array() },
    [0, 1, 2, 3],
  );
  assert.ok(second! > first!, 'what others bought with it is liked more than the thing itself again');
  assert.equal(third, fourth);
});
