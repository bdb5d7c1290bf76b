import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LoginThrottle } from './throttle.ts';

const minute = 60_000;
const { sender } = LoginThrottle;

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

test('strangers’ failures, however many, keep nobody else out', () => {
  const throttle = new LoginThrottle();
  for (let i = 0; i < 300; i++) throttle.failed(sender(`198.51.100.${i % 250}`, undefined), 0);
  for (let i = 0; i < 20; i++) throttle.failed(sender(`2001:db8:0:1::${i}`, undefined), 0);
  assert.equal(throttle.waitMs(sender('203.0.113.5', undefined), minute), 0, 'another network');
  assert.ok(throttle.waitMs(sender('2001:db8:0:1::ffff', undefined), minute) > 0, 'the same network of IPv6');
  assert.equal(
    throttle.waitMs(sender('2001:db8:0:1::ffff', 'known'), minute),
    0,
    'a browser that has logged in before',
  );
});

test('a log-in forgets the failures of its sender', () => {
  const throttle = new LoginThrottle();
  for (let i = 0; i < 10; i++) throttle.failed('a', 0);
  throttle.succeeded('a');
  assert.equal(throttle.waitMs('a', 1), 0);
});
