import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as ort from 'onnxruntime-node';
import { towerFile, towerGraph } from './architecture.ts';
import { openTfjs } from './executors/open.ts';
import { sizeOf } from './graph.ts';
import { normal, seededRng } from './rng.ts';
import type { TowerSettings } from './tower-settings.ts';

const dat: TowerSettings = {
  architecture: 'towers',
  layers: [16, 8, 4],
  userWidth: 6,
  itemWidth: 5,
  augmentedDims: 4,
  loss: 'softmax',
  batch: 8,
  negatives: 6,
  temperature: 0.1,
  learnTemperature: true,
  skip: true,
  mimicUser: 0.5,
  mimicItem: 0.5,
  alignment: 0.1,
  alignmentSquared: false,
  categories: 3,
};

for (const side of ['user', 'item'] as const) {
  test(`the exported ${side} tower gives TensorFlow.js's vectors, for any number of rows`, async () => {
    const tfjs = await openTfjs();
    const params = await (await tfjs.open(towerGraph(dat, side, 1), seededRng(3))).state();
    const exported = await ort.InferenceSession.create(towerFile(dat, side, params));
    for (const n of [1, 3, 50]) {
      const rng = seededRng(n);
      const graph = towerGraph(dat, side, n);
      const feeds = Object.fromEntries(
        graph.inputs.map(({ name, shape }) => [name!, Float32Array.from({ length: sizeOf(shape) }, () => normal(rng))]),
      );
      await using session = await tfjs.open(graph, seededRng(1));
      await session.load(params);
      const { vectors } = await session.run(feeds);
      const tensors = graph.inputs.map(({ name, shape }) => [name!, new ort.Tensor('float32', feeds[name!]!, shape)]);
      const answer = await exported.run(Object.fromEntries(tensors));
      assert.deepEqual(answer.vectors!.dims, [n, 4]);
      (answer.vectors!.data as Float32Array).forEach((x, i) => {
        assert.ok(Math.abs(x - vectors![i]!) < 1e-5);
      });
    }
  });
}
