import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, test } from 'node:test';
import { DuetError, writeSecret } from '@duet/base';
import { Secret, TOTP } from 'otpauth';
import { createApiKey, listApiKeys } from '../api-keys.ts';
import { auditTrail } from '../audit.ts';
import type { Database } from '../database.ts';
import type { Role } from '../generated/client.ts';
import { createTestDatabase } from '../testing.ts';
import {
  accountByPassword,
  authorOf,
  beginSecondFactor,
  beginSession,
  changePassword,
  changeRole,
  confirmSecondFactor,
  disableAccount,
  endSecondFactor,
  firstPassword,
  followLink,
  invite,
  linkOf,
  listAccounts,
  makeFirstAdmin,
  mayDo,
  type Permission,
  permissions,
  personOf,
  refusal,
  removeAccount,
  renameAccount,
  resetLink,
  roles,
  takeCode,
} from './index.ts';
import { hashPassword } from './passwords.ts';

const password = 'wednesday-lamp-otter';
const key = 'the key of a data folder';
const isConflict = (error: unknown) => error instanceof DuetError && error.code === 'conflict';

const passwordHash = await hashPassword(password);

/** Somebody who was invited and came. */
const joined = ({ prisma }: Database, email: string, role: Role = 'admin') =>
  prisma.account.create({ data: { email, name: email.split('@')[0]!, role, passwordHash } });

async function sessionOf(db: Database, accountId: string): Promise<string> {
  const id = crypto.randomUUID();
  const expiresAt = new Date(Date.now() + 3_600_000);
  await beginSession(db, { id, accountId, expiresAt, address: '192.0.2.1', browser: 'Firefox' });
  return id;
}

test('a role may what the table says, only an admin may all, and a refusal says who may', () => {
  assert.deepEqual(Object.keys(permissions), [...roles.admin]);
  const refused = (role: keyof typeof roles) =>
    (Object.keys(permissions) as Permission[]).filter((permission) => !mayDo(role, permission));
  assert.deepEqual(refused('viewer'), ['merchandise', 'import', 'analyse', 'administer']);
  assert.deepEqual(refused('merchandiser'), ['analyse', 'administer']);
  assert.deepEqual(refused('analyst'), ['merchandise', 'administer']);
  assert.equal(
    refusal('viewer', 'merchandise'),
    'Your role, viewer, may not change rules, the catalogue and categories. That takes the role merchandiser or admin.',
  );
});

