import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createLogger, loadConfig } from '@duet/base';
import { createDuetClient, type HealthAnswer } from '@duet/client';
import { connect, createApiKey } from '@duet/db';
import { startTestServer } from '@duet/db/testing';
import { createTinyShop, type TinyShop } from '@duet/ranking/testing';
import { buildModelIndex, openServing } from '@duet/serving';
import { createServer } from './server.ts';

const logger = createLogger({ logLevel: 'silent' }, 'test');
const config = { ...loadConfig({}), retrievalPort: 0, drainMs: 0 };
/** Events that are under way at once: more than the service takes on as a whole. */
const manyEvents = 2 * config.maxInFlight;
/** Longer than a request may take, and than health may hold its tongue. */
const hangMs = 14_000;

describe('a PostgreSQL that hangs', () => {
  const opened = new AsyncDisposableStack();
  let shop: TinyShop;
  let url: string;
  let apiKey: string;
  let processes: number[] = [];
  before(async () => {
    // A server of this test's own: it is stopped, and others' tests are not to wait for it.
    process.env.DUET_TEST_DATABASE_URL = await startTestServer();
    shop = opened.use(await createTinyShop());
    await buildModelIndex(shop, { modelId: shop.dat });
    const serving = opened.use(await openServing({ ...shop, logger }));
    const keyDb = opened.use(await connect(shop.db.url, { max: 2, timeoutMs: 2_000 }));
    const server = opened.use(await createServer({ config, logger, db: shop.db, keyDb, serving }));
    url = await server.listen();
    const scopes = ['retrieve', 'events'] as const;
    apiKey = (await createApiKey(shop.db, { name: 'shop', scopes, rateLimit: 100_000, datasetId: shop.datasetId })).key;
    const { rows } = await shop.db.pool.query<{ pid: number }>(
      `SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::int AS pid UNION SELECT pid FROM pg_stat_activity`,
    );
    processes = rows.map(({ pid }) => pid);
  });
  const signal = (name: 'SIGSTOP' | 'SIGCONT') => {
    for (const pid of processes) {
      try {
        process.kill(pid, name);
      } catch (error) {
        // A session that has ended since.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  };
  after(async () => {
    signal('SIGCONT');
    await opened.disposeAsync();
  });

  const health = async () => (await (await fetch(`${url}/health`)).json()) as HealthAnswer;
  const post = (path: string, body: object, key = apiKey) =>
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify(body),
    });

  test('stops no list, refuses what needs it in time, loses no event, and shows in health', async () => {
    const dropped: unknown[] = [];
    const client = createDuetClient({
      url,
      apiKey,
      // A busy machine turns requests away for its own sake.
      retry: { attempts: 3, baseDelayMs: 50, maxDelayMs: 500 },
      events: { batchSize: 10, flushAfterMs: 20, onDrop: (events) => dropped.push(...events) },
    });
    opened.defer(() => client.close({ timeoutMs: 1_000 }));
    assert.equal((await client.retrieve({ userId: 'u1', k: 5 })).items.length, 5);
    assert.deepEqual([(await health()).status, (await health()).stale], ['ok', null]);

    signal('SIGSTOP');
    const stoppedAt = performance.now();
    const ids: string[] = [];
    const answeredMs: number[] = [];
    const event = { type: 'click', userId: 'u2', itemId: 'i2', occurredAt: new Date().toISOString() };
    const flood = Array.from({ length: manyEvents }, () =>
      post('/v1/events', { events: [{ ...event, eventId: crypto.randomUUID() }] }),
    );
    const unknown = post('/v1/retrieve', { userId: 'u1' }, `duet_${'0'.repeat(40)}`);
    // The flood fills the service until it has seen that the database hangs.
    const statuses = (await Promise.all([unknown, ...flood])).map(({ status }) => status);
    assert.deepEqual([...new Set(statuses)], [503], 'each was told to come back, before it would have timed out');
    while (performance.now() - stoppedAt < hangMs) {
      const before = performance.now();
      const { items } = await client.retrieve({ userId: `u${answeredMs.length}`, k: 5 });
      assert.equal(items.length, 5);
      answeredMs.push(performance.now() - before);
      ids.push(...client.events.log({ type: 'click', userId: 'u1', itemId: 'i1' }));
      await pause(50);
    }
    const during = await health();
    assert.ok(answeredMs.length > 10, `${answeredMs.length} lists`);
    assert.ok(Math.max(...answeredMs) < config.requestTimeoutMs, `${Math.max(...answeredMs)} ms`);
    assert.equal(during.status, 'degraded');
    assert.ok(Date.parse(during.stale!) <= Date.now() - 10_000, String(during.stale));
    signal('SIGCONT');
    await client.close({ timeoutMs: 30_000 });
    assert.deepEqual(dropped, []);
    const { rows } = await shop.db.pool.query<{ id: string }>(
      `SELECT "eventId" AS id FROM "Event" WHERE "userId" = 'u1'`,
    );
    assert.deepEqual(rows.map(({ id }) => id).sort(), ids.sort());
    while ((await health()).stale !== null) {
      assert.ok(performance.now() - stoppedAt < 60_000, 'followed the database again');
      await pause(50);
    }
  });
});
