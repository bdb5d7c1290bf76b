/**
 * `npm run bench:serve`: the running retrieval service over HTTP, 64 connections, one million items of 32 dimensions,
 * against a bare `node:http` server that does the same search and writes the same JSON (`serve/bare.ts`), in
 * alternating rounds of one run; then an index swap and a model swap under the same load. `--items` for another number
 * of them.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { loadConfig, repositoryRoot } from '@duet/base';
import { connect, createApiKey, type Database, startPostgres } from '@duet/db';
import { freePort } from '@duet/db/testing';
import autocannon from 'autocannon';
import { commit, type Flags, median, type Results, runBench, say, table } from './bench.ts';
import { prepareShop, type Shop } from './serve/shop.ts';

const connections = 64;
/** Items in an answer: what a storefront asks for by default. Candidates are 100 on both sides. */
const k = 20;

interface Load {
  requestsPerSecond: number;
  p50: number;
  p99: number;
  p999: number;
  bytes: number;
  errors: number;
  /** End of each answer since the load began, and how long it took, in ms. */
  answers: { at: number; ms: number }[];
}

const quantile = (sorted: number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits));

interface Target {
  url: string;
  key?: string;
  users: number;
  /** What every request asks beside a user. */
  asked?: object;
  /** Of another list than `retrieve`: where it is, and what the i-th request says. */
  list?: { path: (i: number) => string; body: (i: number) => object };
}

async function load(
  { url, key, users, asked, list }: Target,
  seconds: number,
  during?: () => Promise<void>,
): Promise<Load> {
  const headers = { 'content-type': 'application/json', ...(key && { authorization: `Bearer ${key}` }) };
  const requests = Array.from({ length: 500 }, (_, i) => ({
    method: 'POST' as const,
    path: list?.path(i) ?? '/v1/retrieve',
    headers,
    body: JSON.stringify({ k, ...(list?.body(i) ?? { userId: `user-${(i * 7919) % users}` }), ...asked }),
  }));
  const answers: Load['answers'] = [];
  const started = performance.now();
  const finished = Promise.withResolvers<autocannon.Result>();
  const run = autocannon({ url, connections, duration: seconds, requests }, (error, result) => {
    if (error) finished.reject(error);
    else finished.resolve(result);
  });
  run.on('response', (_client, _status, _bytes, ms) => answers.push({ at: performance.now() - started, ms }));
  const [result] = await Promise.all([finished.promise, during?.()]);
  const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  return {
    requestsPerSecond: answers.length / result.duration,
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    p999: quantile(sorted, 0.999),
    bytes: result.throughput.total / Math.max(1, answers.length),
    errors: result.errors + result.timeouts + result.non2xx,
    answers,
  };
}

async function start(
  file: string,
  args: string[],
  env: NodeJS.ProcessEnv,
): Promise<{ child: ChildProcess; url: string }> {
  const child = fork(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const early = once(child, 'exit').then(([code]) => {
    throw new Error(`${file} ended with ${code}`);
  });
  const [{ ready: url }] = (await Promise.race([once(child, 'message'), early])) as [{ ready: string }];
  early.catch(() => {});
  return { child, url };
}

/** Waits for a child that is told to end. */
async function ended(child: ChildProcess, tell: () => void): Promise<void> {
  const exit = once(child, 'exit');
  tell();
  await exit;
}

async function answerOf(url: string, key: string): Promise<object> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
  const body = JSON.stringify({ userId: 'user-1', k });
  const response = await fetch(`${url}/v1/retrieve`, { method: 'POST', headers, body });
  if (!response.ok) throw new Error(`The service does not answer: ${await response.text()}`);
  return (await response.json()) as object;
}

/** Makes exactly these indexes the active ones, as a finished build does. */
async function activate({ prisma }: Database, ids: string[]): Promise<void> {
  await prisma.$transaction([
    prisma.index.updateMany({ where: { active: true, id: { notIn: ids } }, data: { active: false } }),
    prisma.index.updateMany({ where: { id: { in: ids } }, data: { active: true } }),
  ]);
}

/** Which index answers. */
const served = async (url: string, key: string): Promise<string[]> => {
  const headers = { authorization: `Bearer ${key}` };
  const health = (await (await fetch(`${url}/health`, { headers })).json()) as { models: { index: { id: string } }[] };
  return health.models.map(({ index }) => index.id);
};

interface Swap {
  /** When the service answered from the new index, in ms since the load began. */
  at: number;
  /** p99 of the answers from the change in the database until a second after the swap, and of all others. */
  p99During: number;
  p99Otherwise: number;
  errors: number;
}