describe('joining', () => {
  test('the first admin has the password of the installation; there is one first', async () => {
    await using db = await createTestDatabase();
    const dataDir = await mkdtemp(path.join(tmpdir(), 'duet-people-'));
    writeSecret(dataDir, firstPassword, 'as before');
    assert.equal(await makeFirstAdmin(db, { dataDir, adminEmail: 'Admin@localhost' }), true);
    assert.equal(await makeFirstAdmin(db, { dataDir, adminEmail: 'b@localhost', adminPassword: 'another' }), false);
    await rm(dataDir, { recursive: true });
    assert.equal((await accountByPassword(db, ' admin@LOCALHOST', 'as before'))?.role, 'admin');
    assert.equal(await accountByPassword(db, 'admin@localhost', 'another'), undefined);
    assert.equal(await accountByPassword(db, 'nobody@localhost', 'as before'), undefined);
  });

  test('an invitation opens an account once, in time, and only the newest one', async () => {
    await using db = await createTestDatabase();
    const asked = { email: 'Ann@Shop.example', name: 'Ann', role: 'analyst' } as const;
    const first = await invite(db, asked);
    const second = await invite(db, asked);
    assert.equal(await linkOf(db, 'invitation', first.token), undefined, 'the one before');
    assert.equal(await linkOf(db, 'reset', second.token), undefined, 'another kind of link');
    assert.equal(await linkOf(db, 'invitation', second.token, second.expiresAt), undefined, 'a week later');
    assert.equal((await linkOf(db, 'invitation', second.token))?.email, 'ann@shop.example');
    assert.deepEqual(
      (await listAccounts(db)).map(({ state }) => state),
      ['invited'],
    );
    await assert.rejects(followLink(db, 'invitation', second.token, { password: 'ann@shop.example' }), /guessed/);
    await assert.rejects(followLink(db, 'invitation', second.token, { password: 'short' }), /5 characters/);
    const ann = await followLink(db, 'invitation', second.token, { name: 'Ann B', password });
    await assert.rejects(followLink(db, 'invitation', second.token, { password }), /works no longer/);
    await assert.rejects(invite(db, asked), isConflict);
    assert.deepEqual((await accountByPassword(db, ann.email, password))?.name, 'Ann B');
    assert.deepEqual(
      (await auditTrail(db, 'account', ann.id)).map(({ action, actor, accountId }) => [action, actor, accountId]),
      [
        ['join', 'ann@shop.example', ann.id],
        ['invite', 'duet', null],
        ['invite', 'duet', null],
      ],
    );
  });

  test('neither a password nor a token can be read in the database, nor in the log of changes', async () => {
    await using db = await createTestDatabase();
    const { accountId: id, token } = await invite(db, { email: 'ann@shop.example', name: 'Ann', role: 'admin' });
    await followLink(db, 'invitation', token, { password });
    const { token: reset } = await resetLink(db, id);
    const { secret } = await beginSecondFactor(db, id, key);
    const { rows } = await db.pool.query(
      'SELECT a::text, l::text, g::text FROM "Account" a, "AccountLink" l, "AuditLog" g',
    );
    const all = JSON.stringify(rows);
    for (const hidden of [password, token, reset, secret]) assert.ok(!all.includes(hidden));
    assert.ok(!JSON.stringify(await db.prisma.auditLog.findMany()).includes('scrypt'));
  });
});

describe('sessions', () => {
  test('end with a new role, a new password, a reset and being kept out, and a change spares one’s own', async () => {
    await using db = await createTestDatabase();
    await joined(db, 'root@shop.example');
    const { id } = await joined(db, 'ann@shop.example', 'analyst');
    const isOpen = async (session: string) => (await personOf(db, session)) !== undefined;
    const ends = async (name: string, change: () => Promise<unknown>) => {
      const session = await sessionOf(db, id);
      assert.ok(await isOpen(session), name);
      await change();
      assert.ok(!(await isOpen(session)), name);
    };
    await ends('role', () => changeRole(db, id, 'viewer'));
    await ends('reset', async () => {
      const { token } = await resetLink(db, id);
      await followLink(db, 'reset', token, { password });
    });
    await ends('second factor', () => endSecondFactor(db, id, {}));
    await ends('disable', () => disableAccount(db, id, true));
    assert.equal(await accountByPassword(db, 'ann@shop.example', password), undefined);
    await disableAccount(db, id, false);
    const [own, other] = [await sessionOf(db, id), await sessionOf(db, id)];
    const request = { before: password, password: 'seven purple harbours', session: own };
    await assert.rejects(changePassword(db, id, { ...request, before: 'wrong' }), /not your password/);
    await changePassword(db, id, request);
    assert.deepEqual([await isOpen(own), await isOpen(other)], [true, false]);
    assert.equal((await personOf(db, own))?.role, 'viewer');
    assert.equal(await personOf(db, own, new Date(Date.now() + 7_200_000)), undefined, 'past its end');
    await removeAccount(db, id, { revokeKeys: false });
    assert.equal(await personOf(db, own), undefined);
  });
});

test('the last admin stays one, whichever way and by however many at once that would end', async () => {
  await using db = await createTestDatabase();
  const [ann, bob] = [await joined(db, 'ann@shop.example'), await joined(db, 'bob@shop.example')];
  await invite(db, { email: 'not-here-yet@shop.example', name: 'C', role: 'admin' });
  const outcomes = await Promise.allSettled([changeRole(db, ann.id, 'viewer'), changeRole(db, bob.id, 'viewer')]);
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  const admin = await db.prisma.account.findFirstOrThrow({ where: { role: 'admin', passwordHash: { not: null } } });
  await assert.rejects(changeRole(db, admin.id, 'analyst'), isConflict);
  await assert.rejects(disableAccount(db, admin.id, true), isConflict);
  await assert.rejects(removeAccount(db, admin.id, { revokeKeys: false }), isConflict);
  assert.equal((await accountByPassword(db, admin.email, password))?.role, 'admin');
});

