/**
 * `npm run bench:bulk`: every user's list of 20 in one file, as `duet recommend --all` makes it, against the index
 * alone, which searches for the same users' vectors and the same hundred candidates, in alternating rounds of one run.
 * Both keep as many searches under way as the machine has cores. `--items` for another size of the catalogue.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { readIndex } from '@duet/ann';
import { openExecutor, openModel } from '@duet/artifact';
import { createLogger, loadConfig, repositoryRoot, silent } from '@duet/base';
import { connect, startPostgres } from '@duet/db';
import { freePort } from '@duet/db/testing';
import { openServing, writeBulk } from '@duet/serving';
import { commit, type Flags, median, type Results, runBench, say, table } from './bench.ts';
import { prepareShop } from './serve/shop.ts';

const k = 20;
const candidates = 100;
/** Queries in one call of the index: more gain nothing. */
const callSize = 256;
const users = 10_000;

async function measure({ quick, items: wanted }: Flags & { items?: string | undefined }) {
  const items = wanted === undefined ? (quick ? 20_000 : 200_000) : Number(wanted);
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
  const options = row.nprobe === null ? {} : { nprobe: row.nprobe };

  const alone = async (): Promise<number> => {
    const began = performance.now();
    let next = 0;
    const lane = async () => {
      for (let from = next; from < users; from = next) {
        next = from + callSize;
        await index.search(vectors.subarray(from * index.dim, next * index.dim), candidates, options);
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, lane));
    return (users / (performance.now() - began)) * 1000;
  };
  const folder = await mkdtemp(path.join(tmpdir(), 'duet-bench-bulk-'));
  opened.defer(() => rm(folder, { recursive: true }));
  const bulk = async (more: object): Promise<number> => {
    const began = performance.now();
    const request = { of: 'users' as const, k, modelId: shop.modelA, ...more };
    await writeBulk(serving, request, { out: path.join(folder, 'recs.csv'), progress: silent });
    return (users / (performance.now() - began)) * 1000;
  };
  const contenders = {
    index: alone,
    ranked: () => bulk({}),
    unranked: () => bulk({ rankerId: null }),
    filtered: () => bulk({ filter: { price: { max: 5_000 } } }),
  };
  const names = Object.keys(contenders) as (keyof typeof contenders)[];
  const found = Object.fromEntries(names.map((name) => [name, [] as number[]]));
  for (const name of names) await contenders[name]();
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length]!;
      found[name]!.push(await contenders[name]());
      say(`round ${round + 1}, ${name}: ${found[name]!.at(-1)!.toFixed(0)} users/s`);
    }
  }
  const of = (name: string) => Math.round(median(found[name]!));
  const ratio = (name: string) => Number((of(name) / of('index')).toFixed(3));
  return {
    params: { items, users, k, candidates, factory: row.factory, nprobe: row.nprobe, rounds },
    metrics: { ranked_per_s: of('ranked'), unranked_per_s: of('unranked'), filtered_per_s: of('filtered') },
    peers: { index_per_s: of('index') },
    ratios: { ranked: ratio('ranked'), unranked: ratio('unranked'), filtered: ratio('filtered') },
  } satisfies Results;
}

const markdown = ({ params, metrics, peers, ratios }: Awaited<ReturnType<typeof measure>>): string =>
  [
    `${params.items} items (${params.factory}, nprobe ${params.nprobe}), ${params.users} users, lists of ${params.k} out of ${params.candidates} candidates, written as CSV; medians of ${params.rounds} rounds in turns.`,
    table(
      ['what', 'users/s', 'of the index alone'],
      [
        ['the index alone, as many calls at once as there are cores', peers.index_per_s, 1],
        ['`--no-rank`: rules, what was bought', metrics.unranked_per_s, ratios.unranked],
        ['ranked', metrics.ranked_per_s, ratios.ranked],
        ['ranked, with a filter', metrics.filtered_per_s, ratios.filtered],
      ],
    ),
  ].join('\n\n');

await runBench('bulk', measure, markdown, { items: { type: 'string' } });
