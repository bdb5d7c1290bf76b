import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes, formatChange, formatDuration, formatMicros, formatMoney } from './format.ts';

test('money follows its currency, also where there are no or three decimals', () => {
  assert.equal(formatMoney(123_456, 'GBP'), '£1,234.56');
  assert.equal(formatMoney(1_234, 'JPY'), 'JP¥1,234');
  assert.equal(formatMoney(1_234, 'KWD').replace(/\s/g, ' '), 'KWD 1.234');
});

test('sizes and times carry the unit that keeps them short', () => {
  assert.deepEqual([0, 1023, 1536, 471_000_000].map(formatBytes), ['0 B', '1,023 B', '1.5 KiB', '449 MiB']);
  assert.deepEqual([62.4, 1250].map(formatMicros), ['62 µs', '1.3 ms']);
  assert.deepEqual([640, 12_340, 95_000, 3_900_000].map(formatDuration), [
    '640 ms',
    '12.3 s',
    '1 min 35 s',
    '1 h 5 min',
  ]);
});

test('a change shows its sign, and nothing where there is none', () => {
  assert.deepEqual(
    [0.034, -0.02, 0].map((share) => formatChange(share)),
    ['+3.4%', '−2.0%', '0.0%'],
  );
});
