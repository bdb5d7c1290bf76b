import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventId } from './event-id.ts';

test('an event’s id has the layout of RFC 9562’s example, and sorts by time', () => {
  // Appendix A.6: 2022-02-22T19:22:22Z is 017F22E2-79B0-7CC3-98C4-DC0C0C07398F.
  const id = eventId(Date.parse('2022-02-22T19:22:22Z'));
  assert.match(id, /^017f22e2-79b0-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.ok(id < eventId(Date.parse('2022-02-22T19:22:22.001Z')));
  assert.notEqual(eventId(0), eventId(0));
});
