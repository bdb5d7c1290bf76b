import assert from 'node:assert/strict';
import { hash, randomUUID } from 'node:crypto';
import { cp, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createAssign } from '@duet/api';
import { createLogger, loadConfig } from '@duet/base';
import {
  createDuetClient,
  type DuetClient,
  type DuetClientOptions,
  type HealthAnswer,
  type LoggedEvent,
  signVisitor,
} from '@duet/client';
import { type ApiScope, createApiKey, signingSecret } from '@duet/db';
import { freePort } from '@duet/db/testing';
import { createExperiment, readServed, startExperiment } from '@duet/experiments';
import { createTinyShop, type TinyShop } from '@duet/ranking/testing';
import { buildModelIndex, openServing, type Serving } from '@duet/serving';
import { createServer, type RetrievalServer } from './server.ts';

const port = await freePort();
const logger = createLogger({ logLevel: 'silent' }, 'test');
const config = { ...loadConfig({ DUET_CORS_ORIGINS: 'https://shop.example' }), retrievalPort: port, drainMs: 0 };
const seed = 'tiny-experiment';

describe('the retrieval service', () => {
  let shop: TinyShop;
  let serving: Serving;
  let server: RetrievalServer;
  let url: string;
  const keys: Partial<Record<ApiScope, string>> = {};
  const clients: DuetClient[] = [];
  const clientFor = (scope: ApiScope, options: Partial<DuetClientOptions> = {}): DuetClient => {
    const client = createDuetClient({ url, apiKey: keys[scope]!, ...options });
    clients.push(client);
    return client;
  };
  before(async () => {
    shop = await createTinyShop();
    const { id: registeredModelId } = await shop.db.prisma.registeredModel.findFirstOrThrow({
      where: { championId: shop.twoTower },
    });
    await shop.db.prisma.deployment.updateMany({ data: { registeredModelId } });
    for (const modelId of [shop.twoTower, shop.dat]) await buildModelIndex(shop, { modelId });
    const { id } = await createExperiment(shop.db, {
      name: 'DAT against two-tower',
      datasetId: shop.datasetId,
      seed,
      rankerId: shop.rankerId,
      arms: [
        { name: 'two-tower', modelId: shop.twoTower, weight: 0.5, control: true },
        { name: 'dat', modelId: shop.dat, weight: 0.5 },
      ],
    });
    await startExperiment(shop.db, id);
    for (const scope of ['retrieve', 'events', 'admin'] as const) {
      const { key } = await createApiKey(shop.db, { name: scope, scopes: [scope], datasetId: shop.datasetId });
      keys[scope] = key;
    }
    serving = await openServing({ ...shop, logger });
    server = await createServer({ config, logger, db: shop.db, serving });
    url = await server.listen();
  });
  after(async () => {
    for (const client of clients) await client.close();
    await server[Symbol.asyncDispose]();
    await serving[Symbol.asyncDispose]();
    await shop[Symbol.asyncDispose]();
  });

  const impression = (userId: string): LoggedEvent => ({ type: 'impression', userId, itemId: 'i1' });
  const storedEvents = async (ids: string[]) => {
    const { rows } = await shop.db.pool.query<{ eventId: string }>(
      'SELECT "eventId" FROM "Event" WHERE "eventId" = ANY($1::uuid[])',
      [ids],
    );
    return rows.map(({ eventId }) => eventId).sort();
  };

  test('tells who looks around what there is, and who asks for what there is not, in the form of every error', async () => {
    const root = (await (await fetch(url)).json()) as { procedures: string; health: string };
    assert.equal((await fetch(`${url}${root.health}`)).status, 200);
    assert.equal((await fetch(`${url}${root.procedures}/health`)).status, 200);
    const missing = await fetch(`${url}/nothing?secret=1`);
    assert.equal(missing.status, 404);
    assert.deepEqual(await missing.json(), {
      error: {
        message: 'There is no GET /nothing. GET /reference says what there is.',
        code: -32004,
        data: { code: 'NOT_FOUND', httpStatus: 404 },
      },
    });
  });

  test('answers a shopper from the model of their arm, ranked, and says which', async () => {
    const client = clientFor('retrieve');
    const experiment = serving.plan.experiments[0]!;
    const arms = new Set<string>();
    const assign = createAssign(serving);
    for (const { userId } of await clientFor('admin').catalogue.shoppers({ limit: 20 })) {
      const answer = await client.retrieve({ userId, k: 12, placement: 'home' });
      assert.deepEqual(answer.experiment, { id: experiment.id, name: experiment.name });
      assert.equal(answer.arm!.id, (await assign({ userId, simulated: false }))!.arm.id);
      assert.equal(answer.model!.id, answer.arm!.name === 'dat' ? shop.dat : shop.twoTower);
      assert.deepEqual(answer.ranker, { id: shop.rankerId });
      assert.equal(answer.items.length, 12);
      assert.match(answer.requestId, /^[0-9a-f-]{36}$/);
      arms.add(answer.arm!.name);
    }
    assert.equal(arms.size, 2);
  });

  test('serves the shoppers of a damaged model from a sound one, in no arm', async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'duet-damaged-'));
    try {
      await cp(shop.dataDir, dataDir, { recursive: true });
      await truncate(path.join(dataDir, 'models', shop.dat, 'weights.safetensors'), 1000);
      await using damaged = await openServing({ ...shop, dataDir, logger });
      await using second = await createServer({
        config: { ...config, retrievalPort: await freePort() },
        logger,
        db: shop.db,
        serving: damaged,
      });
      const client = createDuetClient({ url: await second.listen(), apiKey: keys.retrieve! });
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, user) => client.retrieve({ userId: `u${user}`, k: 5 })),
      );
      for (const { arm, model, items } of answers) {
        assert.equal(model?.id, shop.twoTower);
        assert.equal(items.length, 5);
        assert.ok(arm === undefined || arm.name === 'two-tower');
      }
      assert.ok(answers.some(({ arm }) => arm === undefined) && answers.some(({ arm }) => arm !== undefined));
      assert.equal((await client.health()).status, 'degraded');
      await second.drain();
      const sound = answers.find(({ arm }) => arm !== undefined)!;
      const served = await readServed(shop.db, sound.experiment!.id);
      assert.ok(served.get(sound.arm!.id)!.latencyMs!.p50 > 0, 'its arm’s latency was kept');
    } finally {
      await rm(dataDir, { recursive: true });
    }
  });

  test('answers whatever is damaged, its checksums fitting or not: from what is sound, else with best sellers', async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'duet-damaged-'));
    const { prisma } = shop.db;
    const { id: rankerId, parameters } = await prisma.ranker.findUniqueOrThrow({ where: { id: shop.rankerId } });
    const folderOf = (modelId: string) => path.join(dataDir, 'models', modelId);
    /** Writes a model's file anew, and the checksum that fits it. */
    const rewrite = async (modelId: string, name: string, change: (bytes: Buffer) => Buffer) => {
      const [file, sums] = [path.join(folderOf(modelId), name), path.join(folderOf(modelId), 'SHA256SUMS')];
      const changed = change(await readFile(file));
      await writeFile(file, changed);
      const line = new RegExp(`^[0-9a-f]{64}  ${name}$`, 'm');
      await writeFile(sums, (await readFile(sums, 'utf8')).replace(line, `${hash('sha256', changed)}  ${name}`));
    };
    const inJson = (change: (file: Record<string, unknown>) => object) => (bytes: Buffer) =>
      Buffer.from(JSON.stringify(change(JSON.parse(bytes.toString()))));
    /** Every number after a safetensors header. */
    const numbers = (value: number) => (bytes: Buffer) => {
      const changed = Buffer.from(bytes);
      for (let at = 8 + Number(bytes.readBigUInt64LE()); at < bytes.length; at += 4) changed.writeInt32LE(value, at);
      return changed;
    };
    const inIndex = async (modelId: string, change: (bytes: Buffer) => Buffer) => {
      const { id } = await prisma.index.findFirstOrThrow({ where: { modelId, active: true } });
      const [file, about] = ['index.faiss', 'meta.json'].map((name) => path.join(dataDir, 'indexes', id, name));
      const changed = change(await readFile(file!));
      await writeFile(file!, changed);
      const meta = JSON.parse(await readFile(about!, 'utf8')) as object;
      await writeFile(about!, JSON.stringify({ ...meta, bytes: changed.length, sha256: hash('sha256', changed) }));
    };
    const nan = 0x7f_c0_00_00;
    const damages: Record<string, (modelId: string) => Promise<unknown>> = {
      'numbers that are none': (id) => rewrite(id, 'weights.safetensors', numbers(nan)),
      'rows that there are not': (id) => rewrite(id, 'entities.safetensors', numbers(2 ** 31 - 1)),
      'no users': (id) =>
        rewrite(
          id,
          'model.json',
          inJson((file) => ({ ...file, users: null })),
        ),
      'other dimensions': (id) =>
        rewrite(
          id,
          'model.json',
          inJson((file) => ({ ...file, dimensions: 7 })),
        ),
      'no JSON': (id) => rewrite(id, 'model.json', () => Buffer.from('{"id":')),
      'a header that is none': (id) => rewrite(id, 'item-vectors.safetensors', () => Buffer.alloc(9, 255)),
      'an index of another kind': (id) =>
        inIndex(id, (bytes) => Buffer.concat([Buffer.from('IxXX'), bytes.subarray(4)])),
      'an index cut off': (id) => inIndex(id, (bytes) => bytes.subarray(0, 40)),
    };
    try {
      for (const [turn, [what, damage]] of Object.entries(damages).entries()) {
        await rm(dataDir, { recursive: true });
        await cp(shop.dataDir, dataDir, { recursive: true });
        const isAll = turn % 2 === 0;
        for (const modelId of isAll ? [shop.dat, shop.twoTower] : [shop.dat]) await damage(modelId);
        await using damaged = await openServing({ ...shop, dataDir, logger });
        const parts = { config: { ...config, retrievalPort: 0 }, logger, db: shop.db, serving: damaged };
        await using second = await createServer(parts);
        const calls = createDuetClient({ url: await second.listen(), apiKey: keys.admin!, retry: { attempts: 1 } });
        const sources = new Set<string>();
        for (let user = 0; user < 4; user++) {
          const { items, source, model } = await calls.retrieve({ userId: `u${user}`, k: 5 });
          assert.equal(items.length, 5, what);
          sources.add(`${source} ${model?.id}`);
        }
        assert.deepEqual([...sources], [isAll ? 'popular undefined' : `model ${shop.twoTower}`], what);
        assert.equal((await calls.similarItems({ itemId: 'i3', k: 5 })).items.length, 5, what);
        assert.equal((await calls.search({ query: 'mug', k: 5 })).items.length, 5, what);
        await assert.rejects(calls.retrieve({ userId: 'u1', modelId: shop.dat }), { status: 503 });
        assert.equal(damaged.health().status, 'degraded', what);
      }
      await prisma.ranker.update({ where: { id: rankerId }, data: { parameters: { weights: 'none' } } });
      await using unranked = await openServing({ ...shop, logger });
      assert.equal((await unranked.retrieve({ userId: 'u1', k: 5 })).items.length, 5);
    } finally {
      await prisma.ranker.update({ where: { id: rankerId }, data: { parameters: parameters as object } });
      await rm(dataDir, { recursive: true });
    }
  });

  test('answers an admin from the model they name, in retrieval order, outside any experiment', async () => {
    const client = clientFor('admin');
    const answer = await client.retrieve({ userId: 'u4', k: 100, modelId: shop.dat, rank: false });
    assert.equal(answer.model!.id, shop.dat);
    assert.equal(answer.arm, undefined);
    assert.deepEqual(
      answer.items.map(({ retrievalRank }) => retrievalRank),
      answer.items.map((_, i) => i + 1),
    );
  });

  test('tells the client who may not, and what is wrong, in its own errors', async () => {
    const failure = (call: Promise<unknown>) =>
      call.then(
        () => assert.fail('it answered'),
        ({ code, message, status }) => ({ code, message, status }),
      );
    const nobody = createDuetClient({ url });
    assert.equal((await nobody.health()).status, 'ok');
    assert.equal((await failure(nobody.retrieve({ userId: 'u1' }))).code, 'unauthorised');
    const wrong = await failure(clientFor('events').retrieve({ userId: 'u1' }));
    assert.equal(wrong.code, 'forbidden');
    assert.match(wrong.message, /"events" has the scope events, and this needs "retrieve"/);
    const client = clientFor('retrieve');
    assert.equal((await failure(client.catalogue.item({ itemId: 'i999' }))).code, 'not-found');
    const bad = await failure(client.retrieve({ userId: 'u1', k: 1001 }));
    assert.equal(bad.code, 'bad-input');
    assert.match(bad.message, /k/);
    const large = await failure(client.retrieve({ userId: 'u1', exclude: ['x'.repeat(2_000_000)] }));
    assert.equal(large.status, 413);
  });

  test('stores the events of a storefront in batches', async () => {
    let calls = 0;
    const counting: typeof fetch = (...request) => {
      calls += 1;
      return fetch(...request);
    };
    const client = clientFor('events', { fetch: counting, events: { batchSize: 50 } });
    const ids = client.events.log(...Array.from({ length: 120 }, (_, i) => impression(`u${i}`)));
    await client.events.flush();
    assert.equal(calls, 3);
    assert.deepEqual(await storedEvents(ids), ids.toSorted());
  });

  test('stores each event once though the connection drops before or after the server got it', async () => {
    const proxy = await faultyProxy(await freePort(), ['request lost', 'answer lost', 'answer lost', 'fine']);
    try {
      const dropped: unknown[] = [];
      const client = clientFor('events', {
        url: proxy.url,
        retry: { baseDelayMs: 1, random: () => 0.1 },
        events: { onDrop: (events) => dropped.push(...events) },
      });
      const ids = client.events.log(...Array.from({ length: 30 }, (_, i) => impression(`u${i}`)));
      await client.events.flush();
      assert.deepEqual(proxy.left, [], 'every fault happened');
      assert.deepEqual(dropped, []);
      assert.deepEqual(await storedEvents(ids), ids.toSorted());
    } finally {
      proxy.close();
    }
  });

  test('answers a read whose first connection drops', async () => {
    const proxy = await faultyProxy(await freePort(), ['answer lost', 'request lost', 'fine']);
    try {
      const client = clientFor('retrieve', { url: proxy.url, retry: { baseDelayMs: 1 } });
      assert.equal((await client.retrieve({ userId: 'u1', k: 3 })).items.length, 3);
      assert.deepEqual(proxy.left, []);
    } finally {
      proxy.close();
    }
  });

  test('tells of the events that the server refuses, and keeps the others', async () => {
    const refused: string[] = [];
    const client = clientFor('events', { events: { onDrop: (_, reason) => refused.push(reason) } });
    const armless = { ...impression('u1'), experimentId: randomUUID(), armId: randomUUID() };
    const [good] = client.events.log(impression('u1'), armless);
    await client.events.flush();
    assert.deepEqual(await storedEvents([good!]), [good]);
    assert.match(refused.join(), /has no arm/);
  });

  test('makes no answer of another dataset than the key’s', async () => {
    const { id: datasetId } = await shop.db.prisma.dataset.create({ data: { name: 'another shop', settings: {} } });
    const scopes = ['retrieve', 'customers', 'events', 'admin'] as const;
    const { key: apiKey } = await createApiKey(shop.db, { name: 'another', scopes, datasetId });
    const client = createDuetClient({ url, apiKey, retry: { attempts: 1 } });
    const experiment = serving.plan.experiments[0]!;
    const dropped: string[] = [];
    const events = { onDrop: (_: unknown, reason: string) => dropped.push(reason) };
    const logging = createDuetClient({ url, apiKey, events });
    logging.events.log({ ...impression('u1'), experimentId: experiment.id, armId: experiment.arms[0]!.id });
    await logging.close();
    assert.match(dropped.join(), /has no arm/);
    for (const call of [
      () => client.retrieve({ userId: 'u1' }),
      () => client.search({ query: 'mug' }),
      () => client.similarItems({ itemId: 'i1' }),
      () => client.similarUsers({ userId: 'u1' }),
      () => client.catalogue.item({ itemId: 'i1' }),
      () => client.catalogue.shoppers(),
      () => client.history({ userId: 'u1' }),
    ]) {
      await assert.rejects(call(), { code: 'unavailable', message: /The dataset of this key is not there/ });
    }
    for (const call of [
      () => client.retrieve({ userId: 'u1', modelId: shop.dat }),
      () => client.similarItems({ itemId: 'i1', modelId: shop.dat }),
      () => client.similarUsers({ userId: 'u1', modelId: shop.dat }),
    ]) {
      await assert.rejects(call(), { code: 'not-found' });
    }
  });

  test('answers a page for its visitor, from the origin of its key, which needs no setting', async () => {
    const origin = 'https://pages.example';
    const made = { name: 'pages', kind: 'publishable', scopes: ['retrieve', 'events'], origins: [origin] } as const;
    const { key: apiKey } = await createApiKey(shop.db, { ...made, datasetId: shop.datasetId });
    const fromPage: typeof fetch = (address, init) =>
      fetch(address, { ...init, headers: { ...(init?.headers as Record<string, string>), origin } });
    const visitor = await signVisitor(await signingSecret(shop.db, shop.datasetId), 'u1');
    const page = createDuetClient({ url, apiKey, visitor, fetch: fromPage });
    const answer = await page.retrieve({ k: 3 });
    assert.equal(answer.userId, 'u1');
    const [id] = page.events.log({ type: 'click', itemId: answer.items[0]!.itemId, requestId: answer.requestId });
    await page.close();
    assert.deepEqual(await storedEvents([id!]), [id]);
    await assert.rejects(page.retrieve({ userId: 'u2' }), { code: 'forbidden' });
    await assert.rejects(page.history({ userId: 'u1' }), { code: 'forbidden' });
    const elsewhere = createDuetClient({ url, apiKey, visitor });
    await assert.rejects(elsewhere.retrieve({ k: 3 }), { code: 'unauthorised' });

    const first = createDuetClient({ url, apiKey, fetch: fromPage });
    const { userId, requestId } = await first.retrieve({ k: 3 });
    assert.match(userId!, /^visitor-/);
    const refused: string[] = [];
    const forger = createDuetClient({
      ...{ url, apiKey, visitor, fetch: fromPage },
      events: { onDrop: (_, reason) => refused.push(reason) },
    });
    forger.events.log({ type: 'click', itemId: 'i1', requestId });
    await forger.close();
    assert.deepEqual(refused, ['requestId: that request was not answered to this visitor']);
    const allowed = async () => {
      const headers = { origin, 'access-control-request-method': 'POST' };
      const preflight = await fetch(`${url}/trpc/retrieve`, { method: 'OPTIONS', headers });
      return preflight.headers.get('access-control-allow-origin');
    };
    // The origins of keys are read once a second.
    const startedAt = performance.now();
    while ((await allowed()) !== origin) assert.ok(performance.now() - startedAt < 30_000, 'the origin is allowed');
  });

  test('lets only the configured origins call it from a browser', async () => {
    const preflight = async (origin: string) => {
      const headers = { origin, 'access-control-request-method': 'POST' };
      const answer = await fetch(`${url}/trpc/retrieve`, { method: 'OPTIONS', headers });
      return answer.headers.get('access-control-allow-origin');
    };
    assert.equal(await preflight('https://shop.example'), 'https://shop.example');
    assert.equal(await preflight('https://other.example'), null);
  });

  test('says what it serves, and that it is ready', async () => {
    const healthAs = async (headers: Record<string, string> = {}) =>
      (await (await fetch(`${url}/health`, { headers })).json()) as HealthAnswer;
    const health = await healthAs({ authorization: `Bearer ${keys.admin}` });
    const stranger = await healthAs();
    assert.deepEqual([stranger.status, stranger.models, stranger.experiments, stranger.dataset], ['ok', [], [], null]);
    assert.equal(health.status, 'ok');
    const { engine } = health.models[0]!.index;
    const slower = health.fallbacks.filter((sentence) => sentence.startsWith(`Indexes are searched by ${engine}, `));
    assert.equal(slower.length, engine === 'faiss-avx2' || process.env.DUET_ANN_ENGINE ? 0 : 1, 'a fallback says so');
    assert.deepEqual(
      health.models.map(({ id, index }) => [id, index.size]),
      [
        [shop.twoTower, 120],
        [shop.dat, 120],
      ],
    );
    assert.equal((await fetch(`${url}/ready`)).status, 200);
  });

  test('names the setting when its port is taken', async () => {
    await using second = await createServer({ config, logger, db: shop.db, serving });
    await assert.rejects(second.listen(), new RegExp(`Port ${port} .* is in use.*DUET_RETRIEVAL_PORT`));
  });

  test('draining, answers the request under way and takes no further one', async () => {
    const other = { ...config, retrievalPort: await freePort() };
    const held = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    const slow: Serving = {
      ...bound(serving),
      async history(request) {
        entered.resolve();
        await held.promise;
        return serving.history(request);
      },
    };
    const draining = await createServer({ config: other, logger, db: shop.db, serving: slow });
    const address = await draining.listen();
    const client = createDuetClient({ url: address, apiKey: keys.admin!, retry: { attempts: 1 } });
    const underWay = client.history({ userId: 'u1', limit: 1 });
    await entered.promise;
    const drained = draining.drain();
    await assert.rejects(client.retrieve({ userId: 'u1' }), ({ transient }) => transient === true);
    held.resolve();
    assert.equal((await underWay).length, 1);
    await drained;
  });
});

