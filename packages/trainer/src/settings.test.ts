import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { resolveSettings } from './settings.ts';

describe('settings', () => {
  test('come from the preset, then the kind, then the caller', () => {
    assert.equal(resolveSettings('dat', 'paper', {}).augmentedDims, 32);
    assert.equal(resolveSettings('two-tower', 'paper', {}).augmentedDims, 0);
    assert.equal(resolveSettings('dat', 'paper', { epochs: 2 }).epochs, 2);
  });

  test('name what is unknown, and what there is', () => {
    assert.throws(() => resolveSettings('dat', 'fast', { epoch: 2 }), /field epoch: .*The settings are epochs, batch/);
    assert.throws(() => resolveSettings('dat', 'slow', {}), /no preset "slow".*paper, fast, best/);
    assert.throws(() => resolveSettings('popularity', 'fast', {}), /"popularity" is not a model that can be trained/);
    assert.throws(() => resolveSettings('dat', 'fast', { epochs: 0 }), /field epochs/);
  });

  test('refuse augmented vectors that cannot mimic a tower', () => {
    assert.throws(() => resolveSettings('dat', 'fast', { augmentedDims: 16 }), /augmentedDims is 16.*end in 32/);
  });
});
