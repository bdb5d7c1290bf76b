import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextSteps } from './next-steps.ts';
import type { Overview, RunningExperiment } from './overview.ts';

const at = new Date('2026-03-10T12:00:00Z');
const tower = (kind: string) => ({ id: kind, name: kind, kind, dimensions: 32 });
const experiment = (other: Partial<RunningExperiment>) =>
  ({
    id: 'e',
    name: 'a test',
    share: 1,
    warnings: [],
    plannedEndAt: new Date('2026-03-20'),
    ...other,
  }) as RunningExperiment;
const registered = (other: object) => ({
  ...{ name: 'home', championVersion: 1, versions: [{ version: 1 }], runs: [{ status: 'done', checks: [] }] },
  ...other,
});
const overview = (other: object) =>
  ({
    models: [tower('two-tower'), tower('dat')],
    ...{ unindexed: [], experiments: [experiment({})], health: { value: { fallbacks: [] } } },
    ...{ changedItems: 0, untitled: 0, checks: [], pipeline: { models: [registered({})], deployments: [{}] } },
    ...other,
  }) as unknown as Overview;
const titles = (other: object) => nextSteps(overview(other), at).map(({ title }) => title);

test('where all is well, the next step is to read what runs', () => {
  assert.deepEqual(titles({}), ['Read how a test does', 'See what a shopper gets']);
});

test('what stops everything comes first, and never more than three at once', () => {
  const nothing = { models: [], experiments: [], health: { problem: 'No answer.' }, changedItems: 3, untitled: 8 };
  assert.deepEqual(titles(nothing), ['Train a model', 'Start the retrieval service', 'Rebuild the indexes']);
});

test('an experiment without shoppers, past its end or with a warning is said', () => {
  assert.deepEqual(titles({ experiments: [experiment({ share: 0 })] }), ['Give a test shoppers']);
  assert.deepEqual(titles({ experiments: [experiment({ plannedEndAt: at })] }), ['Decide a test']);
  const warnings = [{ note: 'GMV is breached.' }] as never;
  assert.deepEqual(titles({ experiments: [experiment({ warnings })] }), ['Look at a test']);
});

test('a version that waits, or is held back, and a model that failed wait for somebody', () => {
  const titlesFor = (other: object, deployments = [{}]) =>
    titles({ pipeline: { models: [registered(other)], deployments } });
  const newest = { versions: [{ version: 2 }] };
  const checks = [{ passed: false, sentence: 'Few items are shown.' }];
  assert.deepEqual(titlesFor(newest), ['Promote version 2 of home']);
  const left = { versions: [{ version: 2, wasChampion: true }] };
  assert.ok(!titlesFor(left)[0]!.includes('version 2'), 'somebody went back from it');
  assert.deepEqual(titlesFor({ ...newest, runs: [{ status: 'done', checks }] }), ['Version 2 of home is held back']);
  assert.deepEqual(titlesFor({ runs: [{ status: 'failed', error: 'No disk.', checks: [] }] }), ['See why home failed']);
  assert.deepEqual(titlesFor({}, []), ['Deploy a model']);
});

test('a check that failed comes before one that only warns', () => {
  const check = (state: string) => ({ state, sentence: state, remedy: '' });
  const experiments = [experiment({ share: 0 })];
  assert.deepEqual(titles({ checks: [check('warn'), check('fail')], experiments }), [
    'fail',
    'Give a test shoppers',
    'warn',
  ]);
});
