import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openExecutor } from '@duet/artifact';
import { createLogger } from '@duet/base';
import { type ApiScope, apiScope, createApiKey, type Database, revokeApiKey, signingSecret } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { openEventSink, openLatencyLog } from '@duet/experiments';
import { openServing } from '@duet/serving';
import type { TRPCError } from '@trpc/server';
import { openKeyring } from './access/keyring.ts';
import { newRequestId } from './access/request-id.ts';
import { signVisitor } from './access/visitor.ts';
import type { Credentials } from './context.ts';
import { appRouter, createCaller } from './router.ts';
import { type ContextParts, contextWith } from './testing.ts';

type Calls = ReturnType<typeof createCaller>;

const origin = 'https://shop.example';
const erasureId = '01a20f47-6a7c-710a-8ce2-9bb0d584dad6';
const event = (type: string, more: object = {}) => {
  const value = type === 'order' || type === 'refund' ? { valueMinor: 100, currency: 'GBP' } : {};
  const occurredAt = new Date().toISOString();
  return { eventId: crypto.randomUUID(), type, occurredAt, itemId: 'i', ...value, ...more } as never;
};

/**
 * Every procedure with the scopes of which one opens it, and whether a publishable key does: a new one needs a line
 * here.
 */
const procedures: Record<
  string,
  { scopes: ApiScope[]; publishable: boolean; call: (calls: Calls) => Promise<unknown> }
> = {
  retrieve: { scopes: ['retrieve'], publishable: true, call: (calls) => calls.retrieve({ userId: 'ann' }) },
  search: { scopes: ['retrieve'], publishable: true, call: (calls) => calls.search({ query: 'mug', userId: 'ann' }) },
  similarItems: { scopes: ['retrieve'], publishable: true, call: (calls) => calls.similarItems({ itemId: 'i' }) },
  popular: { scopes: ['retrieve'], publishable: true, call: (calls) => calls.popular({ userId: 'ann' }) },
  trending: { scopes: ['retrieve'], publishable: true, call: (calls) => calls.trending({ userId: 'ann' }) },
  newArrivals: { scopes: ['retrieve'], publishable: true, call: (calls) => calls.newArrivals({ userId: 'ann' }) },
  recentlyViewed: { scopes: ['retrieve'], publishable: true, call: (calls) => calls.recentlyViewed({ userId: 'ann' }) },
  boughtTogether: {
    scopes: ['retrieve'],
    publishable: true,
    call: (calls) => calls.boughtTogether({ itemIds: ['i'], userId: 'ann' }),
  },
  similarUsers: { scopes: ['customers'], publishable: false, call: (calls) => calls.similarUsers({ userId: 'ann' }) },
  'catalogue.item': { scopes: ['retrieve'], publishable: true, call: (calls) => calls.catalogue.item({ itemId: 'i' }) },
  'catalogue.shoppers': { scopes: ['customers'], publishable: false, call: (calls) => calls.catalogue.shoppers() },
  history: { scopes: ['customers'], publishable: false, call: (calls) => calls.history({ userId: 'ann' }) },
  'items.put': { scopes: ['write'], publishable: false, call: (calls) => calls.items.put({ itemId: 'x' }) },
  'items.patch': { scopes: ['write'], publishable: false, call: (calls) => calls.items.patch({ itemId: 'pot' }) },
  'items.delete': { scopes: ['write'], publishable: false, call: (calls) => calls.items.delete({ itemId: 'pot' }) },
  'items.write': { scopes: ['write'], publishable: false, call: (calls) => calls.items.write({ items: [] }) },
  'users.write': { scopes: ['write'], publishable: false, call: (calls) => calls.users.write({ users: [] }) },
  'interactions.write': {
    ...{ scopes: ['write'], publishable: false },
    call: (calls) => calls.interactions.write({ interactions: [] }),
  },
  'settings.get': { scopes: ['write'], publishable: false, call: (calls) => calls.settings.get() },
  'settings.patch': {
    scopes: ['write'],
    publishable: false,
    call: (calls) => calls.settings.patch({ demoteAfter: 3 }),
  },
  'users.identify': {
    ...{ scopes: ['write'], publishable: false },
    call: (calls) => calls.users.identify({ anonymousId: 'visitor-1', userId: 'ann' }),
  },
  'users.export': {
    ...{ scopes: ['privacy'], publishable: false },
    call: (calls) => calls.users.export({ userId: 'nobody' }),
  },
  'users.forget': {
    ...{ scopes: ['privacy'], publishable: false },
    call: (calls) => calls.users.forget({ userId: 'nobody' }),
  },
  'users.erasure': {
    ...{ scopes: ['privacy'], publishable: false },
    call: (calls) => calls.users.erasure({ erasureId }),
  },
  'visitors.create': { scopes: ['retrieve'], publishable: true, call: (calls) => calls.visitors.create() },
  'events.log': {
    scopes: ['events', 'orders'],
    publishable: true,
    call: (calls) => calls.events.log({ events: [event('click', { userId: 'ann' })] }),
  },
};

