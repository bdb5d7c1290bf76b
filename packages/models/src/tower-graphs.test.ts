import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { normal, seededRng } from '@duet/random';
import * as ort from 'onnxruntime-node';
import { openTfjs } from './executors/open.ts';
import { sizeOf } from './graph/graph.ts';
import { settingsFor } from './testing/settings-for.ts';
import { towerFile, towerGraph, vectorDims, vectorsPerUser } from './tower-graphs.ts';

const cases = {
  DAT: settingsFor('dat', { augmentedDims: 4 }),
  'DAT to the letter': settingsFor('dat', { augmentedDims: 4, skip: false, outputRelu: true }),
  FM: settingsFor('fm', { userWidth: 8, itemWidth: 12 }),
  YouTubeDNN: settingsFor('youtube-dnn', { itemWidth: 4 }),
  MIND: settingsFor('mind', { itemWidth: 4 }),
};

describe("an exported side gives TensorFlow.js's vectors for any number of rows", () => {
  for (const [name, settings] of Object.entries(cases)) {
    for (const side of ['user', 'item'] as const) {
      test(`${name}, ${side}`, async () => {
        const tfjs = await openTfjs();
        const params = await (await tfjs.open(towerGraph(settings, side, 1), seededRng(3))).state();
        const exported = await ort.InferenceSession.create(towerFile(settings, side, params));
        const width = vectorDims(settings) * (side === 'user' ? vectorsPerUser(settings) : 1);
        for (const n of [1, 3, 50]) {
          const rng = seededRng(n);
          const graph = towerGraph(settings, side, n);
          const feeds = Object.fromEntries(
            graph.inputs.map(({ name: input, shape }) => [
              input!,
              Float32Array.from({ length: sizeOf(shape) }, () => normal(rng)),
            ]),
          );
          if (feeds.historyLength) feeds.historyLength = feeds.historyLength.map((_, i) => i % 6);
          await using session = await tfjs.open(graph, seededRng(1));
          await session.load(params);
          const { vectors } = await session.run(feeds);
          const tensors = graph.inputs.map(({ name: input, shape }) => [
            input!,
            new ort.Tensor('float32', feeds[input!]!, shape),
          ]);
          const answer = await exported.run(Object.fromEntries(tensors));
          assert.deepEqual(answer.vectors!.dims, [n, width]);
          (answer.vectors!.data as Float32Array).forEach((x, i) => {
            assert.ok(Math.abs(x - vectors![i]!) < 1e-5, `${x} ${vectors![i]}`);
          });
        }
      });
    }
  }
});
