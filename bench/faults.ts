/**
 * `npm run bench:faults`: what a shop loses, and for how long, when things break. A small shop runs under `duet start`; a
 * client logs events and asks for recommendations without a pause, while in turn each service is killed (-9), the disk is
 * full, and the database hangs. Loopback only, and a load that any machine bears. `--rounds N` kills of each (50).
 *
 * A disk that is full is a tmpfs of its own, which only root can mount: without root that fault is left out, and said.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, ftruncateSync, openSync, readdirSync, readFileSync, statfsSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createDuetClient, type DuetClient } from '@duet/api/client';
import { loadConfig, repositoryRoot } from '@duet/base';
import { connect, createApiKey, type Database, startPostgres } from '@duet/db';
import { freePort } from '@duet/db/testing';
import { median, type Results, runBench, say, table } from './bench.ts';
import { prepareShop } from './serve/shop.ts';

const items = 2_000;
/** Between two events, and between two reads. */
const everyMs = 50;
/** How long a full disk or a hanging database lasts. */
const faultMs = 10_000;
const diskMegabytes = 768;

interface Outcome {
  times: number;
  /** Median and longest time from the fault's beginning (a kill) or end (all others) until all is answered again. */
  seconds_to_be_back: number;
  seconds_at_worst: number;
  /** Reads that failed while it lasted, and all there were. */
  reads_failed: number;
  reads: number;
  /** Events that the client says it dropped, that are not in the database, and that are there twice. */
  dropped: number;
  lost: number;
  doubled: number;
}

interface Shop {
  env: NodeJS.ProcessEnv;
  dataDir: string;
  url: string;
  key: string;
  databaseUrl: string;
}

/** A shopper who never stops: events by the client as a shop would log them, reads as they come. */
function shopper({ url, key }: Shop) {
  const events = new Set<string>();
  const dropped = new Set<string>();
  let [reads, failed, going] = [0, 0, true];
  const duet: DuetClient = createDuetClient({
    url,
    apiKey: key,
    timeoutMs: 1_000,
    retry: { attempts: 1 },
    events: {
      onDrop: (gone) => {
        for (const { eventId } of gone) dropped.add(eventId);
      },
    },
  });
  const log = async () => {
    for (let n = 0; going; n++, await pause(everyMs)) {
      const [id] = duet.events.log({ type: 'click', userId: `user-${n % 100}`, itemId: `item-${n % items}` });
      events.add(id!);
    }
  };
  const read = async () => {
    for (let n = 0; going; n++, await pause(everyMs)) {
      reads++;
      await duet.retrieve({ userId: `user-${n % 100}`, k: 20 }).catch(() => {
        failed++;
      });
    }
  };
  const both = Promise.all([log(), read()]);
  return {
    duet,
    async stop() {
      going = false;
      await both;
      await duet.close({ timeoutMs: 60_000 });
      return { events, dropped, reads, failed };
    },
  };
}

/** Waits until the service answers a read and stores an event. Returns the seconds since `from`. */
async function back({ url, key }: Shop, from: number): Promise<number> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
  const asks = async (call: string, body: object): Promise<boolean> => {
    const signal = AbortSignal.timeout(1_000);
    return fetch(`${url}/v1/${call}`, { method: 'POST', headers, body: JSON.stringify(body), signal }).then(
      ({ ok }) => ok,
      () => false,
    );
  };
  const event = () => ({
    eventId: crypto.randomUUID(),
    occurredAt: new Date().toISOString(),
    ...{ type: 'click', userId: 'probe', itemId: 'item-1' },
  });
  for (;;) {
    const [read, stored] = await Promise.all([
      asks('retrieve', { userId: 'user-1', k: 20 }),
      asks('events', { events: [event()] }),
    ]);
    if (read && stored) return (performance.now() - from) / 1000;
    await pause(20);
  }
}

