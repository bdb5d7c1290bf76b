import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRng } from '@duet/random';
import { openOnnx, openTfjs } from '../executors/open.ts';
import { fitEase, scoreByEase } from './ease.ts';
import { invert } from './symmetric.ts';

const within = (actual: number, expected: number, tolerance: number, what = '') =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual} is not within ${tolerance} of ${expected}`);

/** Steck's closed form by a plain dense inverse in double precision: B [items, items]. */
function denseWeights(lists: readonly Int32Array[], items: number, regularisation: number): Float64Array {
  const p = new Float64Array(items * items);
  for (const list of lists) for (const i of list) for (const j of list) p[i * items + j]! += 1;
  for (let i = 0; i < items; i++) p[i * (items + 1)]! += regularisation;
  invert(p, items);
  return p.map((x, at) => {
    const [i, j] = [Math.floor(at / items), at % items];
    return i === j ? 0 : -x / p[j * (items + 1)]!;
  });
}

const executors = { onnx: await openOnnx(1, 'cpu'), tfjs: await openTfjs() };

describe('EASE', () => {
  test('has the weights worked by hand', async () => {
    // Users {0, 1}, {0, 1}, {1}: XᵀX + I = [[3, 2], [2, 4]], P = [[4, −2], [−2, 3]] / 8, B_01 = 2/3, B_10 = 2/4.
    const lists = [Int32Array.of(0, 1), Int32Array.of(0, 1), Int32Array.of(1)];
    const model = await fitEase(executors.onnx, lists, 2, 1, { size: 4 });
    const scores = new Float32Array(2);
    scoreByEase(model, Int32Array.of(0), scores);
    within(scores[0]!, 0, 1e-6);
    within(scores[1]!, 2 / 3, 1e-6);
    scoreByEase(model, Int32Array.of(1), scores);
    within(scores[0]!, 1 / 2, 1e-6);
    within(scores[1]!, 0, 1e-6);
  });

  for (const [name, executor] of Object.entries(executors)) {
    test(`on ${name} has, in blocks, the weights of a plain dense inverse`, async () => {
      const items = 100;
      const rng = seededRng(1);
      const lists = Array.from({ length: 300 }, () =>
        Int32Array.from(new Set(Array.from({ length: 12 }, () => Math.floor(items * rng() ** 2)))),
      );
      const expected = denseWeights(lists, items, 20);
      // Blocks of 16 do not divide 100: the last is filled up.
      const model = await fitEase(executor, lists, items, 20, { size: 16 });
      const scores = new Float32Array(items);
      for (let i = 0; i < items; i++) {
        scoreByEase(model, Int32Array.of(i), scores);
        for (let j = 0; j < items; j++) within(scores[j]!, expected[i * items + j]!, 1e-5, `B[${i}, ${j}]`);
      }
      const [a, b] = [lists[0]!, new Float32Array(items)];
      for (const i of a) for (let j = 0; j < items; j++) b[j]! += expected[i * items + j]!;
      scoreByEase(model, a, scores);
      for (let j = 0; j < items; j++) within(scores[j]!, b[j]!, 1e-5, `a list's score of ${j}`);
    });
  }

  test('says how many items it can take', async () => {
    await assert.rejects(fitEase(executors.onnx, [], 30_000, 1), {
      code: 'bad-input',
      message: /4 GB for 30000 items/,
    });
  });
});
