import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Analysis, Summary } from './analysis.ts';
import { readEarlier, together } from './earlier.ts';
import { plannedAs, readPlan } from './plan.ts';

const plan = readPlan();

const interval = (value: number) => ({ value, low: value, high: value });

/** An analysis of ml-1m with one figure a model and DAT+ tested against each. */
function analysis(hitRate: Record<string, number>, p = 0.02): Analysis {
  const [dataset, split] = ['ml-1m', 'leave-last-out'];
  return {
    dataset,
    split,
    users: 10,
    facts: { users: 10, items: 10, interactions: 10 },
    rows: Object.entries(hitRate).map(([model, value]) => {
      return { dataset, split, model, seed: 1, metric: 'HR@50', ...interval(value) };
    }),
    models: new Map(
      Object.entries(hitRate).map(([model, value]) => {
        const summary = { model, planned: plannedAs(plan, dataset, model), metrics: { 'HR@50': interval(value) } };
        return [model, summary as unknown as Summary];
      }),
    ),
    comparisons: Object.keys(hitRate)
      .filter((than) => than !== 'DAT+')
      .map((than) => ({ metric: 'HR@50', model: 'DAT+', than, ...interval(0), p, adjusted: p })),
  };
}

test('a run of some models leaves the figures of the others and corrects over both', () => {
  const [merged] = together([analysis({ 'DAT+': 0.2, EASE: 0.1 })], [analysis({ 'DAT+': 0.3, FM: 0.4 })], plan);
  const figures = [...merged!.models].map(([model, { metrics }]) => [model, metrics['HR@50']!.value]);
  assert.deepEqual(Object.fromEntries(figures), { 'DAT+': 0.3, EASE: 0.1, FM: 0.4 });
  assert.deepEqual(merged!.rows.map(({ model, value }) => [model, value]).sort(), [
    ['DAT+', 0.3],
    ['EASE', 0.1],
    ['FM', 0.4],
  ]);
  assert.deepEqual(
    merged!.comparisons.map(({ than, adjusted }) => [than, adjusted]),
    [
      ['EASE', 0.04],
      ['FM', 0.04],
    ],
  );
});

test('a dataset that was not run stays as it was', () => {
  const earlier = analysis({ EASE: 0.1 });
  assert.deepEqual(together([earlier], [], plan), [earlier]);
});

test('of what the repository holds, a model is believed only while the plan says the same of it', async () => {
  const { models } = plan;
  const changed = { ...plan, models: { ...models, EASE: { ...models.EASE!, set: { regularisation: 1 } } } };
  const [now, later] = await Promise.all([readEarlier(plan), readEarlier(changed)]);
  assert.ok(now[0]!.models.has('EASE') && now[0]!.rows.some(({ model }) => model === 'EASE'));
  assert.ok(!later[0]!.models.has('EASE') && !later[0]!.rows.some(({ model }) => model === 'EASE'));
  assert.ok(!later[0]!.comparisons.some(({ than }) => than === 'EASE'));
});
