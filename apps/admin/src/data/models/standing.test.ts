import assert from 'node:assert/strict';
import { test } from 'node:test';
import { halfInterval, standings } from './standing.ts';

const of = (users: number, ...values: number[]) => values.map((value) => ({ value, users }));

test('half an interval is 1.96 standard errors of a share', () => {
  // √(0.5 · 0.5 / 100) = 0.05
  assert.ok(Math.abs(halfInterval({ value: 0.5, users: 100 }) - 0.098) < 1e-12);
});

test('a lead that chance explains makes nobody the best, one that it does not makes one', () => {
  assert.deepEqual(standings(of(157, 0.7862, 0.7762, 0.4)), ['level', 'level', undefined]);
  assert.deepEqual(standings(of(100_000, 0.7862, 0.7762, 0.4)), ['best', undefined, undefined]);
});

test('a model alone, or one that was not measured, stands nowhere', () => {
  assert.deepEqual(standings(of(100, 0.5)), [undefined]);
  assert.deepEqual(standings([...of(100, 0.5), undefined, ...of(100, 0.1)]), ['best', undefined, undefined]);
});
