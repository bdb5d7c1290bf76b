import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestDatabase } from '@duet/db/testing';
import fc from 'fast-check';
import { parseSnapshot, sees } from './snapshot.ts';

test('a snapshot sees what PostgreSQL says that it sees', async () => {
  await using db = await createTestDatabase();
  const snapshots = fc
    .uniqueArray(fc.integer({ min: 100, max: 120 }), { maxLength: 5 })
    .map((running) => running.sort((a, b) => a - b))
    .map((running) => `${running[0] ?? 121}:121:${running.join(',')}`);
  const drawn = fc.sample(snapshots, { numRuns: 20, seed: 1 });
  for (const text of drawn) {
    const { rows } = await db.pool.query<{ id: number; visible: boolean }>(
      `SELECT id, pg_visible_in_snapshot(id::text::xid8, $1::pg_snapshot) AS visible FROM generate_series(98, 123) id`,
      [text],
    );
    const snapshot = parseSnapshot(text);
    for (const { id, visible } of rows) assert.equal(sees(snapshot, id), visible, `${id} in ${text}`);
  }
});
