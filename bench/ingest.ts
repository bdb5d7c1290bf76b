/**
 * `npm run bench:ingest`: events a second from HTTP to PostgreSQL's commit, through the real retrieval service, beside
 * PostgreSQL's own COPY of the same rows into the same table and indexes; what is lost or doubled when the service and
 * PostgreSQL are killed meanwhile; and what a rollup and a report cost as the stored events grow.
 */
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import path from 'node:path';
import { eventId } from '@duet/client/event-id';
import type { Database } from '@duet/db';
import {
  createExperiment,
  type EventInput,
  logEvents,
  openEventSink,
  readRollup,
  rollUp,
  startExperiment,
} from '@duet/experiments';
import { openService, type Service } from '@duet/retrieval/testing';
import { type Flags, median, type Results, runBench, say, table } from './bench.ts';

const batchSize = 1_000;
const connections = 8;
const dayMs = 86_400_000;

interface Shop {
  experimentId: string;
  arms: string[];
}

async function openShop(db: Database): Promise<Shop> {
  const { id: datasetId } = await db.prisma.dataset.create({ data: { name: 'shop', settings: {} } });
  const { id: modelId } = await db.prisma.model.create({ data: { datasetId, name: 'm', kind: 'dat', parameters: {} } });
  const arm = (name: string, control = false) => ({ name, modelId, weight: 0.5, control });
  const { id, arms } = await createExperiment(db, { name: 'bench', datasetId, arms: [arm('a', true), arm('b')] });
  await startExperiment(db, id, { now: new Date(Date.now() - 6 * dayMs) });
  return { experimentId: id, arms: arms.map((each) => each.id) };
}

/** A shop's mix: of twenty events two are clicks, one is an order and the others impressions. */
function event({ experimentId, arms }: Shop, i: number, id: string, now: number): EventInput {
  const user = Math.floor(i / 20);
  const shown = { userId: `user-${user}`, itemId: `item-${(i * 7919) % 3000}`, experimentId, armId: arms[user % 2]! };
  const occurredAt = new Date(now - ((i * 7919) % 3_600_000)).toISOString();
  const common = { eventId: id, occurredAt, ...shown, placement: 'home', device: 'phone' };
  if (i % 20 === 19) {
    const line = { orderId: `order-${i}`, quantity: 1, valueMinor: 500 + (i % 4500), currency: 'GBP' };
    return { ...common, type: 'order', ...line };
  }
  if (i % 10 === 8) return { ...common, type: 'click', requestId: randomUUID(), position: i % 20 };
  return { ...common, type: 'impression', requestId: randomUUID(), position: i % 20 };
}

/** As the client makes them. */
const ascendingId = (): string => eventId(Date.now());

interface Batch {
  ids: string[];
  body: Buffer;
}

function batchesOf(shop: Shop, count: number, id: () => string): Batch[] {
  const now = Date.now();
  return Array.from({ length: count / batchSize }, (_, b) => {
    const events = Array.from({ length: batchSize }, (_, i) => event(shop, b * batchSize + i, id(), now));
    return { ids: events.map(({ eventId }) => eventId), body: Buffer.from(JSON.stringify({ events })) };
  });
}

