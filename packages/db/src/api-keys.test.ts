import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { createApiKey, listApiKeys, revokeApiKey, verifyApiKey } from './api-keys.ts';
import { auditTrail } from './audit.ts';
import { createTestDatabase } from './testing.ts';

describe('API keys', { concurrency: true }, () => {
  test('are stored as their SHA-256 only, and let their owner in', async () => {
    await using database = await createTestDatabase();
    const { id, key } = await createApiKey(database, { name: ' shop ', scopes: ['retrieve', 'events', 'events'] });
    assert.match(key, /^duet_[\w-]{40}$/);
    assert.deepEqual(await verifyApiKey(database, key), {
      id,
      name: 'shop',
      scopes: ['retrieve', 'events'],
      rateLimit: null,
      rateBurst: null,
    });
    const stored = JSON.stringify(await database.prisma.apiKey.findMany());
    assert.ok(stored.includes(createHash('sha256').update(key).digest('hex')));
    assert.ok(!stored.includes(key.slice(13)));
  });

  test('with another secret, another shape or another prefix let nobody in', async () => {
    await using database = await createTestDatabase();
    const { key } = await createApiKey(database, { name: 'shop', scopes: ['retrieve'] });
    const flipped = key.slice(0, -1) + (key.endsWith('A') ? 'B' : 'A');
    for (const guess of [
      flipped,
      `${key}A`,
      key.slice(0, -1),
      `duet_AAAAAAAA${key.slice(13)}`,
      '',
      'duet_',
      `${key}\n`,
    ]) {
      assert.equal(await verifyApiKey(database, guess), undefined, guess);
    }
  });

  test('stop working once revoked', async () => {
    await using database = await createTestDatabase();
    const { id, key } = await createApiKey(database, { name: 'shop', scopes: ['admin'] });
    const now = new Date('2026-02-20T12:00:00Z');
    await revokeApiKey(database, id, { now });
    await revokeApiKey(database, id);
    assert.equal(await verifyApiKey(database, key), undefined);
    assert.deepEqual((await database.prisma.apiKey.findUniqueOrThrow({ where: { id } })).revokedAt, now);
    await assert.rejects(revokeApiKey(database, 'no-uuid'), { code: 'not-found' });
    await assert.rejects(revokeApiKey(database, '01a20f47-6a7c-710a-8ce2-9bb0d584dad6'), { code: 'not-found' });
  });

  test('leave in the audit log who made and who revoked them, once each, and no secret', async () => {
    await using database = await createTestDatabase();
    const { id, key } = await createApiKey(database, { name: 'shop', scopes: ['events'] }, { actor: 'ann' });
    await revokeApiKey(database, id, { actor: 'bob' });
    await revokeApiKey(database, id, { actor: 'eve' });
    const trail = await auditTrail(database, 'api-key', id);
    assert.deepEqual(
      trail.map(({ actor, action }) => `${actor} ${action}`),
      ['bob revoke', 'ann create'],
    );
    assert.deepEqual(trail[1]!.after, {
      name: 'shop',
      scopes: ['events'],
      prefix: key.slice(0, 13),
      rateLimit: null,
      rateBurst: null,
    });
    assert.ok(!JSON.stringify(trail).includes(key.slice(13)));
  });

  test('note their last use at most once a minute', async () => {
    await using database = await createTestDatabase();
    const { id, key } = await createApiKey(database, { name: 'shop', scopes: ['events'] });
    const noted = [];
    for (const time of ['12:00:00', '12:00:59', '12:01:01']) {
      await verifyApiKey(database, key, { now: new Date(`2026-02-20T${time}Z`) });
      const row = await database.prisma.apiKey.findUniqueOrThrow({ where: { id } });
      noted.push(row.lastUsedAt!.toISOString().slice(11, 19));
    }
    assert.deepEqual(noted, ['12:00:00', '12:00:00', '12:01:01']);
  });

  test('are listed with how they begin and without what they are, the newest first', async () => {
    await using database = await createTestDatabase();
    const first = await createApiKey(database, { name: 'shop', scopes: ['retrieve'] });
    const second = await createApiKey(database, { name: 'load', scopes: ['admin'], rateLimit: 5000, rateBurst: 9000 });
    await revokeApiKey(database, first.id);
    const keys = await listApiKeys(database);
    assert.deepEqual(
      keys.map(({ id, name, prefix, rateLimit, rateBurst }) => ({ id, name, prefix, rateLimit, rateBurst })),
      [
        { id: second.id, name: 'load', prefix: second.key.slice(0, 13), rateLimit: 5000, rateBurst: 9000 },
        { id: first.id, name: 'shop', prefix: first.key.slice(0, 13), rateLimit: null, rateBurst: null },
      ],
    );
    assert.ok(keys[1]!.revokedAt !== null && keys[0]!.revokedAt === null);
    const told = JSON.stringify(keys);
    for (const { key } of [first, second]) {
      assert.ok(!told.includes(key.slice(13)) && !told.includes(createHash('sha256').update(key).digest('hex')));
    }
  });

  test('need a name and known scopes, and rates that are numbers from 1', async () => {
    await using database = await createTestDatabase();
    await assert.rejects(createApiKey(database, { name: '', scopes: ['admin'] }), { code: 'bad-input' });
    await assert.rejects(createApiKey(database, { name: 'shop', scopes: [] }), { code: 'bad-input' });
    await assert.rejects(
      createApiKey(database, { name: 'shop', scopes: ['root' as 'admin'] }),
      /retrieve, events, metrics, admin/,
    );
    for (const rateLimit of [0, -1, 1.5, Number.NaN]) {
      await assert.rejects(createApiKey(database, { name: 'shop', scopes: ['admin'], rateLimit }), {
        code: 'bad-input',
      });
    }
  });
});