async function swap(
  db: Database,
  shop: Shop,
  url: string,
  key: string,
  seconds: number,
  to: { index: string; active: string[] },
): Promise<Swap> {
  let from = 0;
  let at = Number.NaN;
  const started = performance.now();
  const found = await load({ url, key, users: shop.users }, seconds, async () => {
    await new Promise((resolve) => setTimeout(resolve, (seconds * 1000) / 3));
    from = performance.now() - started;
    await activate(db, to.active);
    while (performance.now() - started < seconds * 1000) {
      if ((await served(url, key)).includes(to.index)) {
        at = performance.now() - started;
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  });
  const until = Number.isNaN(at) ? Infinity : at + 1000;
  const p99 = (answers: Load['answers']) =>
    quantile(
      answers.map(({ ms }) => ms).sort((a, b) => a - b),
      0.99,
    );
  return {
    at: rounded(at, 0),
    p99During: rounded(p99(found.answers.filter(({ at: time }) => time >= from && time <= until))),
    p99Otherwise: rounded(p99(found.answers.filter(({ at: time }) => time < from || time > until))),
    errors: found.errors + (Number.isNaN(at) ? 1 : 0),
  };
}

/** The lists of a shop's pages, by what a request of each says. */
function listsOf(items: number, users: number): Record<string, NonNullable<Target['list']>> {
  const userId = (i: number) => `user-${(i * 7919) % users}`;
  const itemId = (i: number) => `item-${(i * 104_729) % items}`;
  const at = (path: string) => () => path;
  const ofUser = (path: string) => ({ path: at(path), body: (i: number) => ({ userId: userId(i) }) });
  return {
    popular: ofUser('/v1/popular'),
    trending: ofUser('/v1/trending'),
    newArrivals: ofUser('/v1/new-arrivals'),
    recentlyViewed: ofUser('/v1/recently-viewed'),
    boughtTogether: { path: at('/v1/bought-together'), body: (i) => ({ itemIds: [itemId(i)], userId: userId(i) }) },
    similarItems: { path: (i) => `/v1/items/${itemId(i)}/similar`, body: () => ({}) },
    search: { path: at('/v1/search'), body: (i) => ({ query: `articel ${i}`, facets: ['category'] }) },
    buyAgain: { path: at('/v1/retrieve'), body: (i) => ({ userId: userId(i), seen: 'only' }) },
  };
}

/** The medians of several loads of one server. */
const summarise = (loads: Load[]) => ({
  requests_per_s: rounded(median(loads.map(({ requestsPerSecond }) => requestsPerSecond)), 1),
  p50_ms: rounded(median(loads.map(({ p50 }) => p50))),
  p99_ms: rounded(median(loads.map(({ p99 }) => p99))),
  p999_ms: rounded(median(loads.map(({ p999 }) => p999))),
  bytes: Math.round(median(loads.map(({ bytes }) => bytes))),
  errors: loads.reduce((sum, { errors }) => sum + errors, 0),
});

async function measure({
  quick,
  items: itemCount,
  lists: withLists = false,
}: Flags & { items?: string | undefined; lists?: boolean | undefined }) {
  const items = itemCount === undefined ? (quick ? 20_000 : 1_000_000) : Number(itemCount);
  const rounds = quick ? 2 : 3;
  const seconds = quick ? 4 : 20;
  // Made anew by each version of Duet, whose formats may differ.
  const dataDir = path.join(repositoryRoot(), 'build', `bench-serve-${items}-${commit()}`);
  await using opened = new AsyncDisposableStack();
  const postgres = opened.use(await startPostgres({ ...loadConfig({}), dataDir, postgresPort: await freePort() }));
  const db = opened.use(await connect(postgres.url));
  say(`A shop of ${items} items in ${dataDir}`);
  const shop = await prepareShop(items, postgres.url, dataDir);
  await activate(db, [shop.indexA]);
  const limit = { rateLimit: 1_000_000, rateBurst: 1_000_000 };
  const { key } = await createApiKey(db, { name: 'bench', scopes: ['retrieve'], ...limit });

  const env = {
    DATABASE_URL: postgres.url,
    DUET_DATA_DIR: dataDir,
    DUET_RETRIEVAL_PORT: String(await freePort()),
    DUET_LOG_LEVEL: 'warn',
  };
  say('Starting the service and the bare server');
  const service = await start(path.join(repositoryRoot(), 'apps/retrieval/src/main.ts'), [], env);
  opened.defer(() => ended(service.child, () => service.child.kill('SIGTERM')));
  const template = await answerOf(service.url, key);
  const bareArgs = [dataDir, shop.modelA, shop.indexA, String(shop.users), JSON.stringify(template)];
  const bare = await start(path.join(import.meta.dirname, 'serve/bare.ts'), bareArgs, env);
  opened.defer(() => ended(bare.child, () => bare.child.disconnect()));

  const contenders = {
    duet: { url: service.url, key, users: shop.users },
    // What the ranker costs, beside what the service does.
    unranked: { url: service.url, key, users: shop.users, asked: { rank: false } },
    bare: { url: bare.url, users: shop.users },
  };
  say('Warming up');
  // Long enough for every user asked to be in the service's cache.
  for (const target of Object.values(contenders)) await load(target, 3);
  const names = Object.keys(contenders) as (keyof typeof contenders)[];
  const loads = { duet: [] as Load[], unranked: [] as Load[], bare: [] as Load[] };
  for (let round = 0; round < rounds; round++) {
    // The order turns, so that nobody always follows the same.
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length]!;
      const found = await load(contenders[name], seconds);
      loads[name].push(found);
      say(
        `round ${round + 1}, ${name}: ${found.requestsPerSecond.toFixed(0)} requests/s, p50 ${found.p50.toFixed(2)} ms, p99 ${found.p99.toFixed(2)} ms, ${found.errors} errors`,
      );
    }
  }
  const lists: Record<string, Load> = {};
  for (const [name, list] of withLists ? Object.entries(listsOf(items, shop.users)) : []) {
    // The first request of a list counts it; what is measured are those that come after.
    await load({ url: service.url, key, users: shop.users, list }, 2);
    lists[name] = await load({ url: service.url, key, users: shop.users, list }, seconds);
    say(`${name}: ${lists[name].requestsPerSecond.toFixed(0)} requests/s, p99 ${lists[name].p99.toFixed(2)} ms`);
  }
  const swapSeconds = quick ? 9 : 30;
  say('An index swap under load');
  const indexSwap = await swap(db, shop, service.url, key, swapSeconds, {
    index: shop.secondIndexA,
    active: [shop.secondIndexA],
  });
  say('A model swap under load');
  const modelSwap = await swap(db, shop, service.url, key, swapSeconds, {
    index: shop.indexB,
    active: [shop.secondIndexA, shop.indexB],
  });

  const metrics = summarise(loads.duet);
  const unranked = summarise(loads.unranked);
  const bareOne = summarise(loads.bare);
  return {
    params: { items, dimensions: 32, connections, k, candidates: 100, rounds, seconds, users: shop.users },
    metrics: {
      ...metrics,
      errors: metrics.errors + unranked.errors + indexSwap.errors + modelSwap.errors,
      unranked,
      lists: Object.fromEntries(Object.entries(lists).map(([name, one]) => [name, summarise([one])])),
      index_swap: indexSwap,
      model_swap: modelSwap,
    },
    peers: { bare: bareOne },
    ratios: {
      bare: rounded(metrics.requests_per_s / bareOne.requests_per_s, 3),
      bare_unranked: rounded(unranked.requests_per_s / bareOne.requests_per_s, 3),
    },
  } satisfies Results;
}

