import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { normal, seededRng } from '@duet/random';
import type { Executor, Values } from '../graph/executor.ts';
import { type Graph, sizeOf } from '../graph/graph.ts';
import { settingsFor } from '../testing/settings-for.ts';
import { trainingGraph } from '../tower-graphs.ts';
import type { GraphSettings } from '../towers/graph-settings.ts';
import { openOnnx, openTfjs } from './open.ts';

const twoTower = settingsFor('dat');
const dat: GraphSettings = { ...twoTower, augmentedDims: 4, mimicUser: 0.5, mimicItem: 0.3, alignment: 0.2 };

const cases: Record<string, GraphSettings> = {
  'two-tower, softmax': twoTower,
  'two-tower, sigmoid': { ...twoTower, loss: 'sigmoid', negatives: 2 },
  'DAT, softmax': dat,
  'DAT, sigmoid': { ...dat, loss: 'sigmoid', negatives: 2 },
  'two-tower, softmax in two tiles of rows': { ...twoTower, batch: 1200, negatives: 100 },
  'FM, softmax': { ...twoTower, kind: 'fm', userWidth: 8, itemWidth: 12 },
  'FM, sigmoid': { ...twoTower, kind: 'fm', userWidth: 8, itemWidth: 12, loss: 'sigmoid', negatives: 2 },
  YouTubeDNN: { ...twoTower, kind: 'youtube-dnn', itemWidth: 4 },
  MIND: { ...twoTower, kind: 'mind', itemWidth: 4, history: 5, interests: 3 },
  'DAT, cross-fitted': { ...dat, crossFit: true },
  'DAT, squared alignment': { ...dat, alignmentSquared: true },
  'two-tower, multi-positive': { ...twoTower, loss: 'multi-positive', negatives: 14 },
  'FM, multi-positive': {
    ...twoTower,
    kind: 'fm',
    userWidth: 8,
    itemWidth: 12,
    loss: 'multi-positive',
    negatives: 14,
  },
  'DAT, cross-fitted, multi-positive': { ...dat, crossFit: true, loss: 'multi-positive', negatives: 14 },
};

function randomFeeds(graph: Graph): Values {
  const rng = seededRng(9);
  const feeds = Object.fromEntries(
    graph.inputs.map(({ name, shape }) => [name!, Float32Array.from({ length: sizeOf(shape) }, () => normal(rng))]),
  );
  if (feeds.own) {
    feeds.own = feeds.own.map((_, at) => (at % 3 === 0 ? 1 : 0));
    feeds.positive = feeds.positive!.map((_, at) => (at % 6 === 0 ? 0.05 : 0));
  }
  if (feeds.itemKey) feeds.itemKey = feeds.itemKey.map((_, i) => i % 11);
  if (feeds.historyLength) feeds.historyLength = feeds.historyLength.map((_, i) => i % 6);
  if (feeds.membership) {
    feeds.membership = feeds.membership.map((_, at) => (Math.floor(at / 3) % 3 === at % 3 ? 1 : 0));
    const counts = [0, 1, 2].map((k) => feeds.membership!.reduce((sum, x, at) => (at % 3 === k ? sum + x : sum), 0));
    feeds.inverseCount = Float32Array.from(counts, (c) => 1 / c);
    feeds.inverseFreedom = Float32Array.from(counts, (c) => 1 / (c - 1));
    feeds.aligned = Float32Array.of(0, 1, 1);
  }
  return feeds;
}

/** Largest difference relative to the largest magnitude of the reference. */
function relativeError(actual: Float32Array, reference: Float32Array): number {
  const scale = Math.max(...reference.map(Math.abs), 1e-6);
  return Math.max(...actual.map((x, i) => Math.abs(x - reference[i]!))) / scale;
}

describe('the executors agree', () => {
  for (const [name, settings] of Object.entries(cases)) {
    test(`on the loss and gradients of ${name} to 1e-4, and train alike`, async () => {
      const run = async (executor: Executor) => {
        const graph = trainingGraph(settings);
        const feeds = randomFeeds(graph);
        await using session = await executor.open(graph, seededRng(5));
        const gradients = await session.gradients(feeds);
        const losses: number[] = [];
        for (let i = 0; i < 3; i++) {
          losses.push((await session.step(feeds, { learningRate: 0.01, weightDecay: 0.01 })).outputs.loss![0]!);
        }
        return { gradients, losses: Float32Array.from(losses) };
      };
      const reference = await run(await openTfjs());
      const onnx = await run(await openOnnx());
      for (const [input, gradient] of Object.entries(reference.gradients)) {
        assert.ok(relativeError(onnx.gradients[input]!, gradient) < 1e-4, `gradient of ${input}`);
      }
      assert.ok(relativeError(onnx.losses.slice(0, 1), reference.losses.slice(0, 1)) < 1e-4);
      // Adam's first steps follow the gradient's sign, so rounding of a near-zero gradient becomes a whole step.
      assert.ok(relativeError(onnx.losses, reference.losses) < 1e-2, `losses ${onnx.losses} ${reference.losses}`);
      // A factorisation machine has embedding rows alone, which move outside the graph.
      const dense = trainingGraph(settings).params.length > 0;
      assert.ok(!dense || onnx.losses[2]! < onnx.losses[0]!, 'training lowers the loss');
    });
  }

  test('a session goes on from its saved state exactly as the first would have', async () => {
    const feeds = randomFeeds(trainingGraph(dat));
    const optimizer = { learningRate: 0.01, weightDecay: 0 };
    const executor = await openOnnx();
    await using first = await executor.open(trainingGraph(dat), seededRng(1));
    await first.step(feeds, optimizer);
    await using second = await executor.open(trainingGraph(dat), seededRng(2));
    await second.load(await first.state());
    const [a, b] = [await first.step(feeds, optimizer), await second.step(feeds, optimizer)];
    assert.deepEqual(a.outputs.loss, b.outputs.loss);
    assert.deepEqual(await first.state(), await second.state());
  });
});
