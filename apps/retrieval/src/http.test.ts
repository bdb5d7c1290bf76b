import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { appRouter, type Operation, operationsOf } from '@duet/api';
import { createLogger, loadConfig } from '@duet/base';
import { type ApiScope, createApiKey } from '@duet/db';
import { runErasure } from '@duet/experiments';
import { createTinyShop, type TinyShop } from '@duet/ranking/testing';
import { buildModelIndex, openServing, type Serving } from '@duet/serving';
import { createTRPCClient, httpBatchLink, httpBatchStreamLink, httpLink } from '@trpc/client';
import { createServer, type ServerParts } from './server.ts';

const logger = createLogger({ logLevel: 'silent' }, 'test');
/** Port 0: any that is free. */
const config = { ...loadConfig({}), retrievalPort: 0, drainMs: 0 };

const event = { eventId: crypto.randomUUID(), type: 'impression', userId: 'u1', itemId: 'i1' };

const erasureId = '01a20f47-6a7c-710a-8ce2-9bb0d584dad6';

/** An input for each procedure: a new one needs a line here. */
const inputs: Record<string, object | undefined> = {
  retrieve: { userId: 'u4', k: 7, placement: 'home', exclude: ['i1', 'i2'] },
  similarItems: { itemId: 'i3', k: 5, filters: { price: { min: 1 } } },
  similarUsers: { userId: 'u1', k: 4 },
  search: { query: 'number', k: 4 },
  popular: { k: 5, window: 'all' },
  trending: { k: 5, window: 'day' },
  newArrivals: { k: 5, userId: 'u3' },
  recentlyViewed: { userId: 'u3' },
  boughtTogether: { k: 5, itemIds: ['i3', 'i4'] },
  'catalogue.shoppers': { limit: 3, search: 'u1' },
  'catalogue.item': { itemId: 'i7' },
  history: { userId: 'u2', limit: 4 },
  'events.log': { events: [{ ...event, occurredAt: new Date().toISOString() }, { type: 'click' }] },
  'items.put': { itemId: 'i7', title: 'Seven', priceMinor: 700 },
  'items.patch': { itemId: 'i7', title: 'Seven of them' },
  'items.delete': { itemId: 'i8' },
  'items.write': { items: [{ itemId: 'i9', title: 'Nine' }, { op: 'delete', itemId: 'i8' }, { itemId: '' }] },
  'users.write': { users: [{ userId: 'u1', attributes: { country: 'IT' } }] },
  'interactions.write': { interactions: [{ userId: 'u1', itemId: 'i7', time: '2026-01-01T00:00:00Z' }] },
  'users.identify': { anonymousId: 'visitor-1', userId: 'u1' },
  'users.export': { userId: 'u1' },
  'users.forget': { userId: 'nobody' },
  'users.erasure': { erasureId },
  'settings.get': undefined,
  'settings.patch': { demoteAfter: 0 },
  'visitors.create': undefined,
  health: undefined,
};

interface Failure {
  error: { message: string; code: number; data: { code: string; httpStatus: number; path?: string } };
}

