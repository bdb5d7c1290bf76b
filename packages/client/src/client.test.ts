import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { signVisitor as signOnServer, visitorOf } from '@duet/api';
import { build } from 'esbuild';
import { createDuetClient } from './client.ts';
import { answerError } from './error.ts';
import { fullJitter, waitMs } from './retry.ts';
import { signVisitor } from './visitor.ts';

describe('the client', () => {
  test('has 10 KB at most in a page, and its beacon 3 KB, minified and compressed', async () => {
    const sizeOf = async (name: string) => {
      const entryPoints = [path.join(import.meta.dirname, name)];
      const options = { bundle: true, minify: true, write: false, format: 'esm', platform: 'neutral' } as const;
      const { outputFiles } = await build({ ...options, entryPoints });
      return gzipSync(outputFiles[0]!.contents, { level: 9 }).byteLength;
    };
    const [client, beacon] = [await sizeOf('client.ts'), await sizeOf('beacon.ts')];
    assert.ok(client <= 10_000 && beacon <= 3_000, `${client} and ${beacon} bytes`);
  });

  test('takes nothing into a bundle but itself', async () => {
    const files = (await readdir(import.meta.dirname)).filter(
      (name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'file-store.ts',
    );
    for (const name of files) {
      const code = stripTypeScriptTypes(await readFile(path.join(import.meta.dirname, name), 'utf8'));
      for (const [, from] of code.matchAll(/\bfrom '([^']+)'|\bimport\('([^']+)'\)/g)) {
        const inside = from?.startsWith('./') && files.includes(from.slice(2));
        assert.ok(inside, `${name} imports ${from} at run time`);
      }
    }
  });

  test('sends queries as POST, so that no user id stands in a URL', async () => {
    const asked: { url: string; method: string | undefined; body: unknown }[] = [];
    const spy: typeof fetch = async (url, init) => {
      asked.push({ url: String(url), method: init?.method, body: init?.body });
      return Response.json({ result: { data: [] } });
    };
    await createDuetClient({ url: 'http://shop.test/', fetch: spy }).history({ userId: 'ann', limit: 3 });
    assert.deepEqual(asked, [
      { url: 'http://shop.test/trpc/history', method: 'POST', body: '{"userId":"ann","limit":3}' },
    ]);
  });

  test('without consent asks for lists of nobody, logs nothing, and makes and sends no id', async () => {
    const asked: { url: string; body: unknown; visitor: string | null }[] = [];
    const spy: typeof fetch = async (url, init) => {
      const visitor = new Headers(init?.headers).get('x-duet-visitor');
      asked.push({ url: String(url), body: JSON.parse(String(init?.body)), visitor });
      return Response.json({ result: { data: { items: [] } } });
    };
    const client = createDuetClient({ url: 'http://shop.test', apiKey: 'pk_1', fetch: spy, consent: false });
    await client.retrieve({ k: 2 });
    await client.popular();
    assert.deepEqual(client.events.log({ type: 'click', itemId: 'mug' }), []);
    await client.close();
    assert.deepEqual(asked, [
      { url: 'http://shop.test/trpc/retrieve', body: { k: 2, consent: false }, visitor: null },
      { url: 'http://shop.test/trpc/popular', body: { consent: false }, visitor: null },
    ]);
  });

  test('tries a read again while the failure is transient, and a refusal never', async () => {
    const attempts = async (status: number) => {
      let calls = 0;
      const failing: typeof fetch = async () => {
        calls += 1;
        return Response.json({ error: { message: 'no', code: -32600, data: { httpStatus: status } } }, { status });
      };
      const client = createDuetClient({ url: 'http://shop.test', fetch: failing, retry: { baseDelayMs: 0 } });
      await assert.rejects(client.health(), { name: 'DuetClientError', status });
      return calls;
    };
    assert.equal(await attempts(503), 3);
    assert.equal(await attempts(429), 3);
    assert.equal(await attempts(403), 1);
    assert.equal(await attempts(400), 1);
  });

  test('gives a read up at once where its caller does, though it waits to try again', async () => {
    const given = new AbortController();
    const failing: typeof fetch = async () => {
      setTimeout(() => given.abort(), 5);
      return new Response('', { status: 503 });
    };
    const retry = { baseDelayMs: 60_000, maxDelayMs: 60_000, random: () => 0.99 };
    const client = createDuetClient({ url: 'http://shop.test', fetch: failing, retry, deadlineMs: 120_000 });
    await assert.rejects(client.health({ signal: given.signal }), { code: 'aborted', transient: false });
  });

  test('leaves the service alone for as long as it asks', async () => {
    const refused = (seconds: string) => {
      const error = { message: 'no', data: { httpStatus: 429 } };
      return answerError(
        { error },
        { status: 429, headers: new Headers({ 'retry-after': seconds }) },
        'http://shop.test',
      );
    };
    assert.equal(refused('3').retryAfterMs, 3000);
    assert.equal(refused('soon').retryAfterMs, undefined);
    const policy = { attempts: 3, baseDelayMs: 100, maxDelayMs: 5000, random: () => 0.5 };
    assert.equal(waitMs(1, policy, refused('3')), 3050);
    assert.equal(waitMs(1, policy, refused('60')), 60_050);
    assert.equal(waitMs(1, policy, refused('soon')), 50);
  });

  test('fails at once where the service asks for more time than there is', async () => {
    let calls = 0;
    const busy: typeof fetch = async () => {
      calls += 1;
      const error = { message: 'later', code: -32029, data: { httpStatus: 429 } };
      return Response.json({ error }, { status: 429, headers: { 'retry-after': '30' } });
    };
    const client = createDuetClient({ url: 'http://shop.test', fetch: busy });
    await assert.rejects(client.health(), { code: 'too-many-requests', retryAfterMs: 30_000 });
    assert.equal(calls, 1);
  });

  test('reads a date that the service asks to wait for', () => {
    const headers = new Headers({ 'retry-after': new Date(Date.now() + 60_000).toUTCString() });
    const { retryAfterMs } = answerError(undefined, { status: 503, headers }, 'http://shop.test');
    assert.ok(retryAfterMs! > 50_000 && retryAfterMs! <= 60_000, String(retryAfterMs));
  });

  test('keeps the status of an answer that is not JSON', async () => {
    for (const [status, code] of [
      [413, 'bad-input'],
      [503, 'unavailable'],
      [404, 'not-found'],
      [200, 'internal'],
    ] as const) {
      const proxy: typeof fetch = async () => new Response('<html>nginx</html>', { status });
      const client = createDuetClient({ url: 'http://shop.test', fetch: proxy, retry: { attempts: 1 } });
      await assert.rejects(client.health(), { code, status, message: /a proxy at this address/ });
    }
  });

  test('splits a batch that a proxy finds too large', async () => {
    const sizes: number[] = [];
    const proxy: typeof fetch = async (_, init) => {
      const { events } = JSON.parse(String(init?.body));
      if (events.length > 4) return new Response('<html>413</html>', { status: 413 });
      sizes.push(events.length);
      return Response.json({ result: { data: { accepted: events.length, repeated: 0, rejected: [] } } });
    };
    const client = createDuetClient({
      ...{ url: 'http://shop.test', fetch: proxy },
      events: { onDrop: () => assert.fail('dropped') },
    });
    client.events.log(...Array.from({ length: 10 }, () => ({ type: 'click', userId: 'ann', itemId: 'i' }) as const));
    await client.close();
    assert.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      10,
    );
  });

  test('ends a call at its deadline, all attempts and waits together', async () => {
    const silent: typeof fetch = (_, init) =>
      new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal!.reason)));
    const client = createDuetClient({
      ...{ url: 'http://shop.test', fetch: silent, timeoutMs: 60_000 },
      retry: { attempts: 100, baseDelayMs: 0 },
    });
    await assert.rejects(client.health({ deadlineMs: 20 }), { code: 'timeout', message: /within 20 ms/ });
  });

  test('is not made for what is no address', () => {
    for (const url of ['127.0.0.1:5602', '', 'shop.example', 'ftp://shop.example', '/duet']) {
      assert.throws(() => createDuetClient({ url }), { code: 'bad-input', message: /is no address/ }, url);
    }
  });

  test('says which service did not answer in time', async () => {
    const silent: typeof fetch = (_, init) =>
      new Promise((_resolve, reject) => init?.signal?.addEventListener('abort', () => reject(init.signal!.reason)));
    const client = createDuetClient({ url: 'http://shop.test', fetch: silent, timeoutMs: 5, retry: { attempts: 1 } });
    await assert.rejects(client.health(), {
      code: 'timeout',
      message: /http:\/\/shop\.test did not answer within 5 ms/,
    });
  });

  test('gives every event its id and time when it is logged, and keeps those that it was given', async () => {
    const sent: { eventId: string; occurredAt: string }[] = [];
    const taking: typeof fetch = async (_, init) => {
      sent.push(...JSON.parse(String(init?.body)).events);
      return Response.json({ result: { data: { accepted: 2, repeated: 0, rejected: [] } } });
    };
    const client = createDuetClient({ url: 'http://shop.test', fetch: taking, now: () => 0 });
    const given = { eventId: crypto.randomUUID(), occurredAt: '2026-01-31T12:00:00Z' };
    const ids = client.events.log(
      { type: 'click', userId: 'ann', itemId: 'i1' },
      { ...given, type: 'click', userId: 'ann', itemId: 'i2' },
    );
    await client.close();
    assert.deepEqual(
      sent.map(({ eventId, occurredAt }) => [eventId, occurredAt]),
      [
        [ids[0], '1970-01-01T00:00:00.000Z'],
        [given.eventId, given.occurredAt],
      ],
    );
  });

  test('waits no longer than the doubled bound, and may not wait at all', () => {
    const policy = { attempts: 9, baseDelayMs: 50, maxDelayMs: 2_000, random: () => 0.999999 };
    assert.deepEqual(
      [1, 2, 3, 7, 9].map((attempt) => Math.ceil(fullJitter(attempt, policy))),
      [50, 100, 200, 2_000, 2_000],
    );
    assert.equal(fullJitter(5, { ...policy, random: () => 0 }), 0);
  });

  test('tells an answer that is not Duet’s from one that is', () => {
    const proxy = answerError(undefined, { status: 502, headers: new Headers() }, 'http://shop.test');
    assert.equal(proxy.code, 'unavailable');
    assert.match(proxy.message, /Is another service or a proxy at this address/);
    const ours = answerError(
      { error: { message: 'There is no item i9.', data: { httpStatus: 404 } } },
      { status: 404, headers: new Headers() },
      'http://shop.test',
    );
    assert.deepEqual([ours.code, ours.message, ours.transient], ['not-found', 'There is no item i9.', false]);
  });
});

