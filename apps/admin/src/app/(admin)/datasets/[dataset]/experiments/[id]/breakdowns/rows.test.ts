import assert from 'node:assert/strict';
import { test } from 'node:test';
import { breakdownRows } from './rows.ts';

const arm = (id: string, control: boolean, weight: number) => ({ id, name: id, control, weight });
const part = (armId: string, users: number, value: number) => ({ armId, users, metrics: { ctr: { value } } });

test('a part has a row for each arm that is live, beside control, and its name once', () => {
  const arms = [arm('control', true, 0.4), arm('a', false, 0.3), arm('b', false, 0.3), arm('old', false, 0)];
  const breakdown = {
    dimension: 'device',
    rows: [
      { value: 'phone', arms: [part('control', 10, 0.1), part('a', 20, 0.2), part('b', 30, 0.3), part('old', 9, 0.9)] },
      { value: 'tablet', arms: [part('a', 5, 0.5)] },
    ],
  };
  const rows = breakdownRows(breakdown as never, { arms } as never, 'ctr');
  assert.deepEqual(
    rows.map(({ part, arm, users, value, controlValue, span }) => [part, arm.id, users, value, controlValue, span]),
    [
      ['phone', 'a', 30, 0.2, 0.1, 2],
      ['phone', 'b', 40, 0.3, 0.1, 0],
      ['tablet', 'a', 5, 0.5, undefined, 2],
      ['tablet', 'b', 0, undefined, undefined, 0],
    ],
  );
});