/** Sends a batch until it is acknowledged, as the client does. */
async function deliver({ url, apiKey }: Service, agent: http.Agent, { body }: Batch): Promise<void> {
  const headers = {
    authorization: `Bearer ${apiKey}`,
    'content-type': 'application/json',
    'content-length': body.length,
  };
  const once = () =>
    new Promise<{ status: number; text: string }>((resolve, reject) => {
      const request = http.request(`${url}/trpc/events.log`, { method: 'POST', agent, headers }, (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part) => {
          text += part;
        });
        answer.on('end', () => resolve({ status: answer.statusCode!, text })).on('error', reject);
      });
      request.on('error', reject).end(body);
    });
  for (;;) {
    const answer = await once().catch(() => undefined);
    if (answer?.status === 200) {
      const { rejected } = JSON.parse(answer.text).result.data;
      if (rejected.length > 0) throw new Error(`An event was rejected: ${rejected[0].reason}.`);
      return;
    }
    if (answer && answer.status < 429) throw new Error(`The service answered ${answer.status}: ${answer.text}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Delivers all batches over some connections at once; `midway` runs once half of them are under way or done. */
async function deliverAll(service: Service, batches: readonly Batch[], midway?: () => Promise<void>) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  let next = 0;
  let meanwhile: Promise<void> | undefined;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (next < batches.length) {
        if (midway && next >= batches.length / 2) meanwhile ??= midway();
        await deliver(service, agent, batches[next++]!);
      }
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  await meanwhile;
  agent.destroy();
  return seconds;
}

/** Acknowledged events that are not there, and events that are there more than once. */
async function audit({ pool }: Database, batches: readonly Batch[]) {
  const { rows } = await pool.query<{ stored: number; distinct: number; lost: number }>(
    `SELECT count(e."eventId")::int AS "stored", count(DISTINCT e."eventId")::int AS "distinct",
       (count(DISTINCT s.id) - count(DISTINCT e."eventId"))::int AS "lost"
     FROM unnest($1::uuid[]) AS s(id) LEFT JOIN "Event" e ON e."eventId" = s.id`,
    [batches.flatMap(({ ids }) => ids)],
  );
  const { stored, distinct, lost } = rows[0]!;
  return { lost, duplicated: stored - distinct };
}

/**
 * Seconds that PostgreSQL takes to COPY the stored events, from its own disk, into an empty table with the same
 * indexes.
 */
async function copySeconds({ pool }: Database): Promise<{ rows: number; seconds: number }> {
  const { rows } = await pool.query<{ data_directory: string }>('SHOW data_directory');
  const file = path.join(rows[0]!.data_directory, 'bench.copy').replaceAll("'", "''");
  await pool.query('DROP TABLE IF EXISTS "Copied"');
  await pool.query('CREATE TABLE "Copied" (LIKE "Event" INCLUDING ALL)');
  await pool.query(`COPY (SELECT * FROM "Event") TO '${file}'`);
  const began = performance.now();
  const { rowCount } = await pool.query(`COPY "Copied" FROM '${file}'`);
  const seconds = (performance.now() - began) / 1000;
  await pool.query('DROP TABLE "Copied"');
  return { rows: rowCount!, seconds };
}

async function throughput(quick: boolean) {
  await using service = await openService();
  const shop = await openShop(service.db);
  const count = quick ? 40_000 : 400_000;
  // The first connections, plans and compiled code are not what is measured.
  await deliverAll(service, batchesOf(shop, 20_000, ascendingId));
  const runs: Record<string, number[]> = { ascending: [], random: [] };
  const all: Batch[] = [];
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    for (const [kind, id] of [['ascending', ascendingId] as const, ['random', randomUUID] as const]) {
      const batches = batchesOf(shop, count, id);
      // One in fifty is sent twice, as a client does that missed an answer.
      const seconds = await deliverAll(service, [...batches, ...batches.filter((_, i) => i % 50 === 0)]);
      runs[kind]!.push(count / seconds);
      say(`  ${kind} ids: ${Math.round(count / seconds)} events/s`);
      all.push(...batches);
    }
  }
  const copies: number[] = [];
  for (let round = 0; round < (quick ? 1 : 3); round++) {
    const { rows, seconds } = await copySeconds(service.db);
    copies.push(rows / seconds);
    say(`  COPY: ${Math.round(rows / seconds)} events/s`);
  }
  return {
    eventsPerSecond: median(runs.ascending!),
    randomIds: median(runs.random!),
    copy: median(copies),
    ...(await audit(service.db, all)),
  };
}

/** The same through a kill -9 of the service and one of PostgreSQL, each in the middle of the traffic. */
async function crashes(quick: boolean) {
  await using service = await openService();
  const shop = await openShop(service.db);
  const all: Batch[] = [];
  for (const [what, kill] of [
    ['the service', service.killService],
    ['PostgreSQL', service.killPostgres],
  ] as const) {
    const batches = batchesOf(shop, quick ? 20_000 : 100_000, ascendingId);
    await deliverAll(service, batches, kill);
    say(`  ${what} was killed among ${batches.length * batchSize} events`);
    all.push(...batches);
  }
  return { events: all.length * batchSize, ...(await audit(service.db, all)) };
}

/** Stores events without the service, spread over the last five days: twenty a user. */
async function fill({ pool }: Database, { experimentId, arms }: Shop, from: number, to: number) {
  await pool.query(
    `INSERT INTO "Event" ("day", "eventId", "type", "occurredAt", "receivedAt", "userId", "itemId", "experimentId", "armId",
       "device", "orderId", "quantity", "valueMinor", "currency")
     SELECT (t AT TIME ZONE 'UTC')::date, gen_random_uuid(), y::"EventType", t, t, 'user-' || i / 20, 'item-' || i::bigint * 7919 % 3000,
       $1, ($2::uuid[])[1 + i / 20 % 2], 'phone', CASE y WHEN 'order' THEN 'order-' || i END,
       CASE y WHEN 'order' THEN 1 END, CASE y WHEN 'order' THEN 500 + i % 4500 END, CASE y WHEN 'order' THEN 'GBP' END
     FROM (SELECT i, date_trunc('milliseconds', $5::timestamptz - (i::bigint * 7919 % 432000) * interval '1 second') AS t,
       CASE WHEN i % 20 = 19 THEN 'order' WHEN i % 10 = 8 THEN 'click' ELSE 'impression' END AS y
       FROM generate_series($3::int, $4::int - 1) AS i) AS made`,
    [experimentId, arms, from, to, new Date()],
  );
  await pool.query('ANALYZE "Event"');
}

async function rollups(quick: boolean) {
  await using service = await openService();
  const { db } = service;
  const shop = await openShop(db);
  // Partitions of all days, by way of one event of each.
  const days = Array.from({ length: 7 }, (_, d) => new Date(Date.now() - d * dayMs).toISOString());
  await logEvents(
    openEventSink(db),
    days.map((occurredAt) => ({ ...event(shop, 8, randomUUID(), Date.now()), occurredAt })),
  );
  const grown = [];
  let stored = 0;
  for (const size of quick ? [20_000, 100_000] : [100_000, 300_000, 1_000_000, 3_000_000]) {
    await fill(db, shop, stored, size);
    stored = size;
    let began = performance.now();
    const first = await rollUp(db, shop.experimentId);
    const backfillSeconds = (performance.now() - began) / 1000;
    const [added, read]: [number[], number[]] = [[], []];
    for (let round = 0; round < 5; round++) {
      // A thousand events of fifty users who are spread over all there are.
      const fresh = Array.from({ length: 1_000 }, (_, i) => {
        const made = event(shop, i, randomUUID(), Date.now());
        const user = ((Math.floor(i / 20) * 7919 + round * 13) * 50) % (stored / 20);
        return { ...made, userId: `user-${user}`, armId: shop.arms[user % 2]! };
      });
      await logEvents(openEventSink(db), fresh);
      began = performance.now();
      await rollUp(db, shop.experimentId);
      added.push(performance.now() - began);
      began = performance.now();
      await readRollup(db, shop.experimentId);
      read.push(performance.now() - began);
    }
    const row = {
      stored,
      users: first.users,
      backfillSeconds,
      rollUpMs: median(added),
      readMs: median(read),
    };
    say(
      `  ${stored} stored: ${first.users} users rolled up in ${backfillSeconds.toFixed(1)} s; 1,000 more events in ${row.rollUpMs.toFixed(0)} ms; read in ${row.readMs.toFixed(1)} ms`,
    );
    grown.push(row);
  }
  return grown;
}

async function measure({ quick }: Flags) {
  say('Events over HTTP …');
  const sent = await throughput(quick);
  say('Killing …');
  const crashed = await crashes(quick);
  say('Rollups …');
  const grown = await rollups(quick);
  const [least, most] = [grown[0]!, grown.at(-1)!];
  return {
    params: { batchSize, connections, quick },
    metrics: {
      events_per_s: sent.eventsPerSecond,
      events_per_s_random_ids: sent.randomIds,
      lost: sent.lost + crashed.lost,
      duplicated: sent.duplicated + crashed.duplicated,
      killed_among: crashed.events,
      rollups: grown,
    },
    peers: { copy: { events_per_s: sent.copy } },
    ratios: { copy: sent.eventsPerSecond / sent.copy, rollup_growth: most.rollUpMs / least.rollUpMs },
  } satisfies Results;
}

const number = (value: number, digits = 0) =>
  value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });

function markdown({ metrics, peers, ratios }: Awaited<ReturnType<typeof measure>>): string {
  return [
    'Everything runs on this machine: the sender, the service and PostgreSQL, which waits for the disk at each commit.',
    table(
      ['', 'events/s'],
      [
        ['over HTTP, acknowledged after the commit', number(metrics.events_per_s)],
        ['the same with random ids', number(metrics.events_per_s_random_ids)],
        ["PostgreSQL's COPY of the same rows, from its own disk in one transaction", number(peers.copy.events_per_s)],
      ],
    ),
    `Of all that was acknowledged, ${metrics.lost} events were lost and ${metrics.duplicated} were stored twice, through a kill -9 of the service and one of PostgreSQL among ${number(metrics.killed_among)} events.`,
    'A rollup costs what is new, not what is stored:',
    table(
      [
        'events stored',
        'users in the first rollup since the last row',
        'that rollup, s',
        '1,000 events more, ms',
        'reading, ms',
      ],
      metrics.rollups.map(({ stored, users, backfillSeconds, rollUpMs, readMs }) => [
        number(stored),
        number(users),
        number(backfillSeconds, 1),
        number(rollUpMs),
        number(readMs, 1),
      ]),
    ),
    `From the first row to the last the 1,000 events' rollup grows by a factor of ${number(ratios.rollup_growth, 2)}.`,
  ].join('\n\n');
}

await runBench('ingest', measure, markdown);
