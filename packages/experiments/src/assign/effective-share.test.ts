import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AssignableExperiment } from './assign-user.ts';
import { effectiveShares } from './effective-share.ts';

const experiment = (seed: string, other: Partial<AssignableExperiment> = {}): AssignableExperiment => ({
  ...{ datasetId: 'shop', holdout: 0, seed, phase: 1, trafficShare: 1, simulated: false },
  ...{ layer: null, layerFrom: null, layerTo: null },
  settings: { targeting: [], overrides: {} },
  arms: [
    { name: 'control', weight: 0.5, position: 0 },
    { name: 'new', weight: 0.5, position: 1 },
  ],
  ...other,
});

/** Of 10,000 users drawn, four standard deviations of a share are below .02. */
const isNear = (actual: number[], expected: number[]) => {
  for (const [i, share] of expected.entries())
    assert.ok(Math.abs(actual[i]! - share) < 0.02, `${actual} ≠ ${expected}`);
};

test('who comes after an experiment that takes everybody gets exactly nobody', () => {
  assert.deepEqual(effectiveShares([experiment('first'), experiment('second')]), [1, 0]);
});

test('shares are dealt out one after another: (1 − holdout) × traffic × what is left', () => {
  const at = (seed: string, trafficShare: number) => experiment(seed, { trafficShare, holdout: 0.1 });
  isNear(effectiveShares([at('a', 0.5), at('b', 0.5), at('c', 1)]), [0.9 * 0.5, 0.9 * 0.25, 0.9 * 0.25]);
});

test('experiments of one layer take nothing from each other', () => {
  const slice = (seed: string, layerFrom: number, layerTo: number) =>
    experiment(seed, { layer: 'ranking', layerFrom, layerTo });
  isNear(effectiveShares([slice('a', 0, 4000), slice('b', 4000, 10_000)]), [0.4, 0.6]);
});

test('a targeting may meet anybody, and leaves everybody to those after it', () => {
  const targeted = experiment('a', {
    settings: { targeting: [{ attribute: 'device', in: ['phone'] }], overrides: {} },
  });
  assert.deepEqual(effectiveShares([targeted, experiment('b')]), [1, 1]);
});