/** The same serving, so that one method can be slowed down around the real one. */
const bound = (serving: Serving): Serving => ({
  dataDir: serving.dataDir,
  get plan() {
    return serving.plan;
  },
  retrieve: (request) => serving.retrieve(request),
  similarItems: (request) => serving.similarItems(request),
  similarUsers: (request) => serving.similarUsers(request),
  search: (request) => serving.search(request),
  list: (name, request) => serving.list(name, request),
  bulk: (request, work) => serving.bulk(request, work),
  item: (request) => serving.item(request),
  shoppers: (request) => serving.shoppers(request),
  history: (request) => serving.history(request),
  userAttributes: (datasetId, userId) => serving.userAttributes(datasetId, userId),
  keptArms: (datasetId, userId) => serving.keptArms(datasetId, userId),
  userVectorCache: serving.userVectorCache,
  health: () => serving.health(),
  refresh: () => serving.refresh(),
  [Symbol.asyncDispose]: async () => {},
});

/**
 * A TCP proxy that breaks one connection after the other as told: before the request or before the answer gets through.
 */
async function faultyProxy(at: number, faults: ('request lost' | 'answer lost' | 'fine')[]) {
  const proxy = net.createServer((client) => {
    const fault = faults.shift() ?? 'fine';
    client.on('error', () => {});
    if (fault === 'request lost') {
      client.once('data', () => client.destroy());
      return;
    }
    const upstream = net.connect(port, '127.0.0.1');
    upstream.on('error', () => {});
    client.pipe(upstream);
    if (fault === 'fine') upstream.pipe(client);
    else {
      upstream.once('data', () => {
        client.destroy();
        upstream.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => proxy.listen(at, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${at}`, left: faults, close: () => proxy.close() };
}
