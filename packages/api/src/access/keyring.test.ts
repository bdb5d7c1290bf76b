import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { connect, createApiKey, type Database, revokeApiKey } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { openKeyring } from './keyring.ts';

const address = '203.0.113.7';

/** A key of the old form, which has no checksum: only a look-up says whether there is one. */
const oldKey = (n: number) => `duet_${String(n).padStart(40, '0')}`;
const store = (db: Database, key: string) =>
  db.prisma.apiKey.create({
    data: {
      name: 'old',
      prefix: key.slice(0, 13),
      hash: createHash('sha256').update(key).digest('hex'),
      scopes: ['retrieve'],
    },
  });

describe('the keyring', { concurrency: true }, () => {
  test('answers a key in use at once, and refuses it once it has read that it is revoked', async () => {
    await using db = await createTestDatabase();
    await using keyring = await openKeyring(db);
    const { id, key } = await createApiKey(db, { name: 'shop', scopes: ['retrieve'] });
    const found = await keyring.check(key, address);
    assert.equal(found!.name, 'shop');
    assert.equal(keyring.check(key, address), found, 'no promise');
    await revokeApiKey(db, id);
    await keyring.refresh();
    assert.equal(await keyring.check(key, address), undefined);
  });

  test('reads by itself that a key is revoked, within two seconds', async () => {
    await using db = await createTestDatabase();
    await using keyring = await openKeyring(db);
    const { id, key } = await createApiKey(db, { name: 'shop', scopes: ['retrieve'] });
    await keyring.check(key, address);
    await revokeApiKey(db, id);
    const revokedAt = performance.now();
    while ((await keyring.check(key, address)) !== undefined) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.ok(performance.now() - revokedAt < 10_000, 'ten seconds, on a machine however busy');
    }
  });

  test('refuses what cannot be a key, and for a while what was none, without asking the database', async () => {
    await using db = await createTestDatabase();
    let now = Date.now();
    await using keyring = await openKeyring(db, { now: () => now });
    const { key } = await createApiKey(db, { name: 'shop', scopes: ['retrieve'] });
    assert.equal(keyring.check(`${key.slice(0, -1)}${key.endsWith('A') ? 'B' : 'A'}`, address), undefined);
    assert.equal(await keyring.check(oldKey(1), address), undefined);
    await store(db, oldKey(1));
    assert.equal(keyring.check(oldKey(1), address), undefined);
    now += 5_000;
    assert.equal((await keyring.check(oldKey(1), address))!.name, 'old');
  });

  test('looks up a few unknown keys of an address, and those of others all the same', async () => {
    await using db = await createTestDatabase();
    const now = Date.now();
    await using keyring = await openKeyring(db, { now: () => now });
    for (let n = 0; n < 20; n++) assert.equal(await keyring.check(oldKey(n), address), undefined);
    await assert.rejects(async () => keyring.check(oldKey(20), address), { code: 'unavailable' });
    await assert.rejects(async () => keyring.check(oldKey(20), `::ffff:${address}`), { code: 'unavailable' });
    assert.equal(await keyring.check(oldKey(20), '2001:db8:1:2::1'), undefined);
    for (let n = 21; n < 40; n++) assert.equal(await keyring.check(oldKey(n), `2001:db8:1:2::${n}`), undefined);
    await assert.rejects(async () => keyring.check(oldKey(40), '2001:db8:1:2::40'), { code: 'unavailable' });
    const { key } = await createApiKey(db, { name: 'shop', scopes: ['retrieve'] });
    assert.equal((await keyring.check(key, '198.51.100.1'))!.name, 'shop');
  });

  test('knows the origins of publishable keys, and a secret for every dataset', async () => {
    await using db = await createTestDatabase();
    await using keyring = await openKeyring(db);
    const { id: datasetId } = await db.prisma.dataset.create({ data: { name: 'teapots', settings: {} } });
    const origins = ['https://shop.example'];
    const { key } = await createApiKey(db, {
      ...{ name: 'pages', kind: 'publishable', datasetId, scopes: ['retrieve'], origins },
    });
    await keyring.check(key, address);
    assert.equal(keyring.hasOrigin('https://shop.example'), true);
    assert.equal(keyring.hasOrigin('https://evil.example'), false);
    assert.match(keyring.secretOf(datasetId)!, /^vs_/);
    assert.equal(keyring.secretOf(crypto.randomUUID()), undefined);
  });

  test('says that the database does not answer where a key has to be looked up and it is away', async () => {
    await using db = await createTestDatabase();
    const { key } = await createApiKey(db, { name: 'shop', scopes: ['retrieve'] });
    const database = await connect(db.url);
    await using keyring = await openKeyring(database);
    await database[Symbol.asyncDispose]();
    await assert.rejects(async () => keyring.check(key, address));
  });
});