describe('the service over HTTP', () => {
  let shop: TinyShop;
  let serving: Serving;
  let url: string;
  let close: () => Promise<void>;
  const keys: Partial<Record<ApiScope, string>> = {};
  const operations = operationsOf(appRouter);
  const keyOf = async (scope: ApiScope, rate: { rateLimit?: number; rateBurst?: number } = {}) =>
    (await createApiKey(shop.db, { name: scope, scopes: [scope], datasetId: shop.datasetId, ...rate })).key;
  const open = async (parts: Partial<ServerParts> = {}) => {
    const server = await createServer({ config, logger, db: shop.db, serving, ...parts });
    return { server, url: await server.listen() };
  };
  before(async () => {
    shop = await createTinyShop();
    await buildModelIndex(shop, { modelId: shop.dat });
    serving = await openServing({ ...shop, logger });
    const { datasetId } = shop;
    await shop.db.prisma.erasure.create({ data: { id: erasureId, datasetId, userId: 'gone', fingerprint: '00' } });
    for (const scope of ['retrieve', 'events', 'metrics', 'admin'] as const)
      keys[scope] = await keyOf(scope, { rateLimit: 100_000 });
    const opened = await open();
    url = opened.url;
    close = () => opened.server.drain();
  });
  after(async () => {
    await close();
    await serving[Symbol.asyncDispose]();
    await shop[Symbol.asyncDispose]();
  });

  const headers = (key: string | undefined) => ({
    'content-type': 'application/json',
    ...(key !== undefined && { authorization: `Bearer ${key}` }),
  });
  const answered = async (response: Response) => ({
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
    headers: response.headers,
  });
  const byTrpc = async ({ name }: Operation, input: unknown, key = keys.admin, at = url) =>
    answered(
      await fetch(`${at}/trpc/${name}`, { method: 'POST', headers: headers(key), body: JSON.stringify(input) ?? '' }),
    );
  const byRest = async ({ rest }: Operation, input: object | undefined, key = keys.admin, at = url) => {
    const { method } = rest;
    if (method === 'POST') {
      const body = JSON.stringify(input);
      return answered(await fetch(`${at}${rest.path}`, { method, headers: headers(key), body }));
    }
    const query = new URLSearchParams();
    const path = rest.path.replace(/\{(\w+)\}/g, (_, field) =>
      encodeURIComponent(String((input as Record<string, unknown> | undefined)?.[field] ?? 'x')),
    );
    for (const [name, value] of Object.entries(input ?? {})) {
      if (!rest.path.includes(`{${name}}`))
        query.append(name, typeof value === 'object' ? JSON.stringify(value) : String(value));
    }
    if (method === 'GET' || method === 'DELETE') {
      return answered(await fetch(`${at}${path}?${query}`, { method, headers: headers(key) }));
    }
    const { itemId: _, ...said } = input as { itemId: string };
    return answered(await fetch(`${at}${path}`, { method, headers: headers(key), body: JSON.stringify(said) }));
  };
  const operation = (name: string) => operations.find((one) => one.name === name)!;
  /** What differs between two calls of the same. */
  const lasting = ({ requestId: _, tookMs: __, ...rest }: Record<string, unknown>) =>
    'visitor' in rest ? Object.keys(rest) : rest;

  test('pages through a list without showing anything twice, to its end', async () => {
    const retrieve = operation('retrieve');
    const ask = async (more: object) =>
      (await byRest(retrieve, { userId: 'u4', rank: false, ...more })).body as {
        items: { itemId: string }[];
        nextCursor: string | null;
      };
    const whole = await ask({ k: 1000 });
    assert.equal(whole.nextCursor, null);
    const pages: string[] = [];
    let cursor: string | null | undefined;
    while (cursor !== null) {
      const page = await ask({ k: 40, ...(cursor && { cursor }) });
      pages.push(...page.items.map(({ itemId }) => itemId));
      cursor = page.nextCursor;
    }
    assert.deepEqual(
      pages,
      whole.items.map(({ itemId }) => itemId),
    );
    assert.equal((await byRest(retrieve, { userId: 'u4', cursor: 'x' })).status, 400);
  });

  test('shows nothing but what was bought where that is asked for', async () => {
    const { body } = await byRest(operation('retrieve'), { userId: 'u2', k: 100, seen: 'only' });
    const items = body.items as { itemId: string; reason: { kind: string } }[];
    const history = (await byRest(operation('history'), { userId: 'u2', limit: 500 })).body as unknown as typeof items;
    const sorted = (list: { itemId: string }[]) => [...new Set(list.map(({ itemId }) => itemId))].sort();
    assert.ok(items.length > 0);
    assert.deepEqual(sorted(items), sorted(history));
    assert.ok(items.every(({ reason }) => reason.kind === 'buy-again'));
    assert.deepEqual([body.source, body.fallbacks], ['bought', []]);
  });

  test('answers every procedure by REST as by tRPC, in the form that the document has', async () => {
    assert.deepEqual(Object.keys(inputs).sort(), operations.map(({ name }) => name).sort());
    for (const one of operations) {
      const input = inputs[one.name];
      const trpc = await byTrpc(one, input);
      const rest = await byRest(one, input);
      assert.equal(trpc.status, 200, `${one.name}: ${JSON.stringify(trpc.body)}`);
      assert.equal(rest.status, 200, `${one.name}: ${JSON.stringify(rest.body)}`);
      const { data } = trpc.body.result as { data: Record<string, unknown> };
      // The second of the two finds the event stored.
      if (one.name === 'events.log') assert.deepEqual([data.accepted, rest.body.repeated], [1, 1]);
      // The second of two writes finds everything as it says.
      else if (one.scopes?.includes('write')) assert.deepEqual(Object.keys(rest.body), Object.keys(data));
      else if (Array.isArray(data)) assert.deepEqual(rest.body, data);
      else assert.deepEqual(lasting(rest.body), lasting(data));
      // A schema drops the fields that it does not know: none may be missing from the document.
      assert.deepEqual(one.output.parse(rest.body), rest.body, one.name);
    }
  });

  test('a customer is told all that is kept of them, and forgotten, with the proof of it', async () => {
    const customer = { userId: 'u199' };
    const click = { ...event, ...customer, eventId: crypto.randomUUID(), occurredAt: new Date().toISOString() };
    await byRest(operation('events.log'), { events: [{ ...click, type: 'click' }] });
    await serving.refresh();
    const ask = () => byRest(operation('retrieve'), { ...customer, k: 5 });
    assert.match(String((await ask()).body.why), /1 since/);
    const { body: told } = await byRest(operation('users.export'), customer);
    const { Event: events, imported } = told as { Event: object[]; imported: { interactions: object[] } };
    assert.deepEqual([events.length, imported.interactions.length], [1, 16]);

    const asked = (await byRest(operation('users.forget'), customer)).body as { erasureId: string; status: string };
    assert.equal(asked.status, 'queued');
    // As the worker does.
    await runErasure(shop, asked.erasureId);
    const { body: proof } = await byRest(operation('users.erasure'), { erasureId: asked.erasureId });
    const { status, removed, left, remaining } = proof as {
      status: string;
      removed: Record<string, number>;
      left: Record<string, number>;
      remaining: { what: string }[];
    };
    assert.equal(status, 'done');
    assert.deepEqual([removed.Event, removed.interactions, removed.attributes], [1, 16, 1]);
    assert.ok(Object.values(left).every((rows) => rows === 0));
    assert.equal(remaining.filter(({ what }) => /^The model/.test(what)).length, 2);
    assert.doesNotMatch(JSON.stringify(await shop.db.prisma.erasure.findMany()), /u199/);
    // The first look may have begun before.
    for (let look = 0; look < 2; look++) await serving.refresh();
    assert.doesNotMatch(String((await ask()).body.why), /since/);
    const { body: after } = await byRest(operation('users.export'), customer);
    assert.deepEqual(after.imported, { interactions: [], pending: [], title: '', attributes: {} });
  });

  test('answers by REST for features, a filter, a context and a moment, each of which counts', async () => {
    const retrieve = operation('retrieve');
    const ask = async (input: object, key = keys.admin) => {
      const { status, body } = await byRest(retrieve, { k: 20, ...input }, key);
      assert.equal(status, 200, JSON.stringify(body));
      return body as { userId: string | null; why: string; items: { itemId: string; category: string }[] };
    };
    const features = { country: 'UK' };
    const nobody = await ask({ features });
    assert.equal(nobody.userId, null);
    const filters = { all: [{ category: ['lamps'] }, { price: { max: 1200 } }] };
    const lamps = await ask({ features, history: ['i40'], filters, context: { device: 'phone' } });
    assert.match(lamps.why, /1 since/);
    assert.ok(lamps.items.length > 5 && lamps.items.every(({ category }) => category === 'lamps'));
    for (const [input, message] of [
      [{ features: { planet: 'Mars' } }, /no "planet" of its users\. .*"country"/],
      [{ userId: 'u1', filters: { category: ['lamp'] } }, /There is "lamps"/],
      [{ userId: 'u1', at: 'yesterday' }, /at/],
    ] as const) {
      const { status, body } = await byRest(retrieve, input);
      assert.equal(status, 400);
      assert.match((body as unknown as Failure).error.message, message);
    }

    // What was clicked a moment ago was not known a year ago.
    const click = { ...event, type: 'click', userId: 'stranger', itemId: 'i3', occurredAt: new Date().toISOString() };
    await byRest(operation('events.log'), { events: [{ ...click, eventId: crypto.randomUUID() }] });
    await serving.refresh();
    const at = new Date(Date.now() - 365 * 86_400_000).toISOString();
    assert.match((await ask({ userId: 'stranger' })).why, /from 1 since/);
    assert.match((await ask({ userId: 'stranger', at })).why, /knows nothing of who asks/);
    assert.equal((await byRest(retrieve, { userId: 'stranger', at }, keys.retrieve)).status, 403);
  });

  test('has one form for every error, whoever makes it', async () => {
    const check = ({ status, body }: { status: number; body: unknown }, code: string, expected: number) => {
      const { error } = body as Failure;
      assert.deepEqual([status, error.data.httpStatus, error.data.code], [expected, expected, code]);
      assert.deepEqual(Object.keys(error), ['message', 'code', 'data']);
      assert.ok(error.message.length > 10 && !/\bat \S+:\d+/.test(error.message), error.message);
      return error;
    };
    for (const one of operations.filter(({ input }) => input !== undefined)) {
      const bad = { ...inputs[one.name], surprise: 'x' };
      const trpc = await byTrpc(one, bad);
      const rest = await byRest(one, bad);
      assert.match(check(rest, 'BAD_REQUEST', 400).message, /surprise/);
      assert.deepEqual(rest.body, trpc.body);
      const nobody = await byRest(one, inputs[one.name], '');
      assert.deepEqual(nobody.body, (await byTrpc(one, inputs[one.name], '')).body);
      check(nobody, 'UNAUTHORIZED', 401);
    }
    const missing = await byRest(operation('catalogue.item'), { itemId: 'i999' });
    assert.equal(check(missing, 'NOT_FOUND', 404).data.path, 'catalogue.item');
    check(await byRest(operation('retrieve'), { userId: 'u1' }, keys.events), 'FORBIDDEN', 403);
    check(await byRest(operation('retrieve'), { userId: 'x'.repeat(2_000_000) }), 'PAYLOAD_TOO_LARGE', 413);
    const post = async (type: string, body: string) =>
      answered(await fetch(`${url}/v1/retrieve`, { method: 'POST', headers: { 'content-type': type }, body }));
    check(await post('text/plain', '{"userId":"u1"}'), 'UNSUPPORTED_MEDIA_TYPE', 415);
    check(await post('application/json', '{"userId":'), 'PARSE_ERROR', 400);
    check(await answered(await fetch(`${url}/trpc/health?input={`)), 'PARSE_ERROR', 400);
    check(await answered(await fetch(`${url}/trpc/health,health`)), 'NOT_FOUND', 404);
    check(await answered(await fetch(`${url}/trpc/events.log`)), 'NOT_FOUND', 404);
  });

  test('answers ordinary clients of tRPC, whichever link they use', async () => {
    for (const [name, link] of Object.entries({ httpLink, httpBatchLink, httpBatchStreamLink })) {
      const asked: string[] = [];
      const spy: typeof fetch = (...request) => {
        asked.push(String(request[0]));
        return fetch(...request);
      };
      const authorization = `Bearer ${keys.retrieve}`;
      const client = createTRPCClient<typeof appRouter>({
        links: [link({ url: `${url}/trpc`, headers: { authorization }, fetch: spy as never })],
      });
      const [list, item, missing, forbidden] = await Promise.allSettled([
        client.retrieve.query({ userId: 'u1', k: 3 }),
        client.catalogue.item.query({ itemId: 'i7' }),
        client.catalogue.item.query({ itemId: 'i999' }),
        client.history.query({ userId: 'u1' }),
      ]);
      assert.equal(asked.length, name === 'httpLink' ? 4 : 1, name);
      assert.equal(list.status === 'fulfilled' && list.value.items.length, 3, name);
      assert.equal(item.status === 'fulfilled' && item.value.itemId, 'i7', name);
      const codes = [missing, forbidden].map((one) => one.status === 'rejected' && one.reason.data.code);
      assert.deepEqual(codes, ['NOT_FOUND', 'FORBIDDEN'], name);
      assert.equal((await client.health.query()).status, 'ok', name);
    }
  });

  test('counts each call of a batch against the key’s rate', async () => {
    const key = await keyOf('retrieve', { rateLimit: 1, rateBurst: 2 });
    const client = createTRPCClient<typeof appRouter>({
      links: [httpBatchLink({ url: `${url}/trpc`, headers: { authorization: `Bearer ${key}` } })],
    });
    const calls = Array.from({ length: 4 }, () => client.catalogue.item.query({ itemId: 'i7' }));
    const statuses = (await Promise.allSettled(calls)).map(({ status }) => status);
    assert.deepEqual(statuses.toSorted(), ['fulfilled', 'fulfilled', 'rejected', 'rejected']);
  });

  test('answers what is no HTTP, and headers without end, in the same form', async () => {
    const raw = async (text: string) => {
      const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
      socket.end(text);
      let answer = '';
      for await (const chunk of socket) answer += chunk;
      const [head, body] = answer.split('\r\n\r\n') as [string, string];
      return { status: Number(head.split(' ')[1]), body: JSON.parse(body) as Failure };
    };
    const nonsense = await raw('hello\r\n\r\n');
    assert.deepEqual([nonsense.status, nonsense.body.error.data.httpStatus], [400, 400]);
    const large = await raw(`GET / HTTP/1.1\r\nhost: x\r\nx-long: ${'a'.repeat(40_000)}\r\n\r\n`);
    assert.deepEqual([large.status, large.body.error.data.httpStatus], [431, 431]);
  });

  test('describes itself to programs and to people, on a page that loads nothing else', async () => {
    const document = (await (await fetch(`${url}/openapi.json`)).json()) as { openapi: string; paths: object };
    assert.match(document.openapi, /^3\.1/);
    assert.deepEqual(Object.keys(document.paths).sort(), [...new Set(operations.map(({ rest }) => rest.path))].sort());
    const response = await fetch(`${url}/reference`);
    assert.match(response.headers.get('content-type')!, /^text\/html/);
    const page = await response.text();
    for (const { name, rest } of operations) {
      assert.ok(page.includes(`<section id="${name}">`) && page.includes(rest.path), name);
    }
    assert.doesNotMatch(page, /<script|<link|<img|url\(|@import|undefined|\[object/);
  });

  test('holds each key to its own rate, and tells it with every answer', async () => {
    const slow = await keyOf('retrieve', { rateLimit: 1, rateBurst: 2 });
    const other = await keyOf('retrieve', { rateLimit: 1, rateBurst: 2 });
    const ask = (key: string) => byRest(operation('catalogue.item'), inputs['catalogue.item'], key);
    const [first, second, third] = [await ask(slow), await ask(slow), await ask(slow)];
    assert.deepEqual([first.status, second.status, third.status], [200, 200, 429]);
    assert.equal(first.headers.get('ratelimit-policy'), '"key";q=2;w=2');
    assert.equal(first.headers.get('ratelimit'), '"key";r=1;t=1');
    assert.equal(third.headers.get('retry-after'), '1');
    assert.equal((third.body as unknown as Failure).error.data.code, 'TOO_MANY_REQUESTS');
    assert.equal((await ask(other)).status, 200);
  });

  /** The same serving, whose `item` waits until it is let go. */
  const holding = () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const held: Serving = Object.create(serving, {
      item: { value: (request: Parameters<Serving['item']>[0]) => promise.then(() => serving.item(request)) },
      userVectorCache: { value: serving.userVectorCache },
      health: { value: () => serving.health() },
      plan: { get: () => serving.plan },
    });
    return { held, letGo: resolve };
  };

  test('answers with the id that a request brought, that of its trace, or a new one', async () => {
    const idOf = async (given: Record<string, string>) =>
      (await fetch(`${url}/v1/items/i1`, { headers: { ...headers(keys.admin), ...given } })).headers.get(
        'x-request-id',
      );
    assert.equal(await idOf({ 'x-request-id': 'shop-7:4.2' }), 'shop-7:4.2');
    const trace = '0af7651916cd43dd8448eb211c80319c';
    assert.equal(await idOf({ traceparent: `00-${trace}-b7ad6b7169203331-01` }), trace);
    assert.match((await idOf({ 'x-request-id': 'x'.repeat(500) }))!, /^[0-9a-f-]{36}$/);
  });

  test('cuts off a body that drips', async () => {
    const { port } = new URL(url);
    const slow = net.connect(Number(port), '127.0.0.1');
    slow.on('error', () => {});
    slow.write(
      'POST /v1/retrieve HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n{',
    );
    const drip = setInterval(() => slow.write(' '), 200);
    let response = '';
    slow.setEncoding('utf8').on('data', (text) => {
      response += text;
    });
    const began = Date.now();
    await once(slow, 'close');
    clearInterval(drip);
    assert.ok(Date.now() - began < 25_000);
    assert.match(response, /^HTTP\/1\.1 408 /);
  });

  test('takes no more requests than it can work on, and says when to come back', async () => {
    const { held, letGo } = holding();
    const { server, url: at } = await open({ serving: held, config: { ...config, maxInFlight: 2 } });
    const ask = () => byRest(operation('catalogue.item'), inputs['catalogue.item'], keys.retrieve, at);
    const taken = [ask(), ask()];
    const refused = await Promise.race([...taken, once(server.app.server, 'close'), eventually(ask, 503)]);
    assert.equal((refused as Awaited<ReturnType<typeof ask>>).status, 503);
    assert.equal((refused as Awaited<ReturnType<typeof ask>>).headers.get('retry-after'), '1');
    assert.equal((await fetch(`${at}/health`)).status, 200, 'whoever watches is let in');
    letGo();
    assert.deepEqual(
      (await Promise.all(taken)).map(({ status }) => status),
      [200, 200],
    );
    assert.equal((await ask()).status, 200);
    await server.drain();
  });

  test('answers in time, if only that it could not, and counts what still works', async () => {
    const { held, letGo } = holding();
    const { server, url: at } = await open({
      serving: held,
      config: { ...config, maxInFlight: 1, requestTimeoutMs: 30 },
    });
    const ask = () => byRest(operation('catalogue.item'), inputs['catalogue.item'], keys.retrieve, at);
    const late = await ask();
    assert.equal(late.status, 504);
    assert.match((late.body as unknown as Failure).error.message, /within 30 ms/);
    assert.equal((await ask()).status, 503, 'its work is still under way');
    letGo();
    await eventually(ask, 200);
    await server.drain();
  });

  test('tells its metrics to a key with that scope, and to nobody else', async () => {
    const scrape = (key?: string) => fetch(`${url}/metrics`, { headers: headers(key) });
    assert.equal((await scrape()).status, 401);
    assert.equal((await scrape('duet_nonsense')).status, 401);
    assert.equal((await scrape(keys.retrieve)).status, 403);
    assert.equal((await scrape(keys.admin)).status, 200);
    await byRest(operation('catalogue.item'), { itemId: 'i1' });
    const response = await scrape(keys.metrics);
    assert.match(response.headers.get('content-type')!, /^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    const value = (line: RegExp) => Number(line.exec(text)?.[1]);
    assert.ok(value(/^duet_requests_total\{procedure="catalogue\.item",status="200"\} (\d+)$/m) >= 1);
    assert.ok(value(/^duet_request_seconds_count\{procedure="retrieve"\} (\d+)$/m) >= 1);
    assert.ok(value(/^duet_refused_total\{reason="rate-limit"\} (\d+)$/m) >= 1);
    assert.ok(value(/^duet_events_total\{result="accepted"\} (\d+)$/m) >= 1);
    assert.ok(value(/^duet_user_vectors_total\{cache="miss"\} (\d+)$/m) >= 1);
    assert.equal(value(/^duet_requests_in_flight (\d+)$/m), 0);
    assert.equal(value(new RegExp(`^duet_index_vectors\\{.*model_id="${shop.dat}".*\\} (\\d+)$`, 'm')), 120);
    assert.ok(value(/^process_resident_memory_bytes (\d+)$/m) > 1e6);
  });

  test('stops under load without failing a request: who is told to leave finds another that answers', async () => {
    const leaving = await open({ config: { ...config, drainMs: 300 } });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
    const post = (at: string) =>
      new Promise<{ status: number; close: boolean }>((resolve, reject) => {
        const request = http.request(
          `${at}/v1/retrieve`,
          { method: 'POST', agent, headers: headers(keys.admin) },
          (answer) => {
            answer
              .resume()
              .on('end', () => resolve({ status: answer.statusCode!, close: answer.headers.connection === 'close' }));
            answer.on('error', reject);
          },
        );
        request.on('error', reject);
        request.end('{"userId":"u1","k":5}');
      });
    const counts = { before: 0, left: 0, after: 0 };
    const busy = Promise.withResolvers<void>();
    let stop = false;
    // As a load balancer does: an answer that closes its connection sends the next request elsewhere.
    const clients = Array.from({ length: 16 }, async () => {
      let at = leaving.url;
      while (!stop) {
        const { status, close } = await post(at);
        assert.equal(status, 200);
        if (at === url) counts.after += 1;
        else if (close) {
          counts.left += 1;
          at = url;
        } else if (++counts.before === 200) busy.resolve();
      }
    });
    try {
      await Promise.race([busy.promise, Promise.all(clients)]);
      const drained = leaving.server.drain();
      assert.equal((await fetch(`${leaving.url}/ready`)).status, 503);
      await drained;
    } finally {
      stop = true;
      await Promise.allSettled(clients);
      agent.destroy();
    }
    await Promise.all(clients);
    assert.equal(counts.left, 16);
    assert.ok(counts.after > 0);
    await assert.rejects(fetch(leaving.url), 'it has ended');
  });
});

/** Asks until the answer has the status. */
async function eventually<Answer extends { status: number }>(
  ask: () => Promise<Answer>,
  status: number,
): Promise<Answer> {
  for (;;) {
    const answer = await ask();
    if (answer.status === status) return answer;
  }
}