test('a new e-mail is one’s own', async () => {
  await using db = await createTestDatabase();
  const [ann, bob] = [await joined(db, 'ann@shop.example'), await joined(db, 'bob@shop.example')];
  await assert.rejects(renameAccount(db, ann.id, { email: 'BOB@shop.example', name: 'Ann' }), isConflict);
  await assert.rejects(renameAccount(db, ann.id, { email: 'no address', name: 'Ann' }), /e-mail/);
  assert.equal((await renameAccount(db, bob.id, { email: 'Bo@shop.example', name: 'Bo' })).email, 'bo@shop.example');
});

test('a key says who made it, and outlives them unless it is revoked with them', async () => {
  await using db = await createTestDatabase();
  await joined(db, 'root@shop.example');
  for (const revokeKeys of [false, true]) {
    const ann = await joined(db, 'ann@shop.example');
    await createApiKey(db, { name: `till ${revokeKeys}`, scopes: ['metrics'] }, authorOf(ann));
    assert.equal((await listAccounts(db)).find(({ id }) => id === ann.id)?.keys, 1);
    await removeAccount(db, ann.id, { revokeKeys }, { actor: 'root@shop.example' });
  }
  assert.deepEqual(
    (await listApiKeys(db)).map(({ name, madeBy, revokedAt }) => [name, madeBy, revokedAt !== null]),
    [
      ['till true', 'ann@shop.example', true],
      ['till false', 'ann@shop.example', false],
    ],
  );
});

test('a second factor is asked for once it is shown to work, takes no code twice, and has ten ways back', async () => {
  await using db = await createTestDatabase();
  const { id, email } = await joined(db, 'ann@shop.example');
  const author = { actor: email, accountId: id };
  const { secret, uri } = await beginSecondFactor(db, id, key);
  assert.match(uri, /^otpauth:\/\/totp\/Duet:ann%40shop\.example\?.*secret=/);
  // An authenticator of another make: RFC 6238 from the secret alone.
  const codeAt = (now: Date) => new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: now.getTime() });
  const now = new Date();
  const later = (seconds: number) => new Date(now.getTime() + 1000 * seconds);
  const take = (code: string, at: Date) => takeCode(db, id, { code, key }, at);
  await assert.rejects(confirmSecondFactor(db, id, { code: '000000', key }, { ...author, now: new Date(0) }), /code/);
  assert.equal((await accountByPassword(db, email, password))?.totpSince, null, 'not yet');
  const recovery = await confirmSecondFactor(db, id, { code: codeAt(now), key }, { ...author, now });
  assert.equal(new Set(recovery).size, 10);
  assert.notEqual((await accountByPassword(db, email, password))?.totpSince, null);
  assert.equal(await take(codeAt(now), now), false, 'the one that turned it on');
  assert.equal(await take(codeAt(later(60)), later(60)), true);
  assert.equal(await take(codeAt(later(60)), later(60)), false, 'a second time');
  assert.equal(await take(codeAt(later(120)), later(300)), false, 'too late');
  await assert.rejects(
    takeCode(db, id, { code: codeAt(later(300)), key: 'another folder’s' }, later(300)),
    /another key/,
  );
  assert.equal(await take(recovery[0]!.toUpperCase(), now), true);
  assert.equal(await take(recovery[0]!, now), false);
  assert.equal(await take('aaaa-aaaa-aaaa-aaaa', now), false);
  assert.equal((await db.prisma.account.findUniqueOrThrow({ where: { id } })).recoveryHashes.length, 9);
  await endSecondFactor(db, id, author);
  assert.equal(await take(recovery[1]!, now), false);
});
