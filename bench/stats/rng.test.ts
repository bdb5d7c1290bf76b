import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stream } from './rng.ts';

test('streams are uniform, repeat, and know nothing of each other', () => {
  const n = 200_000;
  const [one, other, again] = [stream(1, 0), stream(1, 1), stream(1, 0)];
  let [sum, square, product] = [0, 0, 0];
  const tenths = new Array<number>(10).fill(0);
  for (let i = 0; i < n; i++) {
    const [x, y] = [one(), other()];
    assert.equal(again(), x);
    sum += x;
    square += x * x;
    product += (x - 0.5) * (y - 0.5);
    tenths[Math.floor(10 * x)]!++;
  }
  // Five standard errors of a uniform number's mean, second moment, covariance, and of a tenth's share.
  assert.ok(Math.abs(sum / n - 1 / 2) < 5 * Math.sqrt(1 / 12 / n));
  assert.ok(Math.abs(square / n - 1 / 3) < 5 * Math.sqrt(4 / 45 / n));
  assert.ok(Math.abs(product / n) < 5 * (1 / 12 / Math.sqrt(n)));
  for (const count of tenths) assert.ok(Math.abs(count / n - 0.1) < 5 * Math.sqrt(0.09 / n));
});
