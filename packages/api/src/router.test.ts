import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openExecutor } from '@duet/artifact';
import { createLogger } from '@duet/base';
import { type ApiScope, connect, createApiKey, type Database, revokeApiKey } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { type EventSink, type LatencyLog, openEventSink, openLatencyLog } from '@duet/experiments';
import { openServing, type Serving } from '@duet/serving';
import type { TRPCError } from '@trpc/server';
import { authenticate, createKeyCheck } from './context.ts';
import { appRouter, createCaller } from './router.ts';

describe('the procedures', () => {
  let db: Database;
  let serving: Serving;
  let latency: LatencyLog;
  let events: EventSink;
  let dataDir: string;
  let clock = 0;
  before(async () => {
    db = await createTestDatabase();
    dataDir = await mkdtemp(path.join(tmpdir(), 'duet-api-'));
    const executor = await openExecutor({ executor: undefined, threads: 1 });
    const logger = createLogger({ logLevel: 'silent' }, 'test');
    serving = await openServing({ db, dataDir, executor, logger });
    events = openEventSink(db);
    latency = openLatencyLog(db, { onError: (error) => assert.fail(String(error)) });
  });
  after(async () => {
    await latency[Symbol.asyncDispose]();
    await serving[Symbol.asyncDispose]();
    await db[Symbol.asyncDispose]();
    await rm(dataDir, { recursive: true });
  });

  const as = (header: string | undefined, check = createKeyCheck(db)) =>
    createCaller({ db, serving, events, latency, authenticate: () => authenticate(header, check) });
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

  const calls: Record<string, { scope: ApiScope; call: (caller: ReturnType<typeof as>) => Promise<unknown> }> = {
    retrieve: { scope: 'retrieve', call: (caller) => caller.retrieve({ userId: 'u' }) },
    similarItems: { scope: 'retrieve', call: (caller) => caller.similarItems({ itemId: 'i' }) },
    similarUsers: { scope: 'retrieve', call: (caller) => caller.similarUsers({ userId: 'u' }) },
    search: { scope: 'retrieve', call: (caller) => caller.search({ query: 'mug' }) },
    'catalogue.shoppers': { scope: 'retrieve', call: (caller) => caller.catalogue.shoppers() },
    'catalogue.item': { scope: 'retrieve', call: (caller) => caller.catalogue.item({ itemId: 'i' }) },
    history: { scope: 'retrieve', call: (caller) => caller.history({ userId: 'u' }) },
    'events.log': { scope: 'events', call: (caller) => caller.events.log({ events: [] }) },
  };

  test('are all closed to a caller without a key, but for health', async () => {
    const names = Object.keys(appRouter._def.procedures).sort();
    assert.deepEqual(names, [...Object.keys(calls), 'health'].sort(), 'a new procedure needs a line above');
    for (const { call } of Object.values(calls)) assert.equal(await codeOf(call(as(undefined))), 'UNAUTHORIZED');
    assert.equal((await as(undefined).health()).status, 'starting');
    assert.equal((await as('Bearer duet_nonsense').health()).status, 'starting');
  });

  test('open to a key with their scope or admin, and to no other', async () => {
    const keys = { retrieve: await withScopes('retrieve'), events: await withScopes('events') };
    const admin = await withScopes('admin');
    for (const { scope, call } of Object.values(calls)) {
      const other = scope === 'retrieve' ? keys.events : keys.retrieve;
      assert.equal(await codeOf(call(as(other.header))), 'FORBIDDEN');
      // There is no model in this database, which is what an authorised caller is told.
      const open = scope === 'retrieve' ? 'SERVICE_UNAVAILABLE' : 'OK';
      assert.equal(await codeOf(call(as(keys[scope as 'retrieve'].header))), open);
      assert.equal(await codeOf(call(as(admin.header))), open);
    }
  });

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
      assert.equal(await codeOf(as(sent).history({ userId: 'u' })), 'UNAUTHORIZED');
    }
  });

  test('refuse a revoked key once it is no longer remembered, within two seconds', async () => {
    const { id, header } = await withScopes('retrieve');
    const check = createKeyCheck(db, () => clock);
    assert.equal(await codeOf(as(header, check).history({ userId: 'u' })), 'SERVICE_UNAVAILABLE');
    await revokeApiKey(db, id);
    clock += 2_000;
    assert.equal(await codeOf(as(header, check).history({ userId: 'u' })), 'UNAUTHORIZED');
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
    const { header } = await withScopes('admin');
    const caller = as(header, createKeyCheck(gone));
    for (const { call } of Object.values(calls)) assert.equal(await codeOf(call(caller)), 'SERVICE_UNAVAILABLE');
    const { events } = createCaller({
      db: gone,
      serving,
      events: openEventSink(gone),
      latency,
      authenticate: () => authenticate(header, createKeyCheck(db)),
    });
    const event = { ...shown, eventId: crypto.randomUUID() };
    assert.equal(await codeOf(events.log({ events: [event] })), 'SERVICE_UNAVAILABLE');
  });

  test('answer that they are unavailable while the database takes no writes: an event may come again later', async () => {
    const url = new URL(db.url);
    url.searchParams.set('options', '-c default_transaction_read_only=on');
    await using standby = await connect(url.href, { max: 1 });
    const { header } = await withScopes('events');
    const check = createKeyCheck(db);
    const { events } = createCaller({
      db: standby,
      serving,
      events: openEventSink(standby),
      latency,
      authenticate: () => authenticate(header, check),
    });
    const event = { ...shown, eventId: crypto.randomUUID() };
    await assert.rejects(events.log({ events: [event] }), {
      code: 'SERVICE_UNAVAILABLE',
      message: /^The database is read-only \(cannot execute .* in a read-only transaction\)\. Try again\.$/,
    });
  });

  test('refuse input out of bounds', async () => {
    const { header } = await withScopes('admin');
    for (const input of [
      { userId: '' },
      { userId: 'u', k: 0 },
      { userId: 'u', k: 101 },
      { userId: 'u', modelId: 'x' },
    ]) {
      assert.equal(await codeOf(as(header).retrieve(input)), 'BAD_REQUEST');
    }
  });
});
