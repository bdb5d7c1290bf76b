import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { createLogger, silent } from '@duet/base';
import { createTinyShop, type TinyShop } from '@duet/ranking/testing';
import { openServing, type Serving } from '../serving.ts';
import { buildIn } from '../testing.ts';
import { bulkFormatOf, writeBulk } from './bulk-file.ts';
import { bulkFile, bulkRuns, startBulkRun } from './bulk-order.ts';
import { runBulk } from './bulk-run.ts';
import type { BulkRequest } from './collected.ts';

describe('lists in bulk', () => {
  let shop: TinyShop;
  let serving: Serving;
  let folder: string;
  before(async () => {
    shop = await createTinyShop();
    await buildIn(shop, { modelId: shop.dat });
    const { prisma } = shop.db;
    await prisma.rule.create({ data: { datasetId: shop.datasetId, kind: 'block', category: 'clocks' } });
    await prisma.rule.create({ data: { datasetId: shop.datasetId, kind: 'pin', itemId: 'i7', place: 2 } });
    serving = await openServing({ ...shop, logger: createLogger({ logLevel: 'silent' }, 'test'), pollMs: 3_600_000 });
    folder = await mkdtemp(path.join(tmpdir(), 'duet-bulk-'));
  });
  after(async () => {
    await serving[Symbol.asyncDispose]();
    await shop[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const request: BulkRequest = { of: 'users', k: 10, filter: { price: { max: 2000 } } };
  const write = (out: string, wanted: BulkRequest = request, signal?: AbortSignal) =>
    writeBulk(serving, wanted, { out: path.join(folder, out), progress: silent, signal });
  const lines = async (out: string) => (await readFile(path.join(folder, out), 'utf8')).trimEnd().split(/\r?\n/);

  const objects = async (out: string) => (await lines(out)).map((line) => JSON.parse(line) as object);

  test('are those that retrieve answers, with the ranker, the filter, what was bought and the rules', async () => {
    const written = await write('recs.jsonl');
    assert.deepEqual(
      [written.lists, written.rows, written.sources],
      [200, 2000, { model: 200, popular: 0, bought: 0 }],
    );
    const lists = await listsIn('recs.jsonl');
    for (const list of lists.filter((_, at) => at % 20 === 0)) await isAnswered(list, request);
    assert.ok(lists.every(({ items }) => items[1]!.itemId === 'i7'));
    assert.ok(lists.every(({ items }) => items.every(({ itemId }) => !isClock(itemId))));
  });
  interface List {
    userId: string;
    items: { itemId: string; score: number }[];
  }
  const listsIn = async (out: string) => (await objects(out)) as List[];
  const isAnswered = async ({ userId, items }: List, { of: _, ...wanted }: BulkRequest) => {
    const asked = await serving.retrieve({ ...wanted, userId, situation: { time: Date.now() / 1000 } });
    const ids = (list: readonly { itemId: string }[]) => list.map(({ itemId }) => itemId).join(' ');
    assert.equal(ids(items), ids(asked.items), `${userId}, ${JSON.stringify(wanted)}`);
    items.forEach(({ score }, at) => {
      assert.ok(Math.abs(score - asked.items[at]!.score) < 1e-5 * Math.abs(score) + 1e-9);
    });
  };

  test('are those that retrieve answers whatever else is asked, of strangers and of new items too', async () => {
    const { prisma } = shop.db;
    const category = await prisma.category.findFirstOrThrow({ where: { name: { not: 'clocks' } } });
    const fresh = { datasetId: shop.datasetId, categoryId: category.id, inStock: true };
    const data = ['new-1', 'new-2'].map((externalId) => ({ ...fresh, externalId, title: externalId, priceMinor: 900 }));
    await prisma.item.createMany({ data });
    const boost = { datasetId: shop.datasetId, kind: 'boost' as const, category: category.name, factor: 3 };
    const { id } = await prisma.rule.create({ data: boost });
    await serving.refresh();
    const userIds = ['u5', 'nobody', 'u17', 'u40', 'u41'];
    const found = new Set<string>();
    for (const terms of [
      { k: 100 },
      { k: 8, rankerId: null },
      { k: 8, diversity: 0.6, exclude: ['i7', 'i9'] },
      { k: 8, seen: 'show' as const, filter: { category: [category.name] } },
      { k: 8, seen: 'only' as const },
    ]) {
      await write('asked.jsonl', { of: 'users', userIds, ...terms });
      for (const list of await listsIn('asked.jsonl')) {
        await isAnswered(list, { of: 'users', ...terms });
        for (const { itemId } of list.items) found.add(itemId);
      }
    }
    assert.ok(found.has('new-1') && found.has('new-2'));
    await rm(path.join(folder, 'asked.jsonl'));
    await prisma.rule.delete({ where: { id } });
    await prisma.item.updateMany({ where: { title: { startsWith: 'new-' } }, data: { withdrawnAt: new Date() } });
    await serving.refresh();
  });

  const isClock = (itemId: string) => Math.floor(Number(itemId.slice(1)) / 30) === 2;

  test('are the same rows as CSV and as Parquet, in order', async () => {
    await write('recs.csv');
    await write('recs.parquet');
    const [head, ...rows] = await lines('recs.csv');
    assert.equal(head, 'user_id,rank,item_id,score,source');
    assert.equal(rows.length, 2000);
    const duckdb = await (await DuckDBInstance.create()).connect();
    const read = await duckdb.runAndReadAll(
      `SELECT user_id, rank, item_id FROM '${path.join(folder, 'recs.parquet')}'`,
    );
    assert.deepEqual(
      read.getRows().map((row) => row.join()),
      rows.map((row) => row.split(',').slice(0, 3).join()),
    );
    assert.deepEqual((await readdir(folder)).sort(), ['recs.csv', 'recs.jsonl', 'recs.parquet']);
  });

  test('go on where a run was cut, and begin anew where the request is another', async () => {
    const whole = await lines('recs.csv');
    const maker = { calls: 0 };
    // The first run ends in the middle: its first batch is in the file, and noted.
    const cut: Pick<Serving, 'bulk'> = {
      bulk: (wanted, work) =>
        serving.bulk(wanted, (made) => {
          const lists: typeof made.lists = async (from, to) => {
            if (from > 0) throw new Error('killed');
            return made.lists(from, Math.min(to, 64));
          };
          return work({ ...made, lists });
        }),
    };
    const out = path.join(folder, 'cut.csv');
    await assert.rejects(writeBulk(cut, request, { out, progress: silent, noteMs: 0, batch: 64 }), /killed/);
    assert.deepEqual((await readdir(folder)).filter((name) => name.startsWith('cut')).sort(), [
      'cut.csv.partial',
      'cut.csv.progress.json',
    ]);
    const counted: Pick<Serving, 'bulk'> = {
      bulk: (wanted, work) =>
        serving.bulk(wanted, (made) =>
          work({
            ...made,
            lists(from, to) {
              maker.calls++;
              assert.ok(from >= 64);
              return made.lists(from, to);
            },
          }),
        ),
    };
    const { resumed, lists } = await writeBulk(counted, request, { out, progress: silent, batch: 64 });
    assert.deepEqual([resumed, lists, maker.calls], [64, 200, 3]);
    assert.deepEqual(await lines('cut.csv'), whole);

    await assert.rejects(writeBulk(cut, request, { out, progress: silent, noteMs: 0, batch: 64 }), /killed/);
    const other = await writeBulk(serving, { ...request, k: 5 }, { out, progress: silent });
    assert.deepEqual([other.resumed, other.rows], [0, 1000]);
  });

  test('are also those of the items that are most like each item of the catalogue', async () => {
    const { lists } = await write('similar.jsonl', { of: 'items', k: 5 });
    assert.equal(lists, 120);
    const made = (await objects('similar.jsonl')) as { itemId: string; items: { itemId: string }[] }[];
    const { items } = await serving.similarItems({ itemId: 'i3', k: 5 });
    assert.deepEqual(
      made.find(({ itemId }) => itemId === 'i3')!.items.map(({ itemId }) => itemId),
      items.map(({ itemId }) => itemId),
    );
  });

  test('are made as a job, which says how far it is and keeps the newest files', async () => {
    const { db, datasetId, dataDir } = shop;
    await assert.rejects(startBulkRun(db, datasetId, { of: 'users', k: 0, format: 'csv' }, {}), /field k/);
    const { id } = await startBulkRun(db, datasetId, { of: 'users', k: 3, format: 'csv' }, { actor: 'test' });
    const logger = createLogger({ logLevel: 'silent' }, 'test');
    await runBulk({ db, dataDir, executor: shop.executor, logger }, id);
    const [run] = await bulkRuns(db, datasetId);
    assert.deepEqual([run!.status, run!.lists, Number(run!.rows)], ['done', 200, 600]);
    const text = await readFile(bulkFile(dataDir, { id, format: 'csv' }), 'utf8');
    assert.deepEqual([text.length, text.split('\n').length], [Number(run!.bytes), 602]);
  });

  test('are made for the users that are named, who may be strangers', async () => {
    const { sources } = await write('some.jsonl', { of: 'users', k: 3, userIds: ['u5', 'nobody'] });
    assert.deepEqual(sources, { model: 1, popular: 1, bought: 0 });
  });

  test('end before their first list where they are stopped, and want a name that says the format', async () => {
    await assert.rejects(write('stopped.csv', request, AbortSignal.abort(new Error('stopped'))), /stopped/);
    assert.throws(() => bulkFormatOf('recs.xlsx'), /names no format.*\.parquet, \.csv, \.jsonl/s);
  });
});
