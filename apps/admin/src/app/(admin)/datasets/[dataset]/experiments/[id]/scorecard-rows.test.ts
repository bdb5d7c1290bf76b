import assert from 'node:assert/strict';
import { test } from 'node:test';
import { scorecardRows } from './scorecard-rows.ts';

const interval = (value: number) => ({ value, low: value - 0.1, high: value + 0.1 });
const lift = (value: number) => ({
  ...{ relative: interval(value), adjustedP: 0.01 },
  sequence: { relative: { ...interval(value), low: value - 0.3 }, adjustedP: 0.2 },
});
const arm = (id: string, control: boolean, weight: number, ctr: number, gmv: number) => ({
  ...{ id, name: id, control, weight },
  ...(!control && { lift: { ctr: lift(ctr), gmvPerUser: lift(gmv) } }),
});
const report = (basis: 'sequence' | 'fixed') =>
  ({
    experiment: { primaryMetric: 'gmvPerUser' },
    metrics: [{ key: 'ctr' }, { key: 'gmvPerUser' }],
    arms: [
      arm('control', true, 0.4, 0, 0),
      arm('a', false, 0.3, 0.1, 0.2),
      arm('b', false, 0.3, 0.3, 0.4),
      arm('old', false, 0, 9, 9),
    ],
    basis,
  }) as never;

test('the primary metric comes first, each metric has its live arms, and its name once', () => {
  assert.deepEqual(
    scorecardRows(report('sequence')).map(({ metric, arm, lift, span }) => [
      metric.key,
      arm.id,
      lift.relative.value,
      span,
    ]),
    [
      ['gmvPerUser', 'a', 0.2, 2],
      ['gmvPerUser', 'b', 0.4, 0],
      ['ctr', 'a', 0.1, 2],
      ['ctr', 'b', 0.3, 0],
    ],
  );
});

test('a sequential report is judged by its sequences, and arms of a metric share one scale with zero on it', () => {
  const [sequential, other] = scorecardRows(report('sequence'));
  assert.equal(sequential!.judged.adjustedP, 0.2);
  assert.equal(scorecardRows(report('fixed'))[0]!.judged.adjustedP, 0.01);
  assert.deepEqual(sequential!.scale, other!.scale);
  const [from, to] = sequential!.scale;
  assert.ok(from < 0 && to > 0.4);
});
