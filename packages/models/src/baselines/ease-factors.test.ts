import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRng } from '@duet/random';
import { openOnnx, openTfjs } from '../executors/open.ts';
import { type EaseModel, fitEase, scoreByEase } from './ease.ts';
import { type EaseFactors, easeFactors } from './ease-factors.ts';
import { principalAxes } from './symmetric.ts';

const items = 60;
const rng = seededRng(1);
const lists = Array.from({ length: 200 }, () =>
  Int32Array.from(new Set(Array.from({ length: 12 }, () => Math.floor(items * rng() ** 2)))),
);

/** What EASE, and what its factors, give each user's items [users, items]. */
const easeScores = (model: EaseModel): Float32Array[] =>
  lists.map((list) => {
    const scores = new Float32Array(items);
    scoreByEase(model, list, scores);
    return scores;
  });
const factorScores = ({ rank, history, item }: EaseFactors): Float32Array[] =>
  lists.map((list) => {
    const user = new Float64Array(rank);
    for (const i of list) for (let d = 0; d < rank; d++) user[d]! += history[i * rank + d]!;
    return Float32Array.from({ length: items }, (_, j) =>
      user.reduce((sum, value, d) => sum + value * item[j * rank + d]!, 0),
    );
  });
const squaredDifference = (a: Float32Array[], b: Float32Array[]) =>
  a.reduce((sum, row, u) => sum + row.reduce((s, x, j) => s + (x - b[u]![j]!) ** 2, 0), 0);

const executors = { onnx: await openOnnx(1, 'cpu'), tfjs: await openTfjs() };

describe("EASE's factors", () => {
  for (const [name, executor] of Object.entries(executors)) {
    test(`on ${name} score as EASE does where there are as many dimensions as items`, async () => {
      // Blocks of 16 do not divide 60: the last is filled up.
      const model = await fitEase(executor, lists, items, 20, { size: 16 });
      const scores = factorScores(await easeFactors(executor, model, lists, items, seededRng(2)));
      const expected = easeScores(model);
      for (const [u, row] of scores.entries()) {
        row.forEach((score, j) => {
          assert.ok(Math.abs(score - expected[u]![j]!) < 1e-4, `${u}, ${j}: ${score}, not ${expected[u]![j]}`);
        });
      }
    });

    test(`on ${name} of a low rank come as near as any can: what is left are the smallest eigenvalues`, async () => {
      const model = await fitEase(executor, lists, items, 20, { size: 16 });
      const expected = easeScores(model);
      const products = new Float64Array(items * items);
      for (const row of expected) {
        for (let i = 0; i < items; i++) for (let j = 0; j < items; j++) products[i * items + j]! += row[i]! * row[j]!;
      }
      principalAxes(products, items);
      const eigenvalues = Array.from({ length: items }, (_, i) => products[i * (items + 1)]!).sort((a, b) => b - a);
      for (const rank of [1, 8, 20]) {
        const factors = await easeFactors(executor, model, lists, rank, seededRng(2), { iterations: 60 });
        const best = eigenvalues.slice(rank).reduce((sum, value) => sum + value, 0);
        const left = squaredDifference(factorScores(factors), expected);
        assert.ok(left >= best * (1 - 1e-3) && left <= best * 1.02, `rank ${rank}: ${left} is left, ${best} at best`);
        const few = await easeFactors(executor, model, lists, rank, seededRng(2));
        const leftEarly = squaredDifference(factorScores(few), expected);
        assert.ok(leftEarly <= best * 1.1, `rank ${rank}: ${leftEarly} is left after as many iterations as usual`);
      }
    });
  }

  test('have nothing in dimensions that no score needs', async () => {
    const alike = Array.from({ length: 5 }, () => Int32Array.of(0, 1));
    const model = await fitEase(executors.tfjs, alike, 4, 1, { size: 4 });
    // XB has one row, again and again: (b, b, 0, 0).
    const { history, item } = await easeFactors(executors.tfjs, model, alike, 4, seededRng(2));
    for (const row of [0, 1]) assert.ok(Math.abs(Math.abs(item[4 * row]!) - Math.SQRT1_2) < 1e-5, String(item));
    for (const [at, value] of [...history.entries(), ...item.entries()]) {
      if (at % 4 > 0) assert.equal(value, 0, `of dimension ${at % 4}`);
    }
  });
});