describe('the client of a page', () => {
  const answer = (data: unknown) => Response.json({ result: { data } });

  test('sends the visitor whom the shop’s server signed, and lets events say whose they are', async () => {
    const asked: { path: string; visitor: string | null; events?: { visitor?: string }[] }[] = [];
    const spy: typeof fetch = async (url, init) => {
      const path = new URL(String(url)).pathname;
      const { events } = JSON.parse(String(init?.body ?? 'null')) ?? {};
      asked.push({ path, visitor: new Headers(init?.headers).get('x-duet-visitor'), ...(events && { events }) });
      return answer(path.endsWith('log') ? { accepted: 1, repeated: 0, rejected: [] } : { items: [] });
    };
    const visitor = await signVisitor('vs_secret', 'ann');
    const client = createDuetClient({ url: 'http://shop.test', apiKey: 'pk_x', visitor, fetch: spy });
    await client.retrieve({});
    client.events.log({ type: 'click', itemId: 'i1' });
    await client.close();
    assert.deepEqual(
      asked.map(({ path, visitor: sent }) => [path, sent]),
      [
        ['/trpc/retrieve', visitor],
        ['/trpc/events.log', visitor],
      ],
    );
    assert.equal(asked[1]!.events![0]!.visitor, visitor);
  });

  test('has Duet make a visitor at the first call, one for all, and a new one where it is not good any more', async () => {
    let made = 0;
    const refused = { message: 'no', code: -32001, data: { httpStatus: 401 } };
    const service: typeof fetch = async (url, init) => {
      if (String(url).endsWith('visitors.create')) return answer({ userId: 'v', visitor: `v${++made}.mac` });
      const sent = new Headers(init?.headers).get('x-duet-visitor');
      return sent === 'v1.mac' && made < 2 && String(url).endsWith('history')
        ? Response.json({ error: refused }, { status: 401 })
        : answer([sent]);
    };
    const client = createDuetClient({ url: 'http://shop.test', apiKey: 'pk_x', fetch: service });
    const both = await Promise.all([client.catalogue.shoppers(), client.catalogue.shoppers()]);
    assert.deepEqual(both, [['v1.mac'], ['v1.mac']]);
    assert.deepEqual(await client.history({ userId: 'v' }), ['v2.mac']);
    assert.equal(await client.visitor(), 'v2.mac');
  });

  test('signs as the service reads it, whatever the id', async () => {
    for (const id of ['ann', 'a.b', 'Zoë 🫖', '']) {
      assert.equal(await signVisitor('vs_secret', id), signOnServer('vs_secret', id));
    }
    assert.equal(visitorOf('vs_secret', await signVisitor('vs_secret', 'a.b')), 'a.b');
    // By another program: printf ann | openssl dgst -sha256 -hmac vs_secret
    const byOpenssl = '32b2d96c3187eaa9a2832a99650d44b8b3629ade563dd4dbc7e37799d0ccf697';
    assert.equal(await signVisitor('vs_secret', 'ann'), `ann.${byOpenssl}`);
  });
});