/** Every type of event with the scope that it needs. */
const events: Record<string, ApiScope> = {
  impression: 'events',
  click: 'events',
  cart: 'events',
  order: 'orders',
  refund: 'orders',
  dislike: 'events',
};

describe('access', () => {
  let db: Database;
  let parts: ContextParts;
  let datasetId: string;
  let secret: string;
  const opened = new AsyncDisposableStack();
  before(async () => {
    db = opened.use(await createTestDatabase());
    const dataDir = await mkdtemp(path.join(tmpdir(), 'duet-access-'));
    opened.defer(() => rm(dataDir, { recursive: true }));
    datasetId = (await db.prisma.dataset.create({ data: { name: 'teapots', settings: {} } })).id;
    await db.prisma.erasure.create({ data: { id: erasureId, datasetId, fingerprint: '00', status: 'done' } });
    await db.prisma.item.create({ data: { datasetId, externalId: 'pot' } });
    secret = await signingSecret(db, datasetId);
    const executor = await openExecutor({ executor: undefined, threads: 1 });
    const logger = createLogger({ logLevel: 'silent' }, 'test');
    const serving = opened.use(await openServing({ db, dataDir, executor, logger }));
    const latency = opened.use(openLatencyLog(db, { onError: (error) => assert.fail(String(error)) }));
    parts = { db, serving, events: openEventSink(db), latency, keyring: opened.use(await openKeyring(db)) };
  });
  after(() => opened.disposeAsync());

  const callsOf = (key: string | undefined, more: Partial<Credentials> = {}): Calls =>
    createCaller(contextWith(parts, { ...(key !== undefined && { authorization: `Bearer ${key}` }), ...more }));
  /** What an authorised caller is told counts as open: there is no model in this database, and no item. */
  const outcome = async (call: Promise<unknown>): Promise<string> => {
    try {
      await call;
      return 'open';
    } catch (error) {
      const { code } = error as TRPCError;
      return code === 'SERVICE_UNAVAILABLE' ? 'open' : code;
    }
  };
  const secretKey = async (...scopes: ApiScope[]) =>
    (await createApiKey(db, { name: scopes.join('+'), datasetId, scopes })).key;
  const publishableKey = async (...scopes: ApiScope[]) =>
    (await createApiKey(db, { name: 'pages', kind: 'publishable', datasetId, scopes, origins: [origin] })).key;

  /** What every procedure says to a caller. */
  const walk = async (calls: Calls): Promise<Record<string, string>> => {
    const outcomes = Object.entries(procedures).map(async ([name, { call }]) => [name, await outcome(call(calls))]);
    return Object.fromEntries(await Promise.all(outcomes));
  };
  const expected = (of: (procedure: (typeof procedures)[string]) => string) =>
    Object.fromEntries(Object.entries(procedures).map(([name, procedure]) => [name, of(procedure)]));

  test('has a line for every procedure', () => {
    const names = Object.keys(appRouter._def.procedures).filter((name) => name !== 'health');
    assert.deepEqual(Object.keys(procedures).sort(), names.sort());
  });

  test('nobody’s, and with a key that is unknown or revoked, is to health alone', async () => {
    const revoked = await createApiKey(db, { name: 'old', datasetId, scopes: ['admin'] });
    assert.deepEqual(
      await walk(callsOf(revoked.key)),
      expected(() => 'open'),
    );
    await revokeApiKey(db, revoked.id);
    await parts.keyring.refresh();
    for (const key of [undefined, 'nonsense', `duet_${'x'.repeat(40)}`, revoked.key]) {
      assert.deepEqual(
        await walk(callsOf(key)),
        expected(() => 'UNAUTHORIZED'),
        key,
      );
      assert.equal((await callsOf(key).health()).status, 'starting');
    }
  });

  for (const scope of apiScope.options) {
    test(`with a secret key of the scope ${scope} is to what needs it`, async () => {
      const mayCall = ({ scopes }: { scopes: ApiScope[] }) => scope === 'admin' || scopes.includes(scope);
      const outcomes = await walk(callsOf(await secretKey(scope)));
      assert.deepEqual(
        outcomes,
        expected((procedure) => (mayCall(procedure) ? 'open' : 'FORBIDDEN')),
      );
    });
  }

  test('with a key from before keys had kinds is to what it was', async () => {
    const key = `duet_${'k'.repeat(40)}`;
    // As the migration leaves a key of the scopes retrieve and events.
    const scopes = ['retrieve', 'events', 'customers', 'orders'];
    const hash = createHash('sha256').update(key).digest('hex');
    await db.prisma.apiKey.create({ data: { name: 'old', prefix: key.slice(0, 13), hash, scopes } });
    const outcomes = await walk(callsOf(key));
    // Visitors are signed for a dataset, which it has none of; nothing was written or erased over the API then.
    const before = expected((one) => (one.scopes.some((scope) => scopes.includes(scope)) ? 'open' : 'FORBIDDEN'));
    assert.deepEqual(outcomes, { ...before, 'visitors.create': 'BAD_REQUEST' });
  });

  test('with a publishable key is to what concerns its visitor', async () => {
    const key = await publishableKey('retrieve', 'events');
    const visitor = signVisitor(secret, 'ann');
    const answers = await walk(callsOf(key, { origin, visitor }));
    assert.deepEqual(
      answers,
      expected(({ publishable }) => (publishable ? 'open' : 'FORBIDDEN')),
    );
    const ofUser = ['retrieve', 'search', 'popular', 'trending', 'newArrivals', 'recentlyViewed', 'boughtTogether'];
    const others = { ...answers, ...Object.fromEntries(ofUser.map((name) => [name, 'FORBIDDEN'])) };
    assert.deepEqual(await walk(callsOf(key, { origin, visitor: signVisitor(secret, 'bob') })), others);
    assert.deepEqual(await walk(callsOf(key, { origin })), others, 'without a signed id');
    const scopes = await walk(callsOf(await publishableKey('events'), { origin, visitor }));
    assert.deepEqual(
      scopes,
      expected(({ scopes }) => (scopes.includes('events') ? 'open' : 'FORBIDDEN')),
    );
  });

  test('with a publishable key from another origin, or with a forged visitor, is to nothing', async () => {
    const key = await publishableKey('retrieve', 'events');
    const visitor = signVisitor(secret, 'ann');
    const forged = [
      { visitor },
      { origin: 'https://evil.example', visitor },
      { origin: 'null', visitor },
      { origin, visitor: 'ann' },
      { origin, visitor: `bob${visitor.slice(3)}` },
      { origin, visitor: signVisitor('another secret', 'ann') },
      { origin, visitor: `${visitor}0` },
      { origin, visitor: '.' },
    ];
    for (const credentials of forged) {
      assert.deepEqual(
        await walk(callsOf(key, credentials)),
        expected(() => 'UNAUTHORIZED'),
        JSON.stringify(credentials),
      );
    }
  });

  /** The types of event that a caller may log, as stored, by whom. */
  const logged = async (calls: Calls, more: object = {}) => {
    const batch = Object.keys(events).map((type) => event(type, more));
    const { rejected } = await calls.events.log({ events: batch });
    return Object.keys(events).filter((_, at) => rejected.every(({ index }) => index !== at));
  };
  const typesOf = (scope: ApiScope) => Object.keys(events).filter((type) => events[type] === scope);

  test('to events is by their type', async () => {
    for (const scope of ['events', 'orders'] as const) {
      assert.deepEqual(await logged(callsOf(await secretKey(scope)), { userId: 'ann' }), typesOf(scope));
    }
    const visitor = signVisitor(secret, 'ann');
    const pages = callsOf(await publishableKey('events'), { origin, visitor });
    assert.deepEqual(await logged(pages), typesOf('events'));
    assert.deepEqual(await logged(pages, { userId: 'ann' }), typesOf('events'));
    assert.deepEqual(await logged(pages, { userId: 'bob' }), [], 'of somebody else');
    assert.deepEqual(await logged(callsOf(await publishableKey('events'), { origin })), [], 'of nobody');
  });

  test('to a page’s events is for lists that its visitor was answered with', async () => {
    const pages = callsOf(await publishableKey('events'), { origin, visitor: signVisitor(secret, 'ann') });
    const mayLog = async (requestId: string) => (await logged(pages, { requestId })).length > 0;
    assert.equal(await mayLog(newRequestId(secret, 'ann')), true);
    assert.equal(await mayLog(newRequestId(secret, '')), true, 'a list that was for nobody in particular');
    assert.equal(await mayLog(newRequestId(secret, 'bob')), false);
    assert.equal(await mayLog(newRequestId('another secret', 'ann')), false);
    assert.equal(await mayLog(crypto.randomUUID()), false);
  });

  test('to an event goes by the visitor whose it was, though another one has come since', async () => {
    const pages = callsOf(await publishableKey('events'), { origin, visitor: signVisitor(secret, 'bob') });
    const earlier = event('click', { visitor: signVisitor(secret, 'ann') }) as { eventId: string };
    assert.equal((await pages.events.log({ events: [earlier as never] })).accepted, 1);
    const { userId, datasetId: of } = await db.prisma.event.findFirstOrThrow({ where: { eventId: earlier.eventId } });
    assert.deepEqual([userId, of], ['ann', datasetId]);
  });

  test('of a visitor who has no id yet begins with one that Duet makes', async () => {
    const key = await publishableKey('retrieve', 'events');
    const { userId, visitor } = await callsOf(key, { origin }).visitors.create();
    const click = event('click') as { eventId: string };
    assert.equal((await callsOf(key, { origin, visitor }).events.log({ events: [click as never] })).accepted, 1);
    const stored = await db.prisma.event.findFirstOrThrow({ where: { eventId: click.eventId } });
    assert.equal(stored.userId, userId);
  });
});
