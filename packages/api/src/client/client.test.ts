import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { describe, test } from 'node:test';
import { createDuetClient } from './client.ts';
import { clientError } from './error.ts';
import { fullJitter, waitMs } from './retry.ts';

describe('the client', () => {
  test("takes nothing into a browser's bundle but itself and tRPC's client", async () => {
    const files = (await readdir(import.meta.dirname)).filter(
      (name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && name !== 'file-store.ts',
    );
    for (const name of files) {
      const code = stripTypeScriptTypes(await readFile(path.join(import.meta.dirname, name), 'utf8'));
      for (const [, from] of code.matchAll(/\bfrom '([^']+)'|\bimport\('([^']+)'\)/g)) {
        const inside = from?.startsWith('./') && files.includes(from.slice(2));
        assert.ok(inside || from === '@trpc/client', `${name} imports ${from} at run time`);
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
    const client = createDuetClient({ url: 'http://shop.test', fetch: failing, retry });
    await assert.rejects(client.health({ signal: given.signal }), { code: 'closed', message: /aborted/ });
  });

  test('leaves the service alone for as long as it asks', async () => {
    const refused = (seconds: string) => {
      const error = { message: 'no', code: -32029, data: { httpStatus: 429 } };
      return clientError(
        { data: error.data, meta: { response: { status: 429, headers: new Headers({ 'retry-after': seconds }) } } },
        'http://shop.test',
        5,
      );
    };
    assert.equal(refused('3').retryAfterMs, 3000);
    assert.equal(refused('soon').retryAfterMs, undefined);
    const policy = { attempts: 3, baseDelayMs: 100, maxDelayMs: 5000, random: () => 0.5 };
    assert.equal(waitMs(1, policy, refused('3')), 3050);
    assert.equal(waitMs(1, policy, refused('60')), 5000);
    assert.equal(waitMs(1, policy, refused('soon')), 50);
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
    const proxy = clientError({ message: 'x', meta: { response: { status: 502 } } }, 'http://shop.test', 1);
    assert.equal(proxy.code, 'unavailable');
    assert.match(proxy.message, /Is another service or a proxy at this address/);
    const ours = clientError({ message: 'There is no item i9.', data: { httpStatus: 404 } }, 'http://shop.test', 1);
    assert.deepEqual([ours.code, ours.message, ours.transient], ['not-found', 'There is no item i9.', false]);
  });
});
