import assert from 'node:assert/strict';
import { test } from 'node:test';
import { issueSession, nameIn, samePassword, sessionSeconds, validSession } from './session.ts';

const now = Date.UTC(2024, 0, 1);

test('a session is valid until it ends, and not after', () => {
  const token = issueSession('secret', 'password', 'ann', now);
  assert.equal(validSession(token, 'secret', 'password', now), true);
  assert.equal(validSession(token, 'secret', 'password', now + sessionSeconds * 1000 - 1), true);
  assert.equal(validSession(token, 'secret', 'password', now + sessionSeconds * 1000), false);
});

test('a session ends when the secret or the password changes', () => {
  const token = issueSession('secret', 'password', 'ann', now);
  assert.equal(validSession(token, 'another secret', 'password', now), false);
  assert.equal(validSession(token, 'secret', 'another password', now), false);
});

test('a session whose end or name was changed is refused, and so is anything that is no token', () => {
  const [expires, name, signature] = issueSession('secret', 'password', 'ann', now).split('.');
  const bob = Buffer.from('bob').toString('base64url');
  const moved = `${Number(expires) + 1}.${name}.${signature}`;
  const others = [`${expires}.${bob}.${signature}`, `${expires}.${signature}`, `${expires}.${name}.`];
  for (const token of [moved, ...others, expires, 'x.y.z', '', undefined]) {
    assert.equal(validSession(token, 'secret', 'password', now), false, String(token));
  }
});

test('a session says whose it is, whatever they are called', () => {
  for (const name of ['ann', 'Zoë Ångström', 'admin', 'a.b c']) {
    const token = issueSession('secret', 'password', name, now);
    assert.equal(validSession(token, 'secret', 'password', now), true);
    assert.equal(nameIn(token), name);
  }
});

test('only the whole password is the password', () => {
  assert.equal(samePassword('correct horse', 'correct horse'), true);
  for (const given of ['', 'correct', 'correct horse ', 'Correct horse']) {
    assert.equal(samePassword(given, 'correct horse'), false);
  }
});
