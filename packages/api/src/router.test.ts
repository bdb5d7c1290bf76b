import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openExecutor } from '@duet/artifact';
import { createLogger } from '@duet/base';
import { type ApiScope, connect, createApiKey, type Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { type EventSink, type LatencyLog, openEventSink, openLatencyLog } from '@duet/experiments';
import { openServing, type Serving } from '@duet/serving';
import type { TRPCError } from '@trpc/server';
import { type Keyring, openKeyring } from './access/keyring.ts';
import { createCaller } from './router.ts';
import { contextWith } from './testing.ts';

describe('the procedures', () => {
  let db: Database;
  let serving: Serving;
  let latency: LatencyLog;
  let events: EventSink;
  let keyring: Keyring;
  let dataDir: string;
  before(async () => {
    db = await createTestDatabase();
    dataDir = await mkdtemp(path.join(tmpdir(), 'duet-api-'));
    const executor = await openExecutor({ executor: undefined, threads: 1 });
    const logger = createLogger({ logLevel: 'silent' }, 'test');
    serving = await openServing({ db, dataDir, executor, logger });
    latency = openLatencyLog(db, { onError: (error) => assert.fail(String(error)) });
    keyring = await openKeyring(db);
    events = openEventSink(db);
  });
  after(async () => {
    await keyring[Symbol.asyncDispose]();
    await latency[Symbol.asyncDispose]();
    await serving[Symbol.asyncDispose]();
    await db[Symbol.asyncDispose]();
    await rm(dataDir, { recursive: true });
  });

  const as = (authorization: string | undefined, parts: { events?: EventSink } = {}) =>
    createCaller(contextWith({ db, serving, events, keyring, latency, ...parts }, { authorization }));
  const withScopes = async (...scopes: ApiScope[]) => {
    const made = await createApiKey(db, { name: scopes.join('+'), scopes });
    return { ...made, header: `Bearer ${made.key}` };
  };
  const codeOf = async (call: Promise<unknown>): Promise<string> => {
    try {
      await call;
      return 'OK';
    } catch (error) {
      return (error as TRPCError).code;
    }
  };
  const shown = { type: 'impression', occurredAt: new Date().toISOString(), userId: 'u', itemId: 'i' } as const;

  test('take a model by name from an admin only', async () => {
    const modelId = crypto.randomUUID();
    const { header } = await withScopes('retrieve', 'events');
    assert.equal(await codeOf(as(header).retrieve({ userId: 'u', modelId })), 'FORBIDDEN');
    assert.equal(await codeOf(as(header).similarItems({ itemId: 'i', modelId })), 'FORBIDDEN');
    const admin = await withScopes('admin');
    assert.equal(await codeOf(as(admin.header).retrieve({ userId: 'u', modelId })), 'NOT_FOUND');
  });

  test('refuse a key that is unknown, malformed or sent in another way', async () => {
    const { key, header } = await withScopes('retrieve');
    const changed = `${header.slice(0, -1)}${header.endsWith('A') ? 'B' : 'A'}`;
    for (const sent of [changed, key, `Basic ${key}`, 'Bearer', `Bearer ${key} ${key}`]) {
      assert.equal(await codeOf(as(sent).retrieve({ userId: 'u' })), 'UNAUTHORIZED');
    }
  });

  test('mark the events of a simulator as such, and of nobody else, whatever the sender says', async () => {
    for (const scopes of [['events'], ['events', 'simulate'], ['admin']] as ApiScope[][]) {
      const { header } = await withScopes(...scopes);
      const event = { ...shown, eventId: crypto.randomUUID(), simulated: !scopes.includes('simulate') };
      assert.equal((await as(header).events.log({ events: [event] })).accepted, 1);
      const { simulated } = await db.prisma.event.findFirstOrThrow({ where: { eventId: event.eventId } });
      assert.equal(simulated, scopes.includes('simulate'));
    }
  });

  test('take at most a thousand events, and of a batch all but the bad ones', async () => {
    const { header } = await withScopes('events');
    const { events } = as(header);
    const event = () => ({ ...shown, eventId: crypto.randomUUID() });
    assert.equal(await codeOf(events.log({ events: Array.from({ length: 1001 }, event) })), 'BAD_REQUEST');
    const good = event();
    const bad = { ...event(), itemId: undefined };
    const answer = await events.log({ events: [bad, good, null as never] });
    assert.equal(answer.accepted, 1);
    assert.deepEqual(
      answer.rejected.map(({ index }) => index),
      [0, 2],
    );
    assert.deepEqual(await events.log({ events: [good] }), { accepted: 0, repeated: 1, rejected: [] });
  });

  test('answer that they are unavailable, not broken, while the database is away', async () => {
    // Nothing listens on port 1 (tcpmux).
    await using gone = await connect('postgresql://duet:secret@127.0.0.1:1/duet');
    const { header } = await withScopes('events');
    const event = { ...shown, eventId: crypto.randomUUID() };
    const call = as(header, { events: openEventSink(gone) }).events.log({ events: [event] });
    assert.equal(await codeOf(call), 'SERVICE_UNAVAILABLE');
  });

  test('take no order that is worth more than the limit', async () => {
    const { header } = await withScopes('orders');
    const order = { type: 'order', occurredAt: shown.occurredAt, userId: 'u', currency: 'GBP' } as const;
    const events = [10_000_000, 10_000_001].map((valueMinor) => ({
      ...order,
      eventId: crypto.randomUUID(),
      valueMinor,
    }));
    const { accepted, rejected } = await as(header).events.log({ events });
    assert.equal(accepted, 1);
    assert.deepEqual(rejected, [
      { index: 1, reason: 'valueMinor: is more than £100,000.00, the most of an order line (DUET_ORDER_LIMIT)' },
    ]);
  });

  test('answer that they are unavailable while the database takes no writes: an event may come again later', async () => {
    const url = new URL(db.url);
    url.searchParams.set('options', '-c default_transaction_read_only=on');
    await using standby = await connect(url.href, { max: 1 });
    const { header } = await withScopes('events');
    const { events: onStandby } = as(header, { events: openEventSink(standby) });
    const event = { ...shown, eventId: crypto.randomUUID() };
    await assert.rejects(onStandby.log({ events: [event] }), {
      code: 'SERVICE_UNAVAILABLE',
      message: /^The database is read-only \(cannot execute .* in a read-only transaction\)\. Try again\.$/,
    });
  });

  test('refuse input out of bounds', async () => {
    const { header } = await withScopes('admin');
    for (const input of [
      { userId: '' },
      { userId: 'u', k: 0 },
      { userId: 'u', k: 1001 },
      { userId: 'u', modelId: 'x' },
    ]) {
      assert.equal(await codeOf(as(header).retrieve(input)), 'BAD_REQUEST');
    }
  });
});
