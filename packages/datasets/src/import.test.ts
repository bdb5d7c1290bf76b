import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import { DuetError, type ProgressUpdate } from '@duet/base';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { importDataset } from './import.ts';
import { loadCatalogue, loadInteractions, loadUsers } from './load/dataset.ts';
import { rejectedCsv } from './rejected-csv.ts';
import { type ImportRequest, readImportRequest } from './request.ts';
import { splitParts } from './shape.ts';

let db: Database;
let folder: string;
let dataDir: string;
before(async () => {
  db = await createTestDatabase();
  folder = await mkdtemp(path.join(tmpdir(), 'duet-import-'));
  dataDir = path.join(folder, 'data');
});
after(async () => {
  await db[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const write = async (name: string, content: string | Uint8Array): Promise<string> => {
  const file = path.join(folder, name);
  await writeFile(file, content);
  return file;
};

let names = 0;
const load = (request: Omit<ImportRequest, 'name'> & { name?: string }) =>
  importDataset({ db, dataDir }, { name: `set ${names++}`, ...request });

/** Every interaction as "user item time weight value". */
async function listed(datasetId: string): Promise<string[]> {
  const x = await loadInteractions({ db, dataDir }, datasetId);
  return Array.from(x.user, (user, row) =>
    [x.users[user], x.items[x.item[row]!], x.time[row], x.weight[row], x.valueMinor[row]].join(' '),
  );
}

async function rejectedOf(datasetId: string): Promise<Record<string, unknown>[]> {
  const text = await readFile(path.join(dataDir, 'datasets', datasetId, 'rejected.jsonl'), 'utf8');
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const { record: _, ...row } = JSON.parse(line);
      return row;
    });
}

const refused = (code: string, message: RegExp) => (error: unknown) =>
  error instanceof DuetError && error.code === code && message.test(error.message)
    ? true
    : assert.fail(`not the ${code} expected: ${error}`);

const csv = 'user_id,item_id,timestamp,unit_price,quantity\nann,cup,1700000000,2.50,2\nbob,jug,1700000100,9.99,\n';
const rowsOfCsv = ['ann cup 1700000000 1 500', 'bob jug 1700000100 1 999'];

test('CSV, TSV, JSON lines and Parquet, gzipped or not, come to the same interactions', async () => {
  const json = [
    '{"user_id":"ann","item_id":"cup","timestamp":1700000000,"unit_price":2.5,"quantity":2}',
    '{"user_id":"bob","item_id":"jug","timestamp":"2023-11-14T22:15:00Z","unit_price":"9.99","quantity":null}',
  ].join('\n');
  const parquet = path.join(folder, 'x.parquet');
  const duck = await (await DuckDBInstance.create(':memory:')).connect();
  await duck.run(`COPY (
    SELECT 'ann' AS user_id, 'cup' AS item_id, TIMESTAMP '2023-11-14 22:13:20' AS timestamp, 2.50 AS unit_price, 2 AS quantity
    UNION ALL SELECT 'bob', 'jug', TIMESTAMP '2023-11-14 22:15:00', 9.99, NULL) TO '${parquet}' (FORMAT parquet)`);
  const files = [
    await write('x.csv', csv),
    await write('x.csv.gz', gzipSync(csv)),
    await write('x.tsv', csv.replaceAll(',', '\t')),
    await write('x.jsonl', json),
    await write('x.ndjson.gz', gzipSync(json)),
    parquet,
  ];
  for (const interactions of files) {
    const { datasetId, rows, rejected } = await load({ interactions });
    assert.deepEqual(await listed(datasetId), rowsOfCsv, interactions);
    assert.deepEqual({ rows, rejected }, { rows: 2, rejected: 0 });
  }
});

test('each kind of malformed row is reported by file, line, column and reason', async () => {
  const interactions = await write(
    'bad.csv.gz',
    gzipSync(
      [
        'user,item,time,event,quantity,price,note',
        'u1,i1,1700000000,buy,1,1.00,"two',
        'lines"',
        ',i1,1700000000,buy,1,1.00,',
        'u1,  ,1700000000,buy,1,1.00,',
        'u1,i1,yesterday,buy,1,1.00,',
        'u1,i1,,buy,1,1.00,',
        'u1,i1,1e20,buy,1,1.00,',
        'u1,i1,1700000000,,1,1.00,',
        'u1,i1,1700000000,buy,many,1.00,',
        'u1,i1,1700000000,buy,0,1.00,',
        'u1,i1,1700000000,buy,1,£1,',
        'u1,i1,1700000000,buy,1,-0.01,',
        'u1,i1,1700000000,buy,1',
        '',
        'u2,i2,2023-11-14T23:13:20+01:00,buy,1,1.00,',
      ].join('\n'),
    ),
  );
  const items = await write('bad-items.csv', 'item,title,price\ni1,One,1\n,Two,2\ni2,Two,x\ni1,One again,1\n');
  const { datasetId, rejected, summary } = await load({ interactions, items });
  // A quantity or a price that cannot be read is empty: the purchase counts all the same.
  assert.deepEqual(await listed(datasetId), [
    ...Array(4).fill('u1 i1 1700000000 1 100'),
    'u1 i1 1700000000 1 NaN',
    'u2 i2 1700000000 1 100',
  ]);
  const reports = await rejectedOf(datasetId);
  assert.deepEqual(
    reports.map(({ file, line, column, reason, value }) => [path.basename(String(file)), line, column, reason, value]),
    [
      ['bad-items.csv', 3, 'item', 'no item', ''],
      ['bad.csv.gz', 4, 'user', 'no user', ''],
      ['bad.csv.gz', 5, 'item', 'no item', ''],
      ['bad.csv.gz', 6, 'time', 'time cannot be read', 'yesterday'],
      ['bad.csv.gz', 7, 'time', 'no time', ''],
      ['bad.csv.gz', 8, 'time', 'time cannot be read', '1e20'],
      ['bad.csv.gz', 14, '', 'wrong number of fields', '5 instead of 7: u1,i1,1700000000,buy,1'],
    ],
  );
  assert.equal(rejected, 7);
  assert.equal(summary.rejected.byReason['no item'], 2);
  assert.deepEqual(
    summary.emptied.examples.map(({ line, column, reason, value }) => [line, column, reason, value]).sort(),
    [
      [10, 'quantity', 'quantity is not a number', 'many'],
      [11, 'quantity', 'quantity is zero', '0'],
      [13, 'price', 'price is negative', '-0.01'],
      [4, 'price', 'price is not a number', 'x'],
    ],
  );
  assert.deepEqual(summary.mapping.interactions!.rows, {
    read: 13,
    used: 6,
    rejected: 6,
    ignored: { 'event without a name': 1 },
    usedPercent: 46.2,
  });
  assert.deepEqual(summary.rejected.examples, reports);
  const stored = await db.prisma.dataset.findUniqueOrThrow({ where: { id: datasetId } });
  assert.deepEqual(stored.summary, JSON.parse(JSON.stringify(summary)));
  assert.equal(stored.rejected, 7);
});

test('a line that is no JSON object is reported, and keys of any line are columns', async () => {
  const interactions = await write(
    'bad.jsonl',
    '{"user":"a","item":1}\n{"user":"a",\n[1]\n{"item":"2","user":"b","a/b":["x","y"]}',
  );
  const { datasetId } = await load({ interactions });
  assert.deepEqual(await listed(datasetId), ['a 1 0 1 NaN', 'b 2 0 1 NaN']);
  assert.deepEqual(
    (await rejectedOf(datasetId)).map(({ line, reason, value }) => [line, reason, value]),
    [
      [2, 'not a JSON object', '{"user":"a",'],
      [3, 'not a JSON object', '[1]'],
    ],
  );
});

test('strict refuses malformed rows, names the first, and leaves nothing behind', async () => {
  const interactions = await write('strict.csv', 'user,item,time\na,b,1700000000\na,b,x\na,,1700000002\n');
  const before = await readdir(path.join(dataDir, 'datasets'));
  await assert.rejects(
    load({ name: 'strict', interactions, strict: true }),
    refused(
      'bad-input',
      /strict\.csv:3, column time: 2 rows are malformed: strict\.csv:3 \(time\) time cannot be read; strict\.csv:4 \(item\) no item/,
    ),
  );
  assert.deepEqual(await readdir(path.join(dataDir, 'datasets')), before);
  assert.equal(await db.prisma.dataset.count({ where: { name: { startsWith: 'strict' } } }), 0);
  await load({ name: 'strict', interactions });
});

test('times may be seconds, milliseconds or ISO 8601; positions and the file itself give an order too', async () => {
  const times = await write(
    'times.csv',
    'user,item,date\na,1,1700000001\na,2,1700000000500\na,3,2023-11-14 22:13:22\na,4,2023-11-14\n',
  );
  const { datasetId } = await load({ interactions: times });
  assert.deepEqual(
    [...(await loadInteractions({ db, dataDir }, datasetId)).time],
    [1699920000, 1700000000.5, 1700000001, 1700000002],
  );
  const stored = await db.prisma.dataset.findUniqueOrThrow({ where: { id: datasetId } });
  assert.equal(stored.firstAt?.toISOString(), '2023-11-14T00:00:00.000Z');

  const last = await write('last.csv', 'user,item,is_last\na,3,1\na,1,0\na,2,0\n');
  const positioned = await load({ interactions: last, columns: { position: 'is_last' } });
  assert.deepEqual(await listed(positioned.datasetId), ['a 1 0 1 NaN', 'a 2 0 1 NaN', 'a 3 1 1 NaN']);
  const filed = await load({ interactions: last });
  assert.deepEqual(await listed(filed.datasetId), ['a 3 0 1 NaN', 'a 1 1 1 NaN', 'a 2 2 1 NaN']);
  assert.equal((await loadInteractions({ db, dataDir }, filed.datasetId)).clock, 'file');
});

test('events carry weights, and those without one are counted', async () => {
  const interactions = await write(
    'events.csv',
    'user,item,time,event\na,1,1,view\na,1,2,purchase\na,2,3,search\na,2,4,view\n',
  );
  const { datasetId, summary } = await load({ interactions, eventWeights: { purchase: 1, view: 0.25 } });
  assert.deepEqual(await listed(datasetId), ['a 1 1 0.25 NaN', 'a 1 2 1 NaN', 'a 2 4 0.25 NaN']);
  assert.deepEqual(summary.interactions.ignoredEvents, { search: 1 });
});

test("a file's own split is kept by row, and a part of another name is reported", async () => {
  const interactions = await write(
    'parts.csv',
    'user,item,position,split\na,1,0,train\na,2,1,Valid\na,3,2,TEST\nb,1,0,test\nb,2,1,holdout\nb,3,2,\n',
  );
  const { datasetId } = await load({ interactions });
  const { split } = await loadInteractions({ db, dataDir }, datasetId);
  assert.deepEqual(
    Array.from(split!, (part) => splitParts[part]),
    ['train', 'validation', 'test', 'test'],
  );
  assert.deepEqual(
    (await rejectedOf(datasetId)).map(({ line, column, reason, value }) => [line, column, reason, value]),
    [
      [6, 'split', 'split is neither train nor validation nor test', 'holdout'],
      [7, 'split', 'split is neither train nor validation nor test', ''],
    ],
  );
});

test('rows equal in every column are counted, and dropped when asked', async () => {
  const interactions = await write('twice.csv', 'user,item,time,till\na,1,1,x\na,1,1,x\na,1,1,y\n');
  const imported = await load({ interactions });
  assert.equal(imported.rows, 3);
  assert.deepEqual(imported.summary.interactions.duplicates, { policy: 'keep', rows: 1 });
  const dropped = await load({ interactions, duplicates: 'drop' });
  assert.equal(dropped.rows, 2);
  assert.deepEqual(dropped.summary.interactions.duplicates, { policy: 'drop', rows: 1 });
});

test('a column that is missing is named, with those that there are', async () => {
  const interactions = await write('columns.csv', 'who,item,time\na,1,1\n');
  await assert.rejects(
    load({ interactions }),
    refused('bad-input', /no column looks like the user's id; the file's columns are who, item, time\. .*--user/),
  );
  await assert.rejects(
    load({ interactions, columns: { user: 'who', price: 'cost' } }),
    refused('bad-input', /there is no column "cost" \(for the price\); the file's columns are who, item, time/),
  );
  const { rows } = await load({ interactions, columns: { user: 'who' } });
  assert.equal(rows, 1);
});

test('an items file says what is in stock, by a number or a word; an item of which it says nothing is', async () => {
  const interactions = await write('stocked.csv', 'user,item\na,1\na,2\na,3\nb,4\nb,5\nb,6\n');
  const items = await write('stocked-items.csv', 'item,in_stock\n1,12\n2,0\n3,Yes\n4,out of stock\n5,\n7,maybe\n');
  const { datasetId, summary } = await load({ interactions, items });
  const stored = await db.prisma.item.findMany({ where: { datasetId }, orderBy: { externalId: 'asc' } });
  assert.deepEqual(
    stored.map(({ externalId, inStock, attributes }) => [externalId, inStock, attributes]),
    [true, false, true, false, true, true, true].map((inStock, i) => [String(i + 1), inStock, {}]),
  );
  assert.deepEqual(summary.emptied.byReason, { 'stock is neither a number nor yes or no': 1 });
  assert.equal(summary.items.outOfStock, 2);
});

test('the catalogue has titles, categories, prices and attributes, for items without interactions too', async () => {
  const interactions = await write('shop.csv', 'user,item,time,price\na,cup,1,2.5\na,jug,2,9\na,mug,3,4\nb,cup,4,3\n');
  const items = await write(
    'shop-items.csv',
    'sku,name,category,price,colour,tags\ncup,A cup,Ware,2.75,red,x|y\njug,,Ware,,blue,\nhat,Hat,Wear,,,\n',
  );
  const users = await write('shop-users.csv', 'customer,country\nb,France\nz,Spain\n');
  const { datasetId, summary, items: count } = await load({ interactions, items, users, currency: 'EUR' });
  assert.equal(count, 4);
  assert.equal(summary.items.withoutInteractions, 1);
  assert.equal(summary.users.withoutInteractions, 1);
  const catalogue = await loadCatalogue({ db, dataDir }, datasetId);
  assert.deepEqual(catalogue, {
    ids: ['cup', 'hat', 'jug', 'mug'],
    title: ['A cup', 'Hat', '', ''],
    categories: ['Ware', 'Wear'],
    category: Int32Array.of(0, 1, 0, -1),
    priceMinor: Float64Array.of(275, Number.NaN, 900, 400),
    attributes: { colour: ['red', '', 'blue', ''], tags: ['x|y', '', '', ''] },
  });
  assert.deepEqual(await loadUsers({ db, dataDir }, datasetId), {
    title: ['', ''],
    attributes: { country: ['', 'France'] },
  });
  const categories = await db.prisma.category.findMany({ where: { datasetId }, orderBy: { name: 'asc' } });
  assert.deepEqual(
    categories.map(({ name, items: n, interactions: m }) => [name, n, m]),
    [
      ['Ware', 2, 3],
      ['Wear', 1, 0],
    ],
  );
  await db.prisma.item.updateMany({ where: { datasetId, externalId: 'jug' }, data: { title: 'Jug, edited' } });
  assert.equal((await loadCatalogue({ db, dataDir }, datasetId)).title[2], 'Jug, edited');
});

test('prices are in the minor unit of their currency', async () => {
  const interactions = await write('yen.csv', 'user,item,price\na,1,250\n');
  for (const [currency, minor] of [
    ['JPY', 250],
    ['GBP', 25_000],
    ['KWD', 250_000],
  ] as const) {
    const { datasetId } = await load({ interactions, currency });
    assert.equal((await loadCatalogue({ db, dataDir }, datasetId)).priceMinor[0], minor);
  }
});

test('the same files give the same fingerprint, other ones another', async () => {
  const interactions = await write('print.csv', csv);
  const first = await load({ interactions });
  assert.equal((await load({ interactions })).fingerprint, first.fingerprint);
  const other = await write('print2.csv', csv.replace('bob', 'bea'));
  assert.notEqual((await load({ interactions: other })).fingerprint, first.fingerprint);
  const stored = await db.prisma.dataset.findUniqueOrThrow({ where: { id: first.datasetId } });
  assert.equal(stored.fingerprint, first.fingerprint);
});

test('a name is taken, and no import replaces what is there', async () => {
  const interactions = await write('again.csv', csv);
  await load({ name: 'again', interactions });
  const taken = refused('conflict', /there is a dataset "again" already.*--into again.*datasets remove again/);
  await assert.rejects(load({ name: 'again', interactions }), taken);
  const replacing = { name: 'again', interactions, replace: true };
  await assert.rejects(load(replacing), refused('bad-input', /replaces no dataset/));
});

test('two imports under one name at once: one is done, the other is told', async () => {
  const interactions = await write('race.csv', csv);
  const both = await Promise.allSettled([load({ name: 'race', interactions }), load({ name: 'race', interactions })]);
  assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  const [lost] = both.filter((one) => one.status === 'rejected');
  refused('conflict', /race/)(lost!.reason);
});

test('an import that is stopped leaves nothing', async () => {
  const interactions = await write(
    'long.csv',
    `user,item,time\n${Array.from({ length: 200_000 }, (_, i) => `u${i % 999},i${i % 77},${i}`).join('\n')}`,
  );
  const before = await readdir(path.join(dataDir, 'datasets'));
  const stop = new AbortController();
  const steps = new Set<string>();
  const progress = ({ step }: ProgressUpdate): void => {
    steps.add(step);
    if (step === 'check interactions') stop.abort();
  };
  await assert.rejects(
    importDataset({ db, dataDir, progress, signal: stop.signal }, { name: 'stopped', interactions }),
    { name: 'AbortError' },
  );
  assert.deepEqual([...steps], ['read long.csv', 'check interactions']);
  assert.equal(await db.prisma.dataset.count({ where: { name: { startsWith: 'stopped' } } }), 0);
  assert.deepEqual(await readdir(path.join(dataDir, 'datasets')), before);

  const { datasetId } = await load({ name: 'stopped', interactions });
  assert.equal((await db.prisma.dataset.findUniqueOrThrow({ where: { id: datasetId } })).status, 'done');
});

test('files that are missing, damaged or of no known format are refused by name', async () => {
  await assert.rejects(
    load({ interactions: path.join(folder, 'none.csv') }),
    refused('not-found', /none\.csv: there is no such file/),
  );
  await assert.rejects(
    load({ interactions: await write('no.parquet', `PAR1${csv}`) }),
    refused('corrupt', /^[^\n]*not a Parquet file[^\n]*$/),
  );
  await assert.rejects(
    load({ interactions: await write('empty.csv', 'user,item\n') }),
    refused('bad-input', /no interaction is left/),
  );
  // What a file is its beginning says, whatever it is called.
  const { rows } = await load({ interactions: await write('x.xlsx', csv) });
  assert.equal(rows, 2);
  await assert.rejects(loadInteractions({ db, dataDir }, 'nothing'), refused('not-found', /no imported dataset/));
});

test("a request file's paths are relative to it, and a wrong field is named", async () => {
  await write('rel.csv', csv);
  const request = await readImportRequest(await write('import.json', '{"name": "rel", "interactions": "rel.csv"}'));
  assert.equal(request.interactions, path.join(folder, 'rel.csv'));
  const wrong = await write('wrong.json', '{"name": "rel", "interactions": "rel.csv", "kCore": {"user": 0}}');
  await assert.rejects(readImportRequest(wrong), refused('bad-input', /wrong\.json, field kCore\.user/));
});

test('rejected rows are told as CSV, whole and with why, to be mended and added', async () => {
  const interactions = await write('to-mend.csv', 'user_id,item_id,note\nann,cup,"a ""b"", c"\n,jug,x\nbob\n');
  const { datasetId } = await load({ interactions });
  let text = '';
  for await (const line of rejectedCsv(dataDir, datasetId)) text += line;
  assert.deepEqual(text.split('\r\n'), [
    'why,column to blame,its value,file,line,user_id,item_id,note',
    'no user,user_id,,to-mend.csv,3,,jug,x',
    'wrong number of fields,,1 instead of 3: bob,to-mend.csv,4,,,',
    '',
  ]);
});