/** What came of a fault: `rounds` times `once` under the same shopper. */
async function suffer(shop: Shop, rounds: number, once: () => Promise<number>): Promise<Outcome> {
  await back(shop, performance.now());
  const customer = shopper(shop);
  const seconds: number[] = [];
  for (let round = 0; round < rounds; round++) {
    seconds.push(await once());
    await pause(500);
  }
  const { events, dropped, reads, failed } = await customer.stop();
  await using db = await connect(shop.databaseUrl, { max: 1 });
  const { rows } = await db.pool.query<{ id: string; n: number }>(
    'SELECT "eventId" AS id, count(*)::int AS n FROM "Event" WHERE "eventId" = ANY($1) GROUP BY 1',
    [[...events]],
  );
  return {
    times: rounds,
    seconds_to_be_back: Number(median(seconds).toFixed(2)),
    seconds_at_worst: Number(Math.max(...seconds).toFixed(2)),
    ...{ reads_failed: failed, reads, dropped: dropped.size },
    lost: events.size - rows.length,
    doubled: rows.filter(({ n }) => n > 1).length,
  };
}

const pidOfService = ({ dataDir }: Shop, name: string): number =>
  JSON.parse(readFileSync(path.join(dataDir, 'running.json'), 'utf8')).services[name].process.pid;
const folderOfPostgres = ({ dataDir }: Shop): string =>
  JSON.parse(readFileSync(path.join(dataDir, 'postgres.json'), 'utf8')).folder;
const pidOfPostgres = (shop: Shop): number =>
  Number.parseInt(readFileSync(path.join(folderOfPostgres(shop), 'postmaster.pid'), 'utf8'), 10);

