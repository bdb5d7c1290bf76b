import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextCursor, shownBefore } from './cursor.ts';

test('a cursor holds what the pages before showed, and ends with the list', () => {
  const first = nextCursor([], ['a', 'ü|b'], 2);
  assert.deepEqual(shownBefore(first!), ['a', 'ü|b']);
  assert.deepEqual(shownBefore(nextCursor(['a', 'ü|b'], ['c', 'd'], 2)!), ['a', 'ü|b', 'c', 'd']);
  assert.equal(nextCursor(['a', 'b'], ['c'], 2), null, 'the last page is short');
  const many = Array.from({ length: 990 }, (_, i) => `item-${i}`);
  assert.equal(nextCursor(many, many.slice(0, 10), 10), null);
  assert.deepEqual(shownBefore(undefined), []);
});

test('what is no cursor is refused with what to send', () => {
  const bomb = nextCursor([], ['x'.repeat(300_000)], 1)!;
  for (const cursor of ['', 'abc', Buffer.from('[1]').toString('base64url'), bomb]) {
    assert.throws(() => shownBefore(cursor), /no cursor of an answer/);
  }
});
