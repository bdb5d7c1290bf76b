import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type GraphSettings, graphSettings, openTfjs, presets, towerGraph, trainingGraph } from '@duet/models';
import { normal, seededRng } from '@duet/random';
import { startAsIdentity } from './identity-start.ts';

const feature = (name: string, offset: number, dims: number) => ({ name, table: name, offset, dims });
const space = {
  user: [feature('country', 0, 2), feature('history', 2, 4), feature('history', 6, 4)],
  item: [feature('item_id', 0, 4), feature('category', 4, 2)],
  userWidth: 10,
};
const settings = { ...presets.best, layers: [8, 4], idDims: 4, augmentedDims: 0, batch: 2, negatives: 2 };
const model: GraphSettings = graphSettings('two-tower', settings, { userWidth: 10, itemWidth: 6 });

/** Vectors of one side's features, one row an example, by towers as they start. */
async function vectorsOf(side: 'user' | 'item', features: number[][], started = true) {
  const executor = await openTfjs();
  await using training = await executor.open(trainingGraph(model), seededRng(3));
  const dense = await training.state();
  await using tower = await executor.open(towerGraph(model, side, features.length), seededRng(4));
  await tower.load(started ? startAsIdentity(dense, space, settings) : dense);
  const { vectors } = await tower.run({ [side]: Float32Array.from(features.flat()) });
  return features.map((_, i) => [...vectors!.subarray(4 * i, 4 * (i + 1))]);
}

const unit = (x: number[]) => x.map((value) => value / Math.hypot(...x));
const close = (actual: number[], expected: number[]) =>
  actual.forEach((value, i) => {
    assert.ok(Math.abs(value - expected[i]!) < 1e-5, `${actual} is not ${expected}`);
  });

test('a user starts as the mean of the views of the history, an item as its id', async () => {
  const rng = seededRng(1);
  const draw = () => Array.from({ length: 4 }, () => normal(rng));
  const [first, second, id] = [draw(), draw(), draw()];
  const [user] = await vectorsOf('user', [[3, -2, ...first, ...second]]);
  close(user!, unit(first.map((value, i) => (value + second[i]!) / 2)));
  const [item] = await vectorsOf('item', [[...id, 0, 0]]);
  close(item!, unit(id));
});

test('what else is known of an item has its part from the start', async () => {
  const [plain, other] = await vectorsOf('item', [
    [1, 0, 0, 0, 0, 0],
    [1, 0, 0, 0, 1, 0],
  ]);
  assert.ok(Math.hypot(...plain!.map((value, i) => value - other![i]!)) > 0.01);
});

test('nothing changes where ids are not as wide as vectors, or there is no linear path or no history', async () => {
  const executor = await openTfjs();
  await using session = await executor.open(trainingGraph(model), seededRng(3));
  const dense = await session.state();
  for (const [where, how] of [
    [space, { ...settings, idDims: 3 }],
    [space, { ...settings, skip: false }],
    [{ ...space, user: space.user.slice(0, 1) }, settings],
  ] as const) {
    assert.deepEqual(startAsIdentity(structuredClone(dense), where, how), dense);
  }
});
