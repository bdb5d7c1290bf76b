import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import {
  createApiKey,
  isApiKey,
  listApiKeys,
  noteKeyUse,
  publishableOrigins,
  revokeApiKey,
  verifyApiKey,
  workingApiKeys,
} from './api-keys.ts';
import { auditTrail } from './audit.ts';
import { signingSecret, signingSecrets } from './signing-secrets.ts';
import { createTestDatabase } from './testing.ts';

const origins = ['https://shop.example'];

describe('API keys', { concurrency: true }, () => {
  test('are stored as their SHA-256 only, and let their owner in', async () => {
    await using database = await createTestDatabase();
    const { id, key } = await createApiKey(database, { name: ' shop ', scopes: ['retrieve', 'events', 'events'] });
    assert.match(key, /^sk_[\w-]{46}$/);
    assert.deepEqual(await verifyApiKey(database, key), {
      id,
      name: 'shop',
      kind: 'secret',
      datasetId: null,
      scopes: ['retrieve', 'events'],
      origins: [],
      rateLimit: null,
      rateBurst: null,
    });
    const stored = JSON.stringify(await database.prisma.apiKey.findMany());
    assert.ok(stored.includes(createHash('sha256').update(key).digest('hex')));
    assert.ok(!stored.includes(key.slice(11)));
  });

  test('with another secret, another shape or another prefix let nobody in', async () => {
    await using database = await createTestDatabase();
    const { key } = await createApiKey(database, { name: 'shop', scopes: ['retrieve'] });
    const flip = (at: number) => key.slice(0, at) + (key[at] === 'A' ? 'B' : 'A') + key.slice(at + 1);
    const guesses = [...Array.from(key, (_, at) => flip(at)), `${key}A`, key.slice(0, -1), '', 'sk_', `${key}\n`];
    for (const guess of guesses) {
      assert.equal(isApiKey(guess), false, 'its checksum says so');
      assert.equal(await verifyApiKey(database, guess), undefined, guess);
    }
    const old = `duet_${'A'.repeat(40)}`;
    assert.deepEqual([isApiKey(old), await verifyApiKey(database, old)], [true, undefined]);
  });

  test('of a shop that had them before they had kinds go on working, for every dataset', async () => {
    await using database = await createTestDatabase();
    const old = `duet_${'k'.repeat(40)}`;
    await database.prisma.apiKey.create({
      data: {
        name: 'shop',
        prefix: old.slice(0, 13),
        hash: createHash('sha256').update(old).digest('hex'),
        scopes: ['retrieve', 'customers'],
      },
    });
    const { kind, datasetId, scopes } = (await verifyApiKey(database, old))!;
    assert.deepEqual(
      { kind, datasetId, scopes },
      { kind: 'secret', datasetId: null, scopes: ['retrieve', 'customers'] },
    );
  });

  test('belong to the dataset that they name, and go with it', async () => {
    await using database = await createTestDatabase();
    const { id: datasetId } = await database.prisma.dataset.create({ data: { name: 'teapots', settings: {} } });
    const { id, key } = await createApiKey(database, { name: 'shop', datasetId, scopes: ['retrieve'] });
    assert.equal((await verifyApiKey(database, key))!.datasetId, datasetId);
    const [listed] = await listApiKeys(database);
    assert.deepEqual([listed!.id, listed!.dataset], [id, 'teapots']);
    await assert.rejects(
      createApiKey(database, { name: 'shop', datasetId: crypto.randomUUID(), scopes: ['retrieve'] }),
      { code: 'not-found' },
    );
    await database.prisma.dataset.delete({ where: { id: datasetId } });
    assert.equal(await verifyApiKey(database, key), undefined);
  });

  test('of a shop’s pages are for them alone, and for no more than a visitor may', async () => {
    await using database = await createTestDatabase();
    const { id: datasetId } = await database.prisma.dataset.create({ data: { name: 'teapots', settings: {} } });
    const made = { name: 'pages', kind: 'publishable', datasetId, scopes: ['retrieve', 'events'], origins } as const;
    const { id, key } = await createApiKey(database, made);
    assert.match(key, /^pk_/);
    const { kind, origins: bound } = (await verifyApiKey(database, key))!;
    assert.deepEqual([kind, bound], ['publishable', origins]);
    assert.deepEqual(await publishableOrigins(database), new Set(origins));
    for (const wrong of [
      { scopes: ['orders'] },
      { scopes: ['retrieve', 'customers'] },
      { scopes: ['admin'] },
      { origins: [] },
      { origins: ['https://shop.example/page'] },
      { origins: ['*'] },
      { datasetId: null },
      { kind: 'secret' },
    ] as const) {
      await assert.rejects(createApiKey(database, { ...made, ...wrong }), { code: 'bad-input' }, JSON.stringify(wrong));
    }
    await revokeApiKey(database, id);
    assert.deepEqual(await publishableOrigins(database), new Set());
  });

  test('are read again by id, those that still work', async () => {
    await using database = await createTestDatabase();
    const [kept, revoked] = await Promise.all(
      ['kept', 'revoked'].map((name) => createApiKey(database, { name, scopes: ['retrieve'] })),
    );
    await revokeApiKey(database, revoked!.id);
    const working = await workingApiKeys(database, [kept!.id, revoked!.id]);
    assert.deepEqual([...working.values()], [await verifyApiKey(database, kept!.key)]);
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
      kind: 'secret',
      datasetId: null,
      origins: [],
      scopes: ['events'],
      prefix: key.slice(0, 11),
      rateLimit: null,
      rateBurst: null,
    });
    assert.ok(!JSON.stringify(trail).includes(key.slice(11)));
  });

  test('note their last use at most once a minute', async () => {
    await using database = await createTestDatabase();
    const { id } = await createApiKey(database, { name: 'shop', scopes: ['events'] });
    const noted = [];
    for (const time of ['12:00:00', '12:00:59', '12:01:01']) {
      await noteKeyUse(database, [id], { now: new Date(`2026-02-20T${time}Z`) });
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
        { id: second.id, name: 'load', prefix: second.key.slice(0, 11), rateLimit: 5000, rateBurst: 9000 },
        { id: first.id, name: 'shop', prefix: first.key.slice(0, 11), rateLimit: null, rateBurst: null },
      ],
    );
    assert.ok(keys[1]!.revokedAt !== null && keys[0]!.revokedAt === null);
    const listing = JSON.stringify(keys);
    for (const { key } of [first, second]) {
      assert.ok(!listing.includes(key.slice(11)) && !listing.includes(createHash('sha256').update(key).digest('hex')));
    }
  });

  test('need a name and known scopes, and rates that are numbers from 1', async () => {
    await using database = await createTestDatabase();
    await assert.rejects(createApiKey(database, { name: '', scopes: ['admin'] }), { code: 'bad-input' });
    await assert.rejects(createApiKey(database, { name: 'shop', scopes: [] }), { code: 'bad-input' });
    await assert.rejects(
      createApiKey(database, { name: 'shop', scopes: ['root' as 'admin'] }),
      /retrieve, customers, events, orders, write, privacy, metrics, admin/,
    );
    for (const rateLimit of [0, -1, 1.5, Number.NaN]) {
      await assert.rejects(createApiKey(database, { name: 'shop', scopes: ['admin'], rateLimit }), {
        code: 'bad-input',
      });
    }
  });
});

test('every dataset has a secret of its own to sign its visitors with, which stays', async () => {
  await using database = await createTestDatabase();
  const ids = await Promise.all(
    ['teapots', 'mugs'].map(
      async (name) => (await database.prisma.dataset.create({ data: { name, settings: {} } })).id,
    ),
  );
  const [first, second] = await Promise.all([signingSecrets(database), signingSecrets(database)]);
  assert.deepEqual(first, second);
  assert.equal(new Set(first.values()).size, 2);
  assert.equal(await signingSecret(database, ids[0]!), first.get(ids[0]!));
  await assert.rejects(signingSecret(database, crypto.randomUUID()), { code: 'not-found' });
});
