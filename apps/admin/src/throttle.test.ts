import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoginThrottle } from './throttle.ts';

const minute = 60_000;

test('the eleventh attempt after ten failures waits until the first is 15 minutes old', () => {
  const throttle = new LoginThrottle();
  for (let i = 0; i < 10; i++) {
    assert.equal(throttle.waitMs('a', i * minute), 0);
    throttle.failed('a', i * minute);
  }
  assert.equal(throttle.waitMs('a', 10 * minute), 5 * minute);
  assert.equal(throttle.waitMs('b', 10 * minute), 0);
  assert.equal(throttle.waitMs('a', 15 * minute), 0);
});

test('a hundred failures from made-up addresses stop every address', () => {
  const throttle = new LoginThrottle();
  for (let i = 0; i < 100; i++) throttle.failed(`address ${i}`, 0);
  assert.equal(throttle.waitMs('another', minute), 14 * minute);
  assert.equal(throttle.waitMs('another', 15 * minute), 0);
});

test('a log-in forgets the failures of its address', () => {
  const throttle = new LoginThrottle();
  for (let i = 0; i < 10; i++) throttle.failed('a', 0);
  throttle.succeeded('a');
  assert.equal(throttle.waitMs('a', 1), 0);
});
