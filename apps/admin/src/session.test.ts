import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  browserOf,
  isHttps,
  issueSession,
  knownBrowser,
  samePassword,
  sessionCookie,
  sessionOf,
  sessionSeconds,
} from './session.ts';

const now = Date.UTC(2024, 0, 1);

test('a session is valid until it ends, and not after', () => {
  const { token, session } = issueSession('secret', 'password', 'ann', now);
  assert.deepEqual(sessionOf(token, 'secret', 'password', now), session);
  assert.deepEqual(sessionOf(token, 'secret', 'password', now + sessionSeconds * 1000 - 1), session);
  assert.equal(sessionOf(token, 'secret', 'password', now + sessionSeconds * 1000), undefined);
});

test('a session ends when the secret or the password changes', () => {
  const { token } = issueSession('secret', 'password', 'ann', now);
  assert.equal(sessionOf(token, 'another secret', 'password', now), undefined);
  assert.equal(sessionOf(token, 'secret', 'another password', now), undefined);
});

test('a session whose end, id or name was changed is refused, and so is anything that is no token', () => {
  const [expires, id, name, signature] = issueSession('secret', 'password', 'ann', now).token.split('.');
  const bob = Buffer.from('bob').toString('base64url');
  const other = crypto.randomUUID();
  const forged = [
    `${Number(expires) + 1}.${id}.${name}.${signature}`,
    `${expires}.${other}.${name}.${signature}`,
    `${expires}.${id}.${bob}.${signature}`,
    `${expires}.${name}.${signature}`,
  ];
  for (const token of [...forged, `${expires}.${id}.${name}.`, expires, 'x.y.z', '', undefined]) {
    assert.equal(sessionOf(token, 'secret', 'password', now), undefined, String(token));
  }
});

test('a session says whose it is, whatever they are called', () => {
  for (const name of ['ann', 'Zoë Ångström', 'admin', 'a.b c']) {
    assert.equal(sessionOf(issueSession('s', 'p', name, now).token, 's', 'p', now)?.name, name);
  }
});

test('a browser that has logged in before is known by a mark that nobody else can make', () => {
  const mark = knownBrowser('secret');
  assert.ok(browserOf(mark, 'secret'));
  assert.equal(knownBrowser('secret', browserOf(mark, 'secret')), mark);
  for (const cookie of [mark.replace(/^./, 'x'), `${crypto.randomUUID()}.x`, '', undefined]) {
    assert.equal(browserOf(cookie, 'secret'), undefined);
  }
});

test('behind https the session’s cookie is this host’s alone', () => {
  assert.equal(sessionCookie(isHttps(new Headers({ 'x-forwarded-proto': 'https' }))), '__Host-duet_admin');
  assert.equal(sessionCookie(isHttps(new Headers())), 'duet_admin');
});

test('only the whole password is the password', () => {
  assert.equal(samePassword('correct horse', 'correct horse'), true);
  for (const given of ['', 'correct', 'correct horse ', 'Correct horse']) {
    assert.equal(samePassword(given, 'correct horse'), false);
  }
});