function markdown({ params, metrics, peers, ratios }: Awaited<ReturnType<typeof measure>>): string {
  const row = (name: string, of: typeof peers.bare) => [
    name,
    of.requests_per_s,
    of.p50_ms,
    of.p99_ms,
    of.p999_ms,
    of.errors,
    of.bytes,
  ];
  const swaps = (['index_swap', 'model_swap'] as const).map((name) => {
    const { at, p99During, p99Otherwise, errors } = metrics[name];
    return [name.replace('_', ' '), at, p99During, p99Otherwise, errors];
  });
  return [
    `${params.items} items of 32 dimensions, ${params.connections} connections, answers of ${params.k} items out of ${params.candidates} candidates, ${params.users} users; ${params.rounds} rounds of ${params.seconds} s each, in turns. The load comes from the same machine.`,
    table(
      ['server', 'requests/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'errors', 'bytes an answer'],
      [row('Duet', metrics), row('Duet, `rank: false`', metrics.unranked), row('bare node:http', peers.bare)],
    ),
    `Duet answers ${(100 * ratios.bare).toFixed(1)} % of the bare server's requests, and ${(100 * ratios.bare_unranked).toFixed(1)} % where it need not rank. The bare server searches the same index with the same vectors for the same 100 candidates and writes the same JSON; it checks no key and no input, ranks nothing, hides nothing that was bought, and has no limits, no deadline and no metrics.`,
    ...(Object.keys(metrics.lists).length === 0
      ? []
      : [
          'The other lists, one after the other:',
          table(
            ['list', 'requests/s', 'p50 ms', 'p99 ms', 'p99.9 ms', 'errors', 'bytes an answer'],
            Object.entries(metrics.lists).map(([name, one]) => row(name, one)),
          ),
        ]),
    'Under load, with p99 from the change in the database until a second after the first answer from what is new, and of the rest of the run:',
    table(['', 'served after ms', 'p99 during, ms', 'p99 otherwise, ms', 'errors'], swaps),
  ].join('\n\n');
}

await runBench('serve', measure, markdown, { items: { type: 'string' }, lists: { type: 'boolean' } });
