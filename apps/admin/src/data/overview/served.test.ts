import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type AnsweredLists, type ServedExperiment, servedShares } from './served.ts';

const served = { kind: 'dat', version: 2, isFollowed: true };
const arm = (id: string) => ({ id, name: id, weight: 0.5, model: { name: `model ${id}`, ...served } });
const experiment: ServedExperiment = {
  id: 'e',
  name: 'test',
  simulated: false,
  share: 0.8,
  arms: [arm('a'), arm('b')],
};
const deployed = (placement: string) => ({
  placement,
  model: { id: 'r', name: 'home', kind: 'dat' },
  champion: { modelId: 'm', version: 3, trainedAt: new Date(0) },
});
const lists = (armId: string, placement: string, answers: number, source: AnsweredLists['source'] = 'model') => ({
  ...{ armId, placement, answers, source },
});
const sharesOf = (...args: Parameters<typeof servedShares>) =>
  servedShares(...args).map(({ who, planned, share }) => [who, planned, share]);

test('arms, then what is deployed for the placement, then what is deployed everywhere, share the last hour', () => {
  const seen = [lists('a', 'home', 30), lists('b', 'home', 30), lists('', 'basket', 10), lists('', 'home', 30)];
  assert.deepEqual(sharesOf(seen, { experiments: [experiment], deployments: [deployed(''), deployed('basket')] }), [
    ['test', 0.4, 0.3],
    ['test', 0.4, 0.3],
    ['Everybody else', undefined, 0.3],
    ['Everybody else at basket', undefined, 0.1],
  ]);
});

test('an arm that got nobody says so, and without a list no share is made up', () => {
  const two = { experiments: [experiment], deployments: [deployed('')] };
  assert.deepEqual(
    sharesOf([lists('a', '', 5)], two).map(([, , share]) => share),
    [1, 0, 0],
  );
  assert.deepEqual(
    sharesOf([], two).map(([, , share]) => share),
    [undefined, undefined, undefined],
  );
});

test('where nothing is deployed, everybody else gets popular items', () => {
  assert.deepEqual(sharesOf([lists('', 'home', 4, 'popular')], { experiments: [], deployments: [] }), [
    ['Everybody else', undefined, 1],
  ]);
});

test('an arm names the version that it serves, and how many of its lists were popular items', () => {
  const pinned = { ...arm('b'), model: { ...arm('b').model, isFollowed: false } };
  const none = { ...arm('c'), model: null };
  const experiments = [{ ...experiment, arms: [arm('a'), pinned, none] }];
  const shares = servedShares([lists('a', '', 3), lists('a', '', 1, 'popular')], { experiments, deployments: [] });
  assert.deepEqual(
    shares.slice(0, 3).map(({ model, answers, popular }) => [model?.detail, answers, popular]),
    [
      ['arm a, version 2, the champion', 4, 1],
      ['arm b, version 2, pinned', 0, 0],
      [undefined, 0, 0],
    ],
  );
});
