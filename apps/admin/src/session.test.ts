import assert from 'node:assert/strict';
import { test } from 'node:test';
import { issueSession, samePassword, sessionSeconds, validSession } from './session.ts';

const now = Date.UTC(2024, 0, 1);

test('a session is valid until it ends, and not after', () => {
  const token = issueSession('secret', 'password', now);
  assert.equal(validSession(token, 'secret', 'password', now), true);
  assert.equal(validSession(token, 'secret', 'password', now + sessionSeconds * 1000 - 1), true);
  assert.equal(validSession(token, 'secret', 'password', now + sessionSeconds * 1000), false);
});

test('a session ends when the secret or the password changes', () => {
  const token = issueSession('secret', 'password', now);
  assert.equal(validSession(token, 'another secret', 'password', now), false);
  assert.equal(validSession(token, 'secret', 'another password', now), false);
});

test('a session whose end was moved is refused, and so is anything that is no token', () => {
  const [expires, signature] = issueSession('secret', 'password', now).split('.');
  for (const token of [`${Number(expires) + 1}.${signature}`, `${expires}.`, expires, 'x.y', '', undefined]) {
    assert.equal(validSession(token, 'secret', 'password', now), false, String(token));
  }
});

test('only the whole password is the password', () => {
  assert.equal(samePassword('correct horse', 'correct horse'), true);
  for (const given of ['', 'correct', 'correct horse ', 'Correct horse']) {
    assert.equal(samePassword(given, 'correct horse'), false);
  }
});
