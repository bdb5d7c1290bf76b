import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Bags } from '@duet/artifact/inputs';
import { seededRng } from '@duet/random';
import { LearningTable } from './learning-table.ts';

const bags: Bags = {
  // Three examples: row 1; the mean of rows 1 and 2; row 0.
  start: Int32Array.of(0, 1, 3, 4),
  row: Int32Array.of(1, 1, 2, 0),
  weight: Float32Array.of(1, 0.5, 0.5, 1),
};
const table = () => new LearningTable(4, 2, Float32Array.of(0, 0, 1, 2, 3, 4, 9, 9));
const near = (actual: ArrayLike<number>, expected: number[]) =>
  expected.forEach((x, i) => {
    assert.ok(Math.abs(actual[i]! - x) < 1e-6, `${i}: ${actual[i]} is not ${x}`);
  });

describe('an embedding table', () => {
  test("adds each bag's rows by weight to its columns", () => {
    const out = new Float32Array(9).fill(7);
    table().pool(bags, out, 3, 1);
    assert.deepEqual([...out], [7, 8, 9, 7, 9, 10, 7, 7, 7]);
  });

  test('merges the gradients of a row before it moves, and touches no other row', () => {
    const t = table();
    t.accumulate(bags, Float32Array.of(1, 0, 2, 4, 0, 0), 2, 0);
    t.apply({ kind: 'adagrad', learningRate: 0.1, decay: 0 });
    // Row 1 sums 1·(1, 0) + ½·(2, 4) = (2, 2), row 2 is (1, 2); Adagrad's first step is the rate times the sign.
    near(t.values, [0, 0, 0.9, 1.9, 2.9, 3.9, 9, 9]);
  });

  test('keeps one sum of squares for each row where memory matters', () => {
    const t = table();
    t.accumulate(bags, Float32Array.of(1, 0, 2, 4, 0, 0), 2, 0);
    t.apply({ kind: 'adagrad-row', learningRate: 0.1, decay: 0 });
    // Row 1's gradient (2, 2) has mean square 4, row 2's (1, 2) 2.5: g / √ of it, times the rate.
    near(t.values, [0, 0, 0.9, 1.9, 3 - 0.1 / Math.sqrt(2.5), 4 - 0.2 / Math.sqrt(2.5), 9, 9]);
  });

  test("takes Adam's step for every touch, by the row's own count of touches", () => {
    const t = table();
    const one = { start: Int32Array.of(0, 1), row: Int32Array.of(2), weight: Float32Array.of(1) };
    const rate = 0.01;
    let [x, m, v] = [3, 0, 0];
    for (let step = 1; step <= 3; step++) {
      const g = step;
      [m, v] = [0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g];
      x -= (rate * (m / (1 - 0.9 ** step))) / (Math.sqrt(v / (1 - 0.999 ** step)) + 1e-8);
      t.accumulate(one, Float32Array.of(g, 0), 2, 0);
      t.apply({ kind: 'adam', learningRate: rate, decay: 0 });
    }
    near(t.values.subarray(4), [x, 4, 9, 9]);
  });

  test('holds more distinct rows in a batch than it first made room for', () => {
    const n = 3000;
    const all = {
      start: Int32Array.from({ length: n + 1 }, (_, i) => i),
      row: Int32Array.from({ length: n }, (_, i) => i),
      weight: new Float32Array(n).fill(1),
    };
    const t = new LearningTable(n, 2).initialise(seededRng(1), 0.1);
    const before = t.values.slice();
    t.accumulate(all, new Float32Array(2 * n).fill(-1), 2, 0);
    t.apply({ kind: 'adagrad', learningRate: 0.5, decay: 0 });
    assert.ok(t.values.every((x, i) => Math.abs(x - before[i]! - 0.5) < 1e-4));
  });
});
