import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evenly, formPlan, plannedTestOf, planOf, weightsOf } from './plan.ts';
import { formPlanOf } from './start-plan.ts';

const pinned = { modelId: '01890000-0000-7000-8000-000000000001', indexId: null, settings: {} };
const following = { registeredModelId: '01890000-0000-7000-8000-000000000003', indexId: null, settings: {} };
const arms = [
  { ...following, name: 'control', weight: 0.5, control: true },
  { ...pinned, name: 'treatment', weight: 0.5, control: false, settings: { alpha: 0.5, diversity: 0 } },
];
const stored = arms.map((arm) => ({ modelId: null, registeredModelId: null, ...arm }));
const form = formPlanOf({ name: 'a test', datasetId: '01890000-0000-7000-8000-000000000002' }, stored);

test('what the form starts with is what it saves', () => {
  const plan = planOf(form);
  assert.deepEqual(plan.arms, arms);
  assert.equal(plan.trafficShare, 1);
  assert.equal(plan.layer, null);
  const again = formPlanOf({ ...form, ...plan, layer: null, settings: plan.settings as never }, stored);
  assert.deepEqual(again, form);
});

test('shares are as even as two decimals allow, sum to a hundred, and thirds count as thirds', () => {
  for (const n of [2, 3, 6, 7])
    assert.equal(Math.round(100 * evenly(n).reduce((sum, x) => sum + Number(x), 0)), 10_000);
  assert.deepEqual(evenly(3), ['33.33', '33.33', '33.34']);
  assert.deepEqual(weightsOf(['33.3', '33.3', '33.3'].map((percent) => ({ percent }))), [1 / 3, 1 / 3, 1 / 3]);
  assert.deepEqual(weightsOf([{ percent: '50' }, { percent: '70' }]), [0.5, 0.7]);
});

test('a number that is none is said at its own field', () => {
  const { error } = formPlan.safeParse({
    ...form,
    traffic: 'all',
    arms: [{ ...form.arms[0], name: ' ', percent: '' }],
  });
  const places = error!.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  assert.deepEqual(places.sort(), [
    'arms.0.name: An arm needs a name.',
    'arms.0.percent: A number is needed here.',
    'traffic: A number is needed here.',
  ]);
});

test('a forecast is of the shoppers that the test can have: traffic × layer × not held out, control first', () => {
  const typed = { ...form, traffic: '50', layer: 'ranking', layerShare: '40', arms: form.arms.toReversed() };
  const planned = plannedTestOf(typed, 0.1, 0.8)!;
  assert.ok(Math.abs(planned.share - 0.9 * 0.5 * 0.4) < 1e-12);
  assert.deepEqual(planned.weights, [0.5, 0.5]);
  assert.equal(plannedTestOf({ ...typed, plannedDays: '' }, 0.1, 0.8), undefined);
  assert.equal(plannedTestOf(typed, 0.1, 1), undefined);
});
