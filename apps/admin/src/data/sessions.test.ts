import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestDatabase } from '@duet/db/testing';
import { beginSession, endSession, isOpen, listSessions } from './sessions.ts';

test('a session is open from its log-in until it is ended, wherever its cookie is, and is listed', async () => {
  await using db = await createTestDatabase();
  const now = new Date();
  const from = { address: '192.0.2.1', browser: 'Firefox' };
  const begin = async (name: string, expiresAt: Date) => {
    const session = { id: crypto.randomUUID(), name, expiresAt };
    await beginSession(db, session, from);
    return session.id;
  };
  const old = await begin('long gone', new Date(now.getTime() - 40 * 86_400_000));
  const ann = await begin('ann', new Date(now.getTime() + 3_600_000));
  const bob = await begin('bob', new Date(now.getTime() + 3_600_000));
  assert.equal(await isOpen(db, ann), true);
  await endSession(db, ann);
  assert.deepEqual([await isOpen(db, ann), await isOpen(db, bob)], [false, true]);
  assert.equal(await isOpen(db, crypto.randomUUID()), false, 'one that was never begun here');
  assert.equal(await isOpen(db, old), false);
  const listed = await listSessions(db);
  assert.deepEqual(
    listed.map(({ name, address }) => `${name} ${address}`),
    ['bob 192.0.2.1', 'ann 192.0.2.1'],
  );
  const later = new Date(now.getTime() + 120_000);
  assert.equal(await isOpen(db, bob, later), true);
  assert.deepEqual((await listSessions(db))[0]!.lastSeenAt, later);
});
