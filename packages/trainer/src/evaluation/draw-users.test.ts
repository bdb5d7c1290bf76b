import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Split } from '@duet/datasets';
import { drawUsers } from './draw-users.ts';

const nobody = new Int32Array();
const splitOf = (users: number[]): Split => ({
  name: 'hand',
  train: nobody,
  evaluations: users.map((user) => ({ user, targets: Int32Array.of(0), seen: nobody })),
});
const usersOf = ({ evaluations }: Split) => evaluations.map(({ user }) => user);

test('an evaluation draws as many users as it may, the same ones whatever the order and whoever else there is', () => {
  const ids = Array.from({ length: 1000 }, (_, user) => `u${user}`);
  const all = [...ids.keys()];
  const drawn = usersOf(drawUsers(splitOf(all), ids, 100));
  assert.equal(drawn.length, 100);
  assert.equal(drawUsers(splitOf(all), ids, 100).drawnFrom, 1000);
  const reversed = usersOf(drawUsers(splitOf(all.toReversed()), ids, 100));
  assert.deepEqual(reversed.toReversed(), drawn);
  // Of the first half alone, those of them that were drawn of all are drawn again.
  const half = new Set(usersOf(drawUsers(splitOf(all.slice(0, 500)), ids, 100)));
  assert.ok(drawn.filter((user) => user < 500).every((user) => half.has(user)));
  assert.deepEqual(usersOf(drawUsers(splitOf(all), ids, 1000)), all);
});
