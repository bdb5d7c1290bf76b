import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { modelKinds } from './registry.ts';
import { recordedSettings, resolveSettings, settingsOfKind } from './resolve-settings.ts';
import type { Preset } from './settings/setting.ts';
import type { TrainingSettings } from './settings/tower.ts';

describe('settings', () => {
  test('come from the preset, then the kind, then the caller', () => {
    const resolved = (...asked: Parameters<typeof resolveSettings>): Record<string, unknown> =>
      resolveSettings(...asked);
    assert.equal(resolved('dat', 'paper', {}).augmentedDims, 32);
    assert.equal(resolved('two-tower', 'paper', {}).augmentedDims, 0);
    assert.equal(resolved('dat', 'paper', { epochs: 2 }).epochs, 2);
    assert.equal(resolved('wals', 'paper', {}).unobservedWeight, 1 / 40);
    assert.deepEqual(resolved('item-knn', 'best', { shrinkage: 10 }), { neighbours: 50, shrinkage: 10 });
  });

  test('are the paper to the letter in `paper`: its λ, norm, last ReLU and widths, and no temperature', () => {
    const of = (preset: string) => resolveSettings('dat', preset, {}) as TrainingSettings;
    const letter = {
      ...{ layers: [256, 128, 32], outputRelu: true, featureDims: 32, augmentedDims: 32, temperature: 1, history: 0 },
      ...{ mimicUser: 0.5, mimicItem: 0.5, alignment: 1, alignmentSquared: true, loss: 'sigmoid', batch: 256 },
    };
    assert.deepEqual({ ...of('paper'), ...letter }, of('paper'));
    assert.deepEqual(
      [of('adapted').temperature, of('adapted').outputRelu, of('adapted').alignment],
      [0.2, false, 0.001],
    );
    // A model from before the setting had none.
    assert.equal(recordedSettings('dat').parse({ ...of('adapted'), outputRelu: undefined }).outputRelu, false);
  });

  test('are described, and fit their own schema, for every kind and preset', () => {
    for (const { kind } of modelKinds) {
      const { schema, presets } = settingsOfKind(kind);
      for (const [name, { description }] of Object.entries<{ description?: string | undefined }>(schema.shape)) {
        assert.ok(description, `${kind}: ${name}`);
      }
      for (const preset of Object.keys(presets)) {
        assert.deepEqual(resolveSettings(kind, preset, {}), presets[preset as Preset], `${kind} ${preset}`);
      }
    }
  });

  test('of parts that a model does not have are unknown to it, and what it cannot do without is asked for', () => {
    assert.throws(() => resolveSettings('fm', 'fast', { layers: [8] }), /field layers: .*settings of fm are epochs/);
    assert.throws(() => resolveSettings('mind', 'fast', { augmentedDims: 32 }), /field augmentedDims/);
    assert.throws(() => resolveSettings('two-tower', 'fast', { interests: 2 }), /field interests/);
    assert.throws(() => resolveSettings('mind', 'fast', { history: 0 }), /field history: .*last items/);
    assert.throws(() => resolveSettings('youtube-dnn', 'best', { userIds: true }), /field userIds/);
  });

  test('start from the identity, with what EASE says beside them, in `best`: towers alone', () => {
    for (const { kind, family } of modelKinds) {
      if (family !== 'tower') continue;
      const { identityStart, itemItemWeight } = resolveSettings(kind, 'best', {}) as TrainingSettings;
      assert.equal(identityStart, ['two-tower', 'dat'].includes(kind), kind);
      assert.equal(itemItemWeight > 0, ['two-tower', 'dat'].includes(kind), kind);
    }
  });

  test('name what is unknown, and what there is', () => {
    assert.throws(
      () => resolveSettings('dat', 'fast', { epoch: 2 }),
      /field epoch: .*settings of dat are epochs, batch/,
    );
    assert.throws(() => resolveSettings('ials', 'fast', { epochs: 2 }), /settings of ials are dimensions, sweeps/);
    assert.throws(() => resolveSettings('popularity', 'fast', { epochs: 2 }), /settings of popularity are none/);
    assert.throws(() => resolveSettings('dat', 'slow', {}), /no preset "slow".*auto, paper, adapted, fast, best/);
    assert.throws(() => resolveSettings('svd', 'fast', {}), /no kind of model "svd".*popularity, item-knn, ease/);
    assert.throws(() => resolveSettings('dat', 'fast', { epochs: 0 }), /field epochs/);
    assert.throws(() => resolveSettings('ease', 'fast', { regularisation: 0 }), /field regularisation/);
  });

  test('refuse augmented vectors that cannot mimic a tower', () => {
    assert.throws(() => resolveSettings('dat', 'fast', { augmentedDims: 16 }), /augmentedDims is 16.*end in 32/);
  });
});
