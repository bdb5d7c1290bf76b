import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRng } from '@duet/random';
import { gammaOfMeanOne, place, poisson, waiting } from './shopper-draws.ts';

const n = 40_000;
const moments = (draw: () => number) => {
  const values = Array.from({ length: n }, draw);
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1) };
};
const near = (actual: number, expected: number, within: number) =>
  assert.ok(Math.abs(actual - expected) < within, `${actual}, not ${expected} ± ${within}`);

test('gamma numbers have mean 1 and variance 1 / shape, also below shape 1', () => {
  for (const shape of [0.2, 0.8, 1, 7]) {
    const rng = seededRng(shape * 10);
    const { mean, variance } = moments(() => gammaOfMeanOne(rng, shape));
    near(mean, 1, 5 * Math.sqrt(1 / shape / n));
    // The fourth central moment over the squared variance is 3 + 6 / shape.
    near(variance, 1 / shape, (5 / shape) * Math.sqrt((2 + 6 / shape) / n));
  }
});

test('Poisson numbers have their mean as variance', () => {
  for (const expected of [0, 0.3, 4, 70]) {
    const rng = seededRng(3);
    const { mean, variance } = moments(() => poisson(rng, expected));
    near(mean, expected, 5 * Math.sqrt(expected / n) + 1e-12);
    near(variance, expected, 5 * Math.sqrt((expected + 2 * expected ** 2) / n) + 1e-12);
  }
});

test('waiting times are exponential, and places come by their weight', () => {
  const rng = seededRng(5);
  const { mean, variance } = moments(() => waiting(rng, 3));
  near(mean, 3, 5 * (3 / Math.sqrt(n)));
  near(variance, 9, 9 * 5 * Math.sqrt(8 / n));
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < n; i++) counts[place(rng, [1, 0, 2, 5])]!++;
  assert.equal(counts[1], 0);
  [1, 0, 2, 5].forEach((weight, i) => {
    near(counts[i]! / n, weight / 8, 5 * Math.sqrt(0.25 / n));
  });
});
