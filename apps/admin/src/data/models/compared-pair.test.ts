import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparedPair } from './compared-pair.ts';
import type { ServedModel } from './playground.ts';

const model = (id: string, kind: string, ...arms: boolean[]) =>
  ({ id, kind, arms: arms.map((control) => ({ control })) }) as ServedModel;
const pair = (models: ServedModel[], left = '', right = '') => {
  const chosen = comparedPair(models, left, right);
  return chosen && [chosen.left.id, chosen.right.id];
};

test('compared is what shoppers get: control on the left, treatment on the right', () => {
  const models = [model('newest', 'mind'), model('treatment', 'dat', false), model('control', 'two-tower', true)];
  assert.deepEqual(pair(models), ['control', 'treatment']);
  assert.deepEqual(pair(models, 'newest'), ['newest', 'treatment']);
  assert.deepEqual(pair(models, 'newest', 'control'), ['newest', 'control']);
});

test('without an experiment two kinds are compared, and one model with itself where there is no other', () => {
  const towers = [model('dat 2', 'dat'), model('dat 1', 'dat'), model('two-tower', 'two-tower')];
  assert.deepEqual(pair(towers), ['two-tower', 'dat 2']);
  assert.deepEqual(pair([model('dat 2', 'dat'), model('dat 1', 'dat')]), ['dat 2', 'dat 1']);
  assert.deepEqual(pair([model('only', 'dat')]), ['only', 'only']);
  assert.equal(pair([]), undefined);
});