/** A process and its children, one generation: PostgreSQL and its sessions. */
const familyOf = (pid: number): number[] => [
  pid,
  ...readdirSync('/proc')
    .map(Number)
    .filter((other) => {
      try {
        const stat = readFileSync(`/proc/${other}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid;
      } catch {
        // No process, or one that has ended since.
        return false;
      }
    }),
];

/** A new process in the service's place, working: for a service that answers no requests. */
async function restarted(shop: Shop, name: string, old: number, from: number): Promise<number> {
  for (;;) {
    const { services } = JSON.parse(readFileSync(path.join(shop.dataDir, 'running.json'), 'utf8'));
    const { state, process: is } = services[name];
    if (is.pid !== old && state !== 'starting') return (performance.now() - from) / 1000;
    await pause(20);
  }
}

async function killService(shop: Shop, name: string): Promise<number> {
  const pid = pidOfService(shop, name);
  const from = performance.now();
  process.kill(pid, 'SIGKILL');
  const again = await restarted(shop, name, pid, from);
  return name === 'retrieval' ? back(shop, from) : again;
}

async function killPostgres(shop: Shop): Promise<number> {
  const from = performance.now();
  const old = pidOfPostgres(shop);
  for (const pid of familyOf(old)) process.kill(pid, 'SIGKILL');
  return back(shop, from);
}

async function hangPostgres(shop: Shop): Promise<number> {
  const pids = familyOf(pidOfPostgres(shop));
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  await pause(faultMs);
  for (const pid of pids) process.kill(pid, 'SIGCONT');
  return back(shop, performance.now());
}

async function fillDisk({ dataDir, ...shop }: Shop): Promise<number> {
  const file = openSync(path.join(dataDir, 'filler'), 'w');
  const block = Buffer.alloc(64 * 1024);
  try {
    for (const since = performance.now(); performance.now() - since < faultMs; await pause(100)) {
      // Whatever room PostgreSQL frees meanwhile is taken too.
      while (statfsSync(dataDir).bavail > 0) writeSync(file, block);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    await pause(faultMs);
  } finally {
    ftruncateSync(file);
    closeSync(file);
  }
  return back({ dataDir, ...shop }, performance.now());
}

/** A small shop, trained and indexed, in an embedded database, under `duet start`. */
async function openShop(opened: AsyncDisposableStack, onOwnDisk: boolean): Promise<Shop> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'duet-faults-'));
  opened.defer(() => rm(dataDir, { recursive: true, force: true }));
  if (onOwnDisk) {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMegabytes}m,mode=711`, 'duet-faults', dataDir]);
    opened.defer(async () => {
      execFileSync('umount', ['--lazy', dataDir]);
    });
  }
  const env = {
    ...process.env,
    DUET_DATA_DIR: dataDir,
    DUET_POSTGRES_PORT: String(await freePort()),
    DUET_RETRIEVAL_PORT: String(await freePort()),
    // The shopper is one key.
    DUET_RATE_LIMIT: '10000',
    DUET_RATE_BURST: '10000',
  };
  const config = loadConfig(env);
  let key: string;
  {
    await using server = await startPostgres(config);
    await prepareShop(items, server.url, dataDir);
    await using db: Database = await connect(server.url);
    ({ key } = await createApiKey(db, { name: 'faults', scopes: ['admin'] }));
  }
  const args = ['start', '--no-demo', '--no-admin', '--no-storefront', '--no-avx2'];
  const main = path.join(repositoryRoot(), 'apps/cli/src/main.ts');
  const child: ChildProcess = spawn(process.execPath, [main, ...args], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  opened.defer(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'close');
  });
  const url = config.retrievalUrl;
  const ready = () =>
    fetch(`${url}/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  while (!(await ready())) {
    if (child.exitCode !== null) throw new Error('duet start ended before it was ready.');
    await pause(200);
  }
  const { url: databaseUrl } = JSON.parse(readFileSync(path.join(dataDir, 'postgres.json'), 'utf8'));
  return { env, dataDir, url, key, databaseUrl };
}

async function measure({ quick, rounds: asked }: { quick: boolean; json: boolean; rounds?: string | undefined }) {
  const rounds = asked === undefined ? (quick ? 2 : 50) : Number(asked);
  const onOwnDisk = process.getuid?.() === 0 && process.platform === 'linux';
  if (!onOwnDisk) say('The full disk is left out: only root can mount one of its own.');
  await using opened = new AsyncDisposableStack();
  const shop = await openShop(opened, onOwnDisk);
  const faults: [name: string, rounds: number, once: () => Promise<number>][] = [
    ['retrieval_killed', rounds, () => killService(shop, 'retrieval')],
    ['worker_killed', rounds, () => killService(shop, 'worker')],
    ['database_killed', rounds, () => killPostgres(shop)],
    ['database_hangs', quick ? 1 : 3, () => hangPostgres(shop)],
    ...(onOwnDisk
      ? [['disk_full', quick ? 1 : 3, () => fillDisk(shop)] as [string, number, () => Promise<number>]]
      : []),
  ];
  const outcomes: Record<string, Outcome> = {};
  for (const [name, times, fault] of faults) {
    say(`${name}, ${times} times …`);
    outcomes[name] = await suffer(shop, times, fault);
    say(JSON.stringify(outcomes[name]));
  }
  const each = <T>(of: (outcome: Outcome) => T) =>
    Object.fromEntries(Object.entries(outcomes).map(([name, outcome]) => [name, of(outcome)]));
  return {
    params: { items, rounds, everyMs, faultMs, diskMegabytes: onOwnDisk ? diskMegabytes : null },
    metrics: {
      lost: each(({ lost }) => lost),
      doubled: each(({ doubled }) => doubled),
      seconds_to_be_back: each(({ seconds_to_be_back }) => seconds_to_be_back),
      faults: outcomes,
    },
    peers: {},
    ratios: {},
  } satisfies Results;
}

function markdown({ params, metrics }: Awaited<ReturnType<typeof measure>>): string {
  const rows = Object.entries(metrics.faults).map(([name, outcome]) => [
    ...[name.replaceAll('_', ' '), outcome.times, outcome.seconds_to_be_back, outcome.seconds_at_worst],
    ...[`${outcome.reads_failed} of ${outcome.reads}`, outcome.dropped, outcome.lost, outcome.doubled],
  ]);
  return [
    `A shop of ${params.items} items under \`duet start\`; every ${params.everyMs} ms an event and a read. A full disk and a hanging database last ${params.faultMs / 1000} s, and their time to be back is counted from their end; a kill's from its beginning. A service that keeps dying is started after ever longer waits, so that the later kills of many take longer.`,
    table(
      ['fault', 'times', 'back after, s (median)', 'at worst', 'reads failed', 'events dropped', 'lost', 'doubled'],
      rows,
    ),
  ].join('\n\n');
}

await runBench('faults', measure, markdown, { rounds: { type: 'string' } });
