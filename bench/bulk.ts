/**
 * `npm run bench:bulk`: every user's list of 20 in one file, as `duet recommend --all` makes it, against the index
 * alone, which searches for the same users' vectors and the same hundred candidates, in alternating rounds of one run;
 * with a filter, against the index with the same bitmap. Both keep as many searches under way as the machine has cores.
 * Beside users a second it counts processor time, which other programs on the machine move less. `--items` for another
 * size of the catalogue.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { readIndex, type SearchOptions } from '@duet/ann';
import { openExecutor, openModel } from '@duet/artifact';
import { createLogger, loadConfig, repositoryRoot, silent } from '@duet/base';
import { connect, type Database, startPostgres } from '@duet/db';
import { freePort } from '@duet/db/testing';
import { openServing, writeBulk } from '@duet/serving';
import { commit, type Flags, median, type Results, runBench, say, table } from './bench.ts';
import { prepareShop } from './serve/shop.ts';

const k = 20;
const candidates = 100;
/** Queries in one call of the index: more gain nothing. */
const callSize = 256;
const users = 10_000;

async function measure({ quick, items: itemCount }: Flags & { items?: string | undefined }) {
  const items = itemCount === undefined ? (quick ? 20_000 : 200_000) : Number(itemCount);
  const rounds = quick ? 3 : 5;
  const dataDir =
    process.env.DUET_BENCH_SHOP ?? path.join(repositoryRoot(), 'build', `bench-serve-${items}-${commit()}`);
  await using opened = new AsyncDisposableStack();
  const postgres = opened.use(await startPostgres({ ...loadConfig({}), dataDir, postgresPort: await freePort() }));
  const db = opened.use(await connect(postgres.url));
  const shop = await prepareShop(items, postgres.url, dataDir);
  const executor = await openExecutor({ executor: undefined, threads: 1 });
  const logger = createLogger({ logLevel: 'silent' }, 'bench');
  const serving = opened.use(await openServing({ db, dataDir, executor, logger }));
  const model = opened.use(await openModel(dataDir, shop.modelA, executor, { precision: 'float16' }));
  const row = await db.prisma.index.findFirstOrThrow({ where: { modelId: shop.modelA, active: true } });
  const index = opened.use(await readIndex(path.join(dataDir, 'indexes', row.id, 'index.faiss')));
  const ids = Array.from({ length: users }, (_, user) => `user-${user}`);
  const { vectors } = await model.encodeUsers(ids);

  const alone = async (options: SearchOptions): Promise<void> => {
    let next = 0;
    const lane = async () => {
      for (let from = next; from < users; from = next) {
        next = from + callSize;
        await index.search(vectors.subarray(from * index.dim, next * index.dim), candidates, options);
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, lane));
  };
  const folder = await mkdtemp(path.join(tmpdir(), 'duet-bench-bulk-'));
  opened.defer(() => rm(folder, { recursive: true }));
  const bulk = async (more: object, out = 'recs.csv'): Promise<void> => {
    const request = { of: 'users' as const, k, modelId: shop.modelA, ...more };
    await writeBulk(serving, request, { out: path.join(folder, out), progress: silent });
  };
  const allowed = await cheapItems(db, model.items, index.idLimit);
  const filter = { price: { max: cheap } };
  const contenders = {
    index: () => alone(row.nprobe === null ? {} : { nprobe: row.nprobe }),
    unranked: () => bulk({ rankerId: null }),
    ranked: () => bulk({}),
    parquet: () => bulk({ rankerId: null }, 'recs.parquet'),
    indexFiltered: () => alone({ allowed }),
    filtered: () => bulk({ filter, rankerId: null }),
    filteredRanked: () => bulk({ filter }),
  };
  const names = Object.keys(contenders) as (keyof typeof contenders)[];
  const found = Object.fromEntries(names.map((name) => [name, { perSecond: [] as number[], cpu: [] as number[] }]));
  for (const name of names) await contenders[name]();
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length]!;
      const [began, before] = [performance.now(), process.cpuUsage()];
      await contenders[name]();
      const { user, system } = process.cpuUsage(before);
      found[name]!.perSecond.push((users / (performance.now() - began)) * 1000);
      found[name]!.cpu.push((user + system) / users);
      say(`round ${round + 1}, ${name}: ${found[name]!.perSecond.at(-1)!.toFixed(0)} users/s`);
    }
  }
  const perSecond = (name: Name) => Math.round(median(found[name]!.perSecond));
  const cpu = (name: Name) => Number(median(found[name]!.cpu).toFixed(1));
  const compare = (name: Name, peer: Name = 'index') => ({
    per_s: perSecond(name),
    cpu_us: cpu(name),
    of_index: Number((perSecond(name) / perSecond(peer)).toFixed(3)),
    of_index_by_cpu: Number((cpu(peer) / cpu(name)).toFixed(3)),
  });
  type Name = (typeof names)[number];
  return {
    params: { items, users, k, candidates, factory: row.factory, nprobe: row.nprobe, rounds },
    metrics: {
      unranked: compare('unranked'),
      ranked: compare('ranked'),
      parquet: compare('parquet'),
      filtered: compare('filtered', 'indexFiltered'),
      filtered_ranked: compare('filteredRanked', 'indexFiltered'),
    },
    peers: { index: compare('index'), index_filtered: compare('indexFiltered', 'indexFiltered') },
    ratios: {
      unranked: compare('unranked').of_index,
      ranked: compare('ranked').of_index,
      filtered: compare('filtered', 'indexFiltered').of_index,
      filtered_ranked: compare('filteredRanked', 'indexFiltered').of_index,
    },
  } satisfies Results;
}

/** Price that half of the items are below, in minor units. */
const cheap = 5_000;

/** Which rows of the index are of cheap items, a bit each. */
async function cheapItems({ pool }: Database, items: readonly string[], idLimit: number): Promise<Uint8Array> {
  const { rows } = await pool.query<{ id: string }>(`SELECT "externalId" AS id FROM "Item" WHERE "priceMinor" <= $1`, [
    cheap,
  ]);
  const ids = new Set(rows.map(({ id }) => id));
  const bits = new Uint8Array(Math.ceil(idLimit / 8));
  items.forEach((id, row) => {
    if (ids.has(id)) bits[row >> 3]! |= 1 << (row & 7);
  });
  return bits;
}

const markdown = ({ params, metrics, peers }: Awaited<ReturnType<typeof measure>>): string => {
  const line = (what: string, { per_s, cpu_us, of_index, of_index_by_cpu }: typeof metrics.ranked) => [
    what,
    per_s,
    of_index,
    cpu_us,
    of_index_by_cpu,
  ];
  return [
    `${params.items} items (${params.factory}, nprobe ${params.nprobe}), ${params.users} users, lists of ${params.k} out of ${params.candidates} candidates, the user tower and the writing included; medians of ${params.rounds} rounds in turns.`,
    table(
      ['what', 'users/s', 'of the index alone', 'CPU µs a user', 'the index’s CPU of it'],
      [
        line('the index alone, as many calls at once as there are cores', peers.index),
        line('`--no-rank`: rules, what was bought, CSV', metrics.unranked),
        line('the same as Parquet', metrics.parquet),
        line('ranked, CSV', metrics.ranked),
        line('the index alone, with a filter that half pass', peers.index_filtered),
        line('`--no-rank` with that filter', metrics.filtered),
        line('ranked, with that filter', metrics.filtered_ranked),
      ],
    ),
  ].join('\n\n');
};

await runBench('bulk', measure, markdown, { items: { type: 'string' } });
