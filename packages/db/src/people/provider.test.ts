import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestDatabase } from '../testing.ts';
import { accountByProvider, changeRole, disableAccount, invite, linkOf, type Vouched } from './index.ts';

const issuer = 'https://id.example';
const vouched = (subject: string, email: string | undefined, role?: Vouched['role']): Vouched => ({
  ...{ issuer, subject, email, name: 'Ann', role },
});

test('a provider lets in who was invited or has a domain that may join, and keeps its word by subject', async () => {
  await using db = await createTestDatabase();
  const root = await accountByProvider(db, vouched('0', 'root@shop.example', 'admin'), ['shop.example']);
  assert.equal(root.role, 'admin');
  await assert.rejects(accountByProvider(db, vouched('1', 'ann@other.example'), ['shop.example']), /has invited/);
  await assert.rejects(accountByProvider(db, vouched('1', undefined), ['shop.example']), /no e-mail/);
  const { accountId, token } = await invite(db, { email: 'ann@other.example', name: 'Ann', role: 'analyst' });
  assert.equal((await accountByProvider(db, vouched('1', 'Ann@other.example'), [])).id, accountId);
  assert.equal(await linkOf(db, 'invitation', token), undefined, 'the invitation is used up');
  assert.equal((await accountByProvider(db, vouched('1', 'new-address@other.example'), [])).id, accountId);
  await assert.rejects(accountByProvider(db, vouched('2', 'ann@other.example'), []), /somebody else/);
  assert.equal((await accountByProvider(db, vouched('1', undefined, 'merchandiser'), [])).role, 'merchandiser');
  await disableAccount(db, accountId, true);
  await assert.rejects(accountByProvider(db, vouched('1', 'ann@other.example'), []), /disabled/);
  assert.equal((await accountByProvider(db, vouched('3', 'x@shop.example'), ['shop.example'])).role, 'viewer');
});

test('groups give roles at each log-in, but the last admin stays one', async () => {
  await using db = await createTestDatabase();
  const root = await accountByProvider(db, vouched('0', 'root@shop.example', 'admin'), ['shop.example']);
  assert.equal((await accountByProvider(db, vouched('0', 'root@shop.example', 'viewer'), [])).role, 'admin');
  const other = await accountByProvider(db, vouched('1', 'ann@shop.example', 'admin'), ['shop.example']);
  await changeRole(db, root.id, 'viewer');
  assert.equal(
    (await accountByProvider(db, vouched('0', 'root@shop.example'), [])).role,
    'viewer',
    'no group, no change',
  );
  assert.equal(other.role, 'admin');
});
