import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  browserOf,
  isHttps,
  issueSession,
  issueTicket,
  knownBrowser,
  sessionCookie,
  sessionOf,
  sessionSeconds,
  ticketOf,
} from './session.ts';

const now = Date.UTC(2024, 0, 1);

test('a session is valid until it ends, and not after, nor with another secret', () => {
  const { token, session } = issueSession('secret', now);
  assert.deepEqual(sessionOf(token, 'secret', now), session);
  assert.deepEqual(sessionOf(token, 'secret', now + sessionSeconds * 1000 - 1), session);
  assert.equal(sessionOf(token, 'secret', now + sessionSeconds * 1000), undefined);
  assert.equal(sessionOf(token, 'another secret', now), undefined);
});

test('a session whose end or id was changed is refused, and so is anything that is no token', () => {
  const [expires, id, signature] = issueSession('secret', now).token.split('.');
  const forged = [`${Number(expires) + 1}.${id}.${signature}`, `${expires}.${crypto.randomUUID()}.${signature}`];
  for (const token of [...forged, `${expires}.${id}.`, `${expires}.${id}`, expires, 'x.y.z', '', undefined]) {
    assert.equal(sessionOf(token, 'secret', now), undefined, String(token));
  }
});

test('a password’s ticket lasts five minutes and is no session, nor is a session a ticket', () => {
  const account = crypto.randomUUID();
  const ticket = issueTicket(account, 'secret', now);
  assert.equal(ticketOf(ticket, 'secret', now + 299_000), account);
  assert.equal(ticketOf(ticket, 'secret', now + 300_000), undefined);
  assert.equal(sessionOf(ticket, 'secret', now), undefined);
  assert.equal(ticketOf(issueSession('secret', now).token, 'secret', now), undefined);
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
