import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { auditTrail } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { addDestination, listAlerts, listDestinations, raise, removeDestination, settle } from './alerts.ts';
import { deliverAlerts, tryDestination } from './deliver.ts';
import { alertOfRule, settleRules } from './watch.ts';

/** A receiver that answers with `status`, and keeps what it was sent. */
async function receiver() {
  const got: { body: string; signature: string }[] = [];
  const answer = { status: 200 };
  const server = createServer(async (request, response) => {
    got.push({ body: await text(request), signature: String(request.headers['duet-signature']) });
    response.writeHead(answer.status).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`;
  return { url, got, answer, [Symbol.dispose]: () => void server.close() };
}

test('an alert is told once while it is open, signed, to who wants its kind, and again after it was over', async () => {
  await using db = await createTestDatabase();
  using chat = await receiver();
  using pager = await receiver();
  const { id: datasetId } = await db.prisma.dataset.create({ data: { name: 'shop', settings: {}, status: 'done' } });
  const { secret } = await addDestination(db, { name: 'chat', url: chat.url }, { actor: 'ann' });
  await addDestination(db, { name: 'pager', url: pager.url, kinds: ['data-stopped'] });
  const stopped = { datasetId, kind: 'data-stopped', key: 'k', sentence: 'No event has come since noon.' } as const;
  assert.deepEqual([await raise(db, stopped), await raise(db, stopped)], [true, false]);
  await raise(db, { datasetId, kind: 'gate-held-back', key: 'other', sentence: 'Version 3 is held back.' });

  const now = new Date(Date.now() + 1000);
  // As of several workers, at once.
  await Promise.all([deliverAlerts(db, { now }), deliverAlerts(db, { now })]);
  await deliverAlerts(db, { now: new Date(now.getTime() + 60_000) });
  assert.deepEqual([chat.got.length, pager.got.length], [2, 1]);
  const { body, signature } = chat.got[0]!;
  const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature)!;
  assert.equal(createHmac('sha256', secret).update(`${t}.${body}`).digest('hex'), v1);
  assert.equal(Number(t), Math.floor(now.getTime() / 1000));
  const { text: shown, alert } = JSON.parse(body);
  assert.equal(shown, 'shop: No event has come since noon.');
  assert.deepEqual([alert.kind, alert.dataset], ['data-stopped', 'shop']);

  await settle(db.prisma, 'k');
  assert.equal(await raise(db, stopped), true);
  const open = (await listAlerts(db, datasetId)).filter(({ closedAt }) => closedAt === null);
  assert.deepEqual(open.map(({ key }) => key).sort(), ['k', 'other']);
});

test('what is not taken is tried again, later each time, and by that destination alone', async () => {
  await using db = await createTestDatabase();
  using sound = await receiver();
  using broken = await receiver();
  broken.answer.status = 500;
  await addDestination(db, { name: 'sound', url: sound.url });
  await addDestination(db, { name: 'broken', url: broken.url });
  await raise(db, { datasetId: null, kind: 'refresh-failed', key: 'k', sentence: 'The refresh failed.' });
  const row = () => db.prisma.alert.findFirstOrThrow();
  const start = Date.now() + 1000;
  let at = new Date(start);
  const waits: number[] = [];
  for (let tries = 1; tries <= 7; tries++) {
    await deliverAlerts(db, { now: at });
    const { nextTryAt, attempts, lastError, deliveredAt } = await row();
    assert.deepEqual([attempts, deliveredAt, lastError], [tries, null, 'broken: HTTP 500']);
    if (nextTryAt === null) break;
    waits.push(nextTryAt.getTime() - at.getTime());
    assert.deepEqual(await deliverAlerts(db, { now: at }), [], 'not before its time');
    at = nextTryAt;
  }
  assert.deepEqual(
    waits,
    waits.toSorted((a, b) => a - b),
  );
  assert.deepEqual([waits.length, sound.got.length, broken.got.length], [6, 1, 7]);
  await deliverAlerts(db, { now: new Date(at.getTime() + 86_400_000) });
  assert.equal(broken.got.length, 7, 'it is given up');
});

test('a destination that recovers, or whose host is not there, is told of in the alert', async () => {
  await using db = await createTestDatabase();
  using mended = await receiver();
  mended.answer.status = 503;
  await addDestination(db, { name: 'mended', url: mended.url });
  await raise(db, { datasetId: null, kind: 'refresh-failed', key: 'k', sentence: 'The refresh failed.' });
  const now = new Date(Date.now() + 1000);
  assert.deepEqual(
    (await deliverAlerts(db, { now })).map(({ error }) => error),
    ['HTTP 503'],
  );
  mended.answer.status = 204;
  const later = new Date(now.getTime() + 31_000);
  assert.deepEqual(
    (await deliverAlerts(db, { now: later })).map(({ ok }) => ok),
    [true],
  );
  assert.deepEqual((await db.prisma.alert.findFirstOrThrow()).deliveredAt, later);
});

test('a destination has a name of its own and a web address; its secret and its path are in no log and no list', async () => {
  await using db = await createTestDatabase();
  const url = 'https://chat.example/services/secret-path';
  await assert.rejects(addDestination(db, { name: 'x', url: 'ftp://chat.example' }), { code: 'bad-input' });
  await assert.rejects(addDestination(db, { name: 'x', url, kinds: ['nope' as 'test'] }), { code: 'bad-input' });
  const { id, secret } = await addDestination(db, { name: 'chat', url }, { actor: 'ann' });
  await assert.rejects(addDestination(db, { name: 'chat', url }), { code: 'conflict' });
  const records = JSON.stringify([await listDestinations(db), await auditTrail(db, 'alert-destination', id)]);
  assert.ok(records.includes('chat.example') && !records.includes('secret-path') && !records.includes(secret));
  await removeDestination(db, 'chat', { actor: 'ann' });
  await assert.rejects(removeDestination(db, 'chat'), { code: 'not-found' });
});

test('a destination is tried at once, signed, whatever kinds it asked for, and says why it does not take it', async () => {
  await using db = await createTestDatabase();
  using pager = await receiver();
  const { secret } = await addDestination(db, { name: 'pager', url: pager.url, kinds: ['data-stopped'] });
  await tryDestination(db, 'pager', { actor: 'ann' });
  const { body, signature } = pager.got[0]!;
  const [, t, v1] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature)!;
  assert.equal(createHmac('sha256', secret).update(`${t}.${body}`).digest('hex'), v1);
  assert.match(body, /ann tries whether alerts come to \\"pager\\"/);
  pager.answer.status = 404;
  await assert.rejects(tryDestination(db, 'pager'), /"pager" did not take it: HTTP 404\. See that 127\.0\.0\.1:\d+/);
  await assert.rejects(tryDestination(db, 'nobody'), { code: 'not-found' });
  assert.equal(await db.prisma.alert.count(), 0);
});

test('an alert of an experiment is open while the experiment runs that phase', async () => {
  await using db = await createTestDatabase();
  const { prisma } = db;
  const { id: datasetId } = await prisma.dataset.create({ data: { name: 'shop', settings: {}, status: 'done' } });
  const { id } = await prisma.experiment.create({ data: { name: 'e', datasetId, seed: 's', status: 'running' } });
  const found = { experiment: 'e', subject: 'ctr dat', says: 'dat harms the CTR.' };
  await alertOfRule(db, { ...found, rule: 'guardrail' });
  await alertOfRule(db, { ...found, rule: 'guardrail' });
  await alertOfRule(db, { ...found, rule: 'srm', subject: '' });
  const open = async () => {
    await settleRules(db);
    return (await listAlerts(db, datasetId)).flatMap(({ kind, closedAt }) => (closedAt === null ? [kind] : [])).sort();
  };
  assert.deepEqual(await open(), ['guardrail-broken', 'split-wrong']);
  await prisma.experiment.update({ where: { id }, data: { phase: 2 } });
  assert.deepEqual(await open(), []);
  await alertOfRule(db, { ...found, rule: 'srm', subject: '' });
  assert.deepEqual(await open(), ['split-wrong']);
  await prisma.experiment.update({ where: { id }, data: { status: 'stopped' } });
  assert.deepEqual(await open(), []);
});
