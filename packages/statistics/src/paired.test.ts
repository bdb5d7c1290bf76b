import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normal, seededRng } from '@duet/random';
import { pairedBootstrap } from './paired.ts';

test('what both figures share with a user cancels', () => {
  const rng = seededRng(1);
  const taste = Array.from({ length: 400 }, () => 10 * normal(rng));
  const better = taste.map((x) => x + 0.1 + 0.01 * normal(rng));
  const { value, low, high } = pairedBootstrap(better, taste, { rng });
  assert.ok(low > 0.098 && high < 0.102 && low < value && value < high, `${low} ${value} ${high}`);
});

test('its interval covers the true difference about as often as it says', () => {
  const rng = seededRng(2);
  let covered = 0;
  for (let run = 0; run < 200; run++) {
    const b = Array.from({ length: 100 }, () => normal(rng));
    const a = b.map((x) => x + 0.5 + normal(rng));
    const { low, high } = pairedBootstrap(a, b, { rng, replicates: 400, level: 0.9 });
    if (low <= 0.5 && 0.5 <= high) covered += 1;
  }
  // 200 intervals of 90 %: 180 expected, standard deviation 4.2.
  assert.ok(covered >= 163 && covered <= 196, `${covered} of 200`);
});

test('lists of different lengths are refused', () => {
  assert.throws(() => pairedBootstrap([1, 2], [1], { rng: seededRng(1) }), RangeError);
  assert.throws(() => pairedBootstrap([], [], { rng: seededRng(1) }), RangeError);
});
