import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRng } from '@duet/random';
import { bootstrap, jackknife, meanOf, pairedTest, percentileInterval } from './statistics.ts';

const close = (actual: number, expected: number, relative: number) =>
  assert.ok(Math.abs(actual - expected) <= relative * expected, `${actual} is not ${expected}`);
const deviation = (x: Float64Array) => {
  const mean = x.reduce((a, b) => a + b) / x.length;
  return Math.sqrt(x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / x.length);
};

describe('the bootstrap', () => {
  const rng = seededRng(3);
  const hits = Float64Array.from({ length: 500 }, () => (rng() < 0.2 ? 1 : 0));
  const p = meanOf([hits]);

  test('of a share has the standard error √(p(1 − p)/n), and an interval of 1.96 of them', () => {
    const { means } = bootstrap([[hits]], 4000, 1);
    const error = Math.sqrt((p * (1 - p)) / hits.length);
    close(deviation(means[0]!), error, 0.05);
    const { value, low, high } = percentileInterval(p, means[0]!);
    close(value - low, 1.96 * error, 0.1);
    close(high - value, 1.96 * error, 0.1);
  });

  test('has what the seeds vary by in it', () => {
    // Two seeds, 0.1 apart for every user: resampled pairs of them have the variance (0.05)² / 2.
    const seeds = [new Float64Array(50).fill(0.3), new Float64Array(50).fill(0.4)];
    close(deviation(bootstrap([seeds], 4000, 1).means[0]!), 0.05 / Math.SQRT2, 0.05);
  });

  test('draws the same users for every series, so that a constant difference has no error', () => {
    const better = hits.map((x) => x + 0.01);
    const { means } = bootstrap([[better], [hits]], 1999, 1);
    const { low, high, p: small } = pairedTest(0.01, means[0]!, means[1]!);
    close(low, 0.01, 1e-9);
    close(high, 0.01, 1e-9);
    assert.equal(small, 2 / 2000);
  });

  test('finds no difference between a series and itself', () => {
    const { means } = bootstrap([[hits], [hits]], 500, 1);
    assert.equal(pairedTest(0, means[0]!, means[1]!).p, 1);
  });

  test('rejects a true null hypothesis as often as its level says', () => {
    // 400 pairs of independent shares: 5 % ± 3 · √(.05 · .95 / 400).
    const draw = () => Float64Array.from({ length: 200 }, () => (rng() < 0.3 ? 1 : 0));
    let rejected = 0;
    for (let i = 0; i < 400; i++) {
      const [a, b] = [draw(), draw()];
      const { means } = bootstrap([[a], [b]], 300, i);
      if (pairedTest(meanOf([a]) - meanOf([b]), means[0]!, means[1]!).p < 0.05) rejected += 1;
    }
    assert.ok(Math.abs(rejected / 400 - 0.05) < 3 * Math.sqrt((0.05 * 0.95) / 400), `${rejected} of 400`);
  });
});

test('the jackknife of a mean has the standard error s/√n', () => {
  const rng = seededRng(5);
  const values = Float64Array.from({ length: 4000 }, () => rng());
  const statistic = (users: number[]) => ({ mean: users.reduce((sum, u) => sum + values[u]!, 0) / users.length });
  // Averaged over 20 orders of the same users, as 19 degrees of freedom are few.
  let half = 0;
  for (let shift = 0; shift < 20; shift++) {
    values.sort(() => rng() - 0.5);
    const { low, high } = jackknife(4000, statistic).mean!;
    half += (high - low) / 2 / 20;
  }
  close(half, 2.093 * Math.sqrt(1 / 12 / 4000), 0.15);
});
