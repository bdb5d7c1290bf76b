import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changedSettings, readSetting, settings, startingValues } from './settings.ts';

test('of a model’s settings those are named that its preset does not have', () => {
  const usual = startingValues['dat/fast']!;
  const stored = { epochs: 1, layers: usual.layers!.split(',').map(Number), seed: 7 };
  const { changed, same } = changedSettings('dat', 'fast', stored);
  assert.deepEqual(
    changed.map(({ key, value, preset }) => [key, value, preset]),
    [
      ['epochs', '1', usual.epochs],
      ['seed', '7', undefined],
    ],
  );
  assert.deepEqual(Object.keys(same), ['layers']);
});

test('every setting of the form is read back as the preset has it', () => {
  for (const { key } of settings.dat!) {
    const text = startingValues['dat/fast']![key]!;
    assert.equal(String(readSetting('dat', key, text)), text, key);
  }
});
