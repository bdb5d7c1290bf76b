import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { normal, seededRng } from '@duet/random';
import { openTfjs } from '../executors/open.ts';
import type { Values } from '../graph/executor.ts';
import { sizeOf } from '../graph/graph.ts';
import { settingsFor } from '../testing/settings-for.ts';
import { towerGraph, trainingGraph } from '../tower-graphs.ts';

const [n, length, k, d, userWidth] = [5, 6, 3, 2, 3];
const s = settingsFor('mind', {
  layers: [4, d],
  skip: false,
  history: length,
  interests: k,
  itemWidth: d,
  userWidth,
  batch: n,
});
const historyLengths = [0, 1, 3, 4, 6];
const executor = await openTfjs();

function randomValues(shapes: { name?: string; shape: readonly number[] }[], seed: number): Values {
  const rng = seededRng(seed);
  return Object.fromEntries(
    shapes.map(({ name, shape }) => [name!, Float32Array.from({ length: sizeOf(shape) }, () => normal(rng))]),
  );
}

/** Algorithm 1 of the paper and the H-layers for one user, interest by interest in plain loops. */
function interestsOf(features: number[], items: number[][], params: Values): number[][] {
  const rng = seededRng(2019);
  const logits = Array.from({ length }, () => Array.from({ length: k }, () => normal(rng)));
  const count = Math.max(1, Math.min(k, Math.floor(Math.log2(items.length || 1))));
  const map = params['user/routing']!;
  const mapped = items.map((e) =>
    Array.from({ length: d }, (_, to) => e.reduce((sum, x, from) => sum + x * map[from * d + to]!, 0)),
  );
  let capsules: number[][] = [];
  for (let iteration = 0; iteration < s.routings; iteration++) {
    const couplings = mapped.map((_, i) => {
      const powers = logits[i]!.slice(0, count).map(Math.exp);
      return powers.map((x) => x / powers.reduce((a, b) => a + b));
    });
    capsules = Array.from({ length: count }, (_, j) => {
      const z = Array.from({ length: d }, (_, at) => mapped.reduce((sum, e, i) => sum + couplings[i]![j]! * e[at]!, 0));
      const norm = Math.hypot(...z);
      return z.map((x) => (norm === 0 ? 0 : ((norm * norm) / (1 + norm * norm)) * (x / norm)));
    });
    mapped.forEach((e, i) => {
      capsules.forEach((u, j) => {
        logits[i]![j]! += e.reduce((sum, x, at) => sum + x * u[at]!, 0);
      });
    });
  }
  const layer = (x: number[], i: number, relu: boolean) =>
    Array.from(params[`user/b${i}`]!, (bias, to) => {
      const w = params[`user/w${i}`]!;
      const y = x.reduce((sum, value, from) => sum + value * w[from * params[`user/b${i}`]!.length + to]!, bias);
      return relu ? Math.max(0, y) : y;
    });
  const found = capsules.map((u) => layer(layer([...u, ...features], 0, true), 1, false));
  return found.map((v) => v.map((x) => x / Math.hypot(...v)));
}

describe('MIND', () => {
  const graph = towerGraph(s, 'user', n);
  const feeds = randomValues(graph.inputs, 1);
  feeds.historyLength = Float32Array.from(historyLengths);
  const params = randomValues(graph.params, 2);

  test('finds the interests of algorithm 1, as many as the history tells apart, and repeats the first for the rest', async () => {
    await using session = await executor.open(graph, seededRng(1));
    await session.load(params);
    const { vectors } = await session.run(feeds);
    historyLengths.forEach((count, user) => {
      const place = (i: number) => (user * length + i) * s.itemWidth;
      const items = Array.from({ length: count }, (_, i) =>
        Array.from({ length: d }, (_, at) => feeds.history![place(i) + at]!),
      );
      const features = [...feeds.user!.subarray(user * userWidth, (user + 1) * userWidth)];
      const expected = interestsOf(features, items, params);
      assert.equal(expected.length, [1, 1, 1, 2, 2][user]);
      for (let j = 0; j < k; j++) {
        for (let at = 0; at < d; at++) {
          const actual = vectors![(user * k + j) * d + at]!;
          assert.ok(Math.abs(actual - (expected[j] ?? expected[0]!)[at]!) < 1e-5, `user ${user}, interest ${j}`);
        }
      }
    });
  });

  test("has its own finite differences' gradient where nothing is held constant: one iteration of routing", async () => {
    const training = trainingGraph({ ...s, routings: 1, temperature: 1 });
    const all: Values = { ...randomValues(training.inputs, 3), historyLength: feeds.historyLength! };
    all.itemKey = all.itemKey!.map((_, i) => i);
    await using session = await executor.open(training, seededRng(4));
    const gradients = await session.gradients(all);
    for (const name of ['user', 'history', 'item']) {
      for (let i = 0; i < all[name]!.length; i += 7) {
        const at = async (delta: number) => {
          const moved = all[name]!.slice();
          moved[i]! += delta;
          return (await session.run({ ...all, [name]: moved })).loss![0]!;
        };
        const numeric = ((await at(1e-2)) - (await at(-1e-2))) / 2e-2;
        assert.ok(Math.abs(gradients[name]![i]! - numeric) < 5e-3, `${name}[${i}]: ${gradients[name]![i]} ${numeric}`);
      }
    }
  });

  test('lets nothing beyond the end of a history into a vector', async () => {
    await using session = await executor.open(graph, seededRng(1));
    await session.load(params);
    const before = await session.run(feeds);
    const history = feeds.history!.map((x, at) => {
      const [user, place] = [Math.floor(at / (length * s.itemWidth)), Math.floor(at / s.itemWidth) % length];
      return place < historyLengths[user]! ? x : x + 9;
    });
    const after = await session.run({ ...feeds, history });
    assert.deepEqual(after.vectors, before.vectors);
  });
});
