/**
 * `npm run bench:faults`: what a shop loses, and for how long, when things break. A small shop runs under `duet start`;
 * a client logs events and asks for recommendations without a pause, while in turn services and database are killed
 * (-9), the database hangs or is absent, the disk is full, files are damaged, bodies drip, and three times the load
 * comes that the service can bear. Loopback only.
 *
 * `--rounds N` kills of each (50), fewer where the 15 minutes are used up; `--only killed,disk_full`; `--resume` goes
 * on after a run that was cut, with the faults it had not come to. `--no-web` leaves shop and admin out, which have to
 * be built first; `--quick` does. A full disk is a tmpfs of its own, which only root can mount: else it is left out,
 * and said.
 */
import {
  closeSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { repositoryRoot } from '@duet/base';
import { connect } from '@duet/db';
import { commit, median, type Results, runBench, say, table } from './bench.ts';
import { overload } from './faults/overload.ts';
import { familyOf, killPostgres, killService, pidOfPostgres, type ServiceName } from './faults/processes.ts';
import { back, diskMegabytes, everyMs, items, openShop, type Shop, shopper } from './faults/shop.ts';

/** A service that worked for so long before it died is started again at once. */
const steadyMs = 3_000;

interface Outcome {
  times: number;
  /** Median and longest time from a kill, or from the end of all others, until reads and events are answered again. */
  seconds_to_be_back: number;
  seconds_at_worst: number;
  /** Reads that failed while it lasted, and all there were. */
  reads_failed: number;
  reads: number;
  /** Events that the client says it dropped, that are not in the database, and that are there twice. */
  dropped: number;
  lost: number;
  doubled: number;
  /** What a fault tells besides. */
  [further: string]: number;
}

/** Makes the fault once. Returns the seconds until all was back, by what was broken where that is several things. */
type Once = () => Promise<number | Record<string, number>>;

interface Fault {
  name: string;
  rounds: number;
  once: Once;
}

/**
 * What came of a fault: up to `rounds` times `once` under the same shopper, no longer than `budgetMs`. By what was
 * broken.
 */
async function suffer(shop: Shop, { name, rounds, once }: Fault, budgetMs: number): Promise<Record<string, Outcome>> {
  await back(shop, performance.now());
  const customer = shopper(shop);
  const seconds: Record<string, number[]> = {};
  const add = (of: string, one: number): void => {
    seconds[of] = [...(seconds[of] ?? []), one];
  };
  const further: Record<string, number> = {};
  const began = performance.now();
  for (let round = 0; round < rounds && (round === 0 || performance.now() - began < budgetMs); round++) {
    const came = await once();
    if (typeof came === 'number') add(name, came);
    else if ('seconds' in came) {
      const { seconds: one, ...rest } = came;
      add(name, one!);
      Object.assign(further, rest);
    } else for (const [of, one] of Object.entries(came)) add(of, one);
  }
  const { events, dropped, reads, failed } = await customer.stop();
  await using db = await connect(shop.databaseUrl, { max: 1 });
  const { rows } = await db.pool.query<{ id: string; n: number }>(
    'SELECT "eventId" AS id, count(*)::int AS n FROM "Event" WHERE "eventId" = ANY($1) GROUP BY 1',
    [[...events]],
  );
  const counts = {
    ...{ reads_failed: failed, reads, dropped: dropped.size },
    lost: events.size - rows.length,
    doubled: rows.filter(({ n }) => n > 1).length,
  };
  return Object.fromEntries(
    Object.entries(seconds).map(([of, all]) => [
      of,
      {
        times: all.length,
        seconds_to_be_back: Number(median(all).toFixed(2)),
        seconds_at_worst: Number(Math.max(...all).toFixed(2)),
        ...counts,
        ...further,
      },
    ]),
  );
}

/** Each service in turn, so that each has worked for a while before it is killed again. */
async function killEach(shop: Shop, services: readonly ServiceName[]): Promise<Record<string, number>> {
  const seconds: Record<string, number> = {};
  for (const name of services) {
    const from = await killService(shop, name);
    if (name === 'retrieval') seconds[`${name}_killed`] = await back(shop, from);
    else {
      const url = name === 'worker' ? undefined : `${shop.webUrls[name]}/api/health`;
      while (
        url !== undefined &&
        !(await fetch(url).then(
          ({ ok }) => ok,
          () => false,
        ))
      )
        await pause(20);
      seconds[`${name}_killed`] = (performance.now() - from) / 1000;
    }
    await pause(steadyMs / services.length + 300);
  }
  return seconds;
}

async function killDatabase(shop: Shop): Promise<number> {
  const from = performance.now();
  killPostgres(shop);
  const seconds = await back(shop, from);
  await pause(steadyMs + 300);
  return seconds;
}

async function hangDatabase(shop: Shop, faultMs: number): Promise<number> {
  const pids = familyOf(pidOfPostgres(shop));
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  await pause(faultMs);
  for (const pid of pids) process.kill(pid, 'SIGCONT');
  return back(shop, performance.now());
}

/** A database that dies again before anybody can use it. */
async function loseDatabase(shop: Shop, faultMs: number): Promise<number> {
  for (const since = performance.now(); performance.now() - since < faultMs; await pause(50)) killPostgres(shop);
  return back(shop, performance.now());
}

async function fillDisk({ dataDir, ...shop }: Shop, faultMs: number): Promise<number> {
  const file = openSync(path.join(dataDir, 'filler'), 'w');
  const block = Buffer.alloc(64 * 1024);
  try {
    for (const since = performance.now(); performance.now() - since < faultMs; await pause(100)) {
      // Whatever room PostgreSQL frees meanwhile is taken too.
      try {
        while (statfsSync(dataDir).bavail > 0) writeSync(file, block);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
  } finally {
    ftruncateSync(file);
    closeSync(file);
  }
  return back({ dataDir, ...shop }, performance.now());
}

/** The one index is damaged and the service started again: the best sellers answer until it is mended. */
async function damageFiles(shop: Shop): Promise<number> {
  const folder = path.join(shop.dataDir, 'indexes');
  const file = path.join(folder, readdirSync(folder)[0]!, 'index.faiss');
  const was = readFileSync(file);
  writeFileSync(file, was.subarray(0, was.length >> 1));
  try {
    return await back(shop, await killService(shop, 'retrieval'));
  } finally {
    writeFileSync(file, was);
    await pause(steadyMs);
    await back(shop, await killService(shop, 'retrieval'));
  }
}

/** Bodies of which a byte comes now and then, on as many connections as one address may hold. */
async function dripBodies(shop: Shop, connections: number, faultMs: number): Promise<number> {
  const { hostname, port } = new URL(shop.url);
  const head = `POST /v1/retrieve HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${shop.key}\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n`;
  const sockets = Array.from({ length: connections }, () => {
    const socket = net.connect(Number(port), hostname);
    socket.on('error', () => {}).write(head);
    return socket;
  });
  for (const since = performance.now(); performance.now() - since < faultMs; await pause(500)) {
    for (const socket of sockets) if (!socket.destroyed) socket.write(' ');
  }
  const from = performance.now();
  for (const socket of sockets) socket.destroy();
  return back(shop, from);
}

interface Flags {
  quick: boolean;
  json: boolean;
  rounds?: string | undefined;
  only?: string | undefined;
  resume?: boolean | undefined;
  'no-web'?: boolean | undefined;
}

function faultsOf(
  shop: Shop,
  { quick, rounds, web, onOwnDisk }: { quick: boolean; rounds: number; web: boolean; onOwnDisk: boolean },
) {
  const faultMs = quick ? 3_000 : 10_000;
  const long = quick ? 1 : 3;
  const services: ServiceName[] = ['retrieval', 'worker', ...(web ? (['admin', 'storefront'] as const) : [])];
  const faults: Fault[] = [
    { name: 'killed', rounds, once: () => killEach(shop, services) },
    { name: 'database_killed', rounds, once: () => killDatabase(shop) },
    { name: 'database_hangs', rounds: long, once: () => hangDatabase(shop, faultMs) },
    { name: 'database_absent', rounds: long, once: () => loseDatabase(shop, faultMs) },
    ...(onOwnDisk ? [{ name: 'disk_full', rounds: long, once: () => fillDisk(shop, faultMs) }] : []),
    { name: 'files_damaged', rounds: long, once: () => damageFiles(shop) },
    { name: 'bodies_drip', rounds: 1, once: () => dripBodies(shop, 200, quick ? 3_000 : 15_000) },
    { name: 'overload', rounds: 1, once: () => (quick ? overload(shop, 1, 2) : overload(shop, 5, 4)) },
  ];
  return { faults, faultMs };
}

/** Time for all faults together, and how much of it each of the two long ones may take. */
const minutes = 15;
const longFaultShare = 0.35;

async function measure({ quick, rounds: asked, only, resume = false, 'no-web': noWeb = false }: Flags) {
  const rounds = asked === undefined ? (quick ? 2 : 50) : Number(asked);
  const onOwnDisk = process.getuid?.() === 0 && process.platform === 'linux';
  if (!onOwnDisk) say('The full disk is left out: only root can mount one of its own.');
  const web = !quick && !noWeb;
  const partial = path.join(repositoryRoot(), 'node_modules/.cache/duet/faults.json');
  const earlierOutcomes = resume ? await earlier(partial) : {};
  await using opened = new AsyncDisposableStack();
  const shop = await openShop(opened, { onOwnDisk, web });
  const { faults, faultMs } = faultsOf(shop, { quick, rounds, web, onOwnDisk });
  const selected = only?.split(',');
  const done: Record<string, Record<string, Outcome>> = earlierOutcomes;
  await mkdir(path.dirname(partial), { recursive: true });
  for (const fault of faults) {
    if (done[fault.name] !== undefined || selected?.includes(fault.name) === false) continue;
    say(`${fault.name}, ${fault.rounds} times …`);
    done[fault.name] = await suffer(shop, fault, minutes * 60_000 * longFaultShare);
    say(JSON.stringify(done[fault.name]));
    await writeFile(partial, JSON.stringify({ commit: commit(), done }));
  }
  await rm(partial, { force: true });
  const outcomes: Record<string, Outcome> = Object.assign({}, ...Object.values(done));
  const each = <T>(of: (outcome: Outcome) => T) =>
    Object.fromEntries(Object.entries(outcomes).map(([name, outcome]) => [name, of(outcome)]));
  return {
    params: { items, rounds, everyMs, faultMs, web, diskMegabytes: onOwnDisk ? diskMegabytes : null },
    metrics: {
      lost: each(({ lost }) => lost),
      doubled: each(({ doubled }) => doubled),
      seconds_to_be_back: each(({ seconds_to_be_back }) => seconds_to_be_back),
      faults: outcomes,
    },
    peers: {},
    ratios: {
      goodput_at_overload: outcomes.overload?.goodput ?? null,
      p99_at_overload: outcomes.overload?.p99_ratio ?? null,
    },
  } satisfies Results;
}

/** What a run of the same commit that was cut had measured. */
async function earlier(partial: string): Promise<Record<string, Record<string, Outcome>>> {
  try {
    const { commit: of, done } = JSON.parse(readFileSync(partial, 'utf8'));
    return of === commit() ? done : {};
  } catch {
    return {};
  }
}

function markdown({ params, metrics, ratios }: Awaited<ReturnType<typeof measure>>): string {
  const rows = Object.entries(metrics.faults).map(([name, outcome]) => [
    ...[name.replaceAll('_', ' '), outcome.times, outcome.seconds_to_be_back, outcome.seconds_at_worst],
    ...[`${outcome.reads_failed} of ${outcome.reads}`, outcome.dropped, outcome.lost, outcome.doubled],
  ]);
  const { goodput_at_overload: goodput, p99_at_overload: p99 } = ratios;
  return [
    `A shop of ${params.items} items under \`duet start\`; every ${params.everyMs} ms an event and a read. A full disk, and a hanging or absent database, last ${params.faultMs / 1000} s, and their time to be back is counted from their end; a kill's from its beginning. Services are killed in turn under one shopper, so their reads and events are counted together.`,
    table(
      ['fault', 'times', 'back after, s (median)', 'at worst', 'reads failed', 'events dropped', 'lost', 'doubled'],
      rows,
    ),
    goodput === null || p99 === null
      ? 'Overload was not measured.'
      : `At three times the load that it can bear, it answers ${(100 * goodput).toFixed(0)} % of what it does at capacity, the 99th percentile at ${p99.toFixed(1)} times that at capacity; it refuses the rest. Service and sender have a core each.`,
  ].join('\n\n');
}

await runBench('faults', measure, markdown, {
  rounds: { type: 'string' },
  only: { type: 'string' },
  resume: { type: 'boolean' },
  'no-web': { type: 'boolean' },
});
