import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jobsOf, quickPlan, readPlan } from './plan.ts';

const plan = readPlan();

test('every model that a table, figure or test names is there, and its settings resolve on every dataset', () => {
  const named = [
    ...plan.table,
    ...plan.tuned,
    ...plan.ablation,
    ...Object.values(plan.sweep),
    ...plan.categories,
    ...plan.comparisons.flat(2),
  ];
  for (const name of named) assert.ok(plan.models[name], name);
  const jobs = jobsOf(plan, { seeds: 1, only: [] });
  assert.equal(jobs.length, Object.keys(plan.datasets).length * Object.keys(plan.models).length);
});

test('a model that is like another is it but for what is said of it, which goes before what the other is on a dataset', () => {
  const { kind, ...like } = plan.models['two-tower+']!;
  const dat = plan.models['DAT+']!;
  assert.deepEqual([kind, dat.kind, dat.preset], ['two-tower', 'dat', like.preset]);
  for (const [dataset, { set }] of Object.entries(like.on)) {
    const { alignmentCategories, augmentedDims, causal, ...rest } = dat.on[dataset]!.set!;
    if (augmentedDims) assert.equal(augmentedDims, (set!.layers as number[]).at(-1), dataset);
    assert.deepEqual(rest, set, dataset);
  }
  const ablated = jobsOf(plan, { seeds: 1, only: ['*/DAT without CAL'] });
  assert.deepEqual(new Set(ablated.map(({ set }) => set.alignment)), new Set([0]));
});

test('a model that draws no random numbers has one seed, the others as many as asked for', () => {
  const jobs = jobsOf(plan, { seeds: 3, only: ['ml-1m/popularity', 'ml-1m/DAT'] });
  assert.deepEqual(
    jobs.map(({ model, seed }) => `${model} ${seed}`),
    ['popularity 1', 'DAT 1', 'DAT 2', 'DAT 3'],
  );
});

test('patterns choose by dataset and model, in any case, and + stands for itself', () => {
  const chosen = (...only: string[]) =>
    jobsOf(plan, { seeds: 1, only }).map(({ dataset, model }) => `${dataset}/${model}`);
  assert.deepEqual(chosen('amazon-beauty/dat+'), ['amazon-beauty/DAT+']);
  assert.equal(chosen('*/popularity').length, Object.keys(plan.datasets).length);
  assert.equal(chosen('ml-1m').length, Object.keys(plan.models).length);
});

test('a key changes with a setting and the seed, and not with a name', () => {
  const keysOf = (changed: typeof plan) => jobsOf(changed, { seeds: 2, only: ['ml-1m'] }).map(({ key }) => key);
  const one = (set: Record<string, unknown>, name = 'a') =>
    keysOf({ ...plan, models: { [name]: { kind: 'dat', preset: 'fast', set, on: {} } } });
  assert.deepEqual(one({}), one({}, 'b'));
  assert.equal(new Set([...one({}), ...one({ epochs: 99 })]).size, 4);
});

test('the quick plan is four jobs', () => {
  assert.equal(jobsOf(quickPlan(), { seeds: 1, only: [] }).length, 4);
});
