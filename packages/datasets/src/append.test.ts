import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { syncCatalogue } from './catalogue/sync.ts';
import { importDataset } from './import.ts';
import { loadCatalogue, loadInteractions, loadUsers } from './load/dataset.ts';
import { findSnapshot } from './load/newest-snapshot.ts';
import { partsOf as partRows } from './parts/parts-of.ts';
import { removePart } from './parts/remove-part.ts';
import { takeSnapshot } from './snapshots/take-snapshot.ts';
import { changeDataset } from './write/change-dataset.ts';
import { tidyUp } from './write/tidy.ts';

let db: Database;
let folder: string;
let ctx: { db: Database; dataDir: string };
before(async () => {
  db = await createTestDatabase();
  folder = await mkdtemp(path.join(tmpdir(), 'duet-append-'));
  ctx = { db, dataDir: path.join(folder, 'data') };
});
after(async () => {
  await db[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

let files = 0;
const write = async (content: string): Promise<string> => {
  const file = path.join(folder, `${files++}.csv`);
  await writeFile(file, content);
  return file;
};

/** Every interaction of the newest snapshot as "user item time". */
async function listed(datasetId: string): Promise<string[]> {
  const x = await loadInteractions(ctx, datasetId);
  return Array.from(x.user, (user, row) => [x.users[user], x.items[x.item[row]!], x.time[row]].join(' '));
}

const partsOf = (datasetId: string) => readdir(path.join(ctx.dataDir, 'datasets', datasetId, 'parts'));
const snapshotsOf = (datasetId: string) => readdir(path.join(ctx.dataDir, 'datasets', datasetId, 'snapshots'));

const header = 'user_id,item_id,timestamp,order_id,price\n';
const first = `${header}ann,cup,1700000000,o1,2.50\nann,cup,1700000000,o1,2.50\nbob,jug,1700000100,o2,9.99\n`;

test('the same file twice adds nothing, and no snapshot', async () => {
  const interactions = await write(first);
  const made = await importDataset(ctx, { name: 'twice', interactions });
  assert.equal(made.rows, 3);
  const again = await importDataset(ctx, { into: 'twice', interactions });
  assert.deepEqual([again.added, again.duplicates, again.rows, again.snapshot], [0, 3, 3, made.snapshot]);
  assert.deepEqual([(await partsOf(made.datasetId)).length, (await snapshotsOf(made.datasetId)).length], [1, 1]);
  assert.deepEqual(await readdir(path.join(ctx.dataDir, 'datasets', made.datasetId)).then((names) => names.sort()), [
    'parts',
    'rejected.jsonl',
    'snapshots',
  ]);
});

test('what is appended comes to what is there: rows, items and users, whose row numbers stay', async () => {
  const items = await write('item_id,title,price\ncup,Tea cup,2.50\njug,Jug,9.99\n');
  const users = await write('user_id,country\nann,FR\n');
  const { datasetId } = await importDataset(ctx, { name: 'more', interactions: await write(first), items, users });
  const more = await importDataset(ctx, {
    into: datasetId,
    interactions: await write(
      `${header}bob,jug,1700000100,o2,9.99\nabe,ark,1700000050,o3,5.00\nann,jug,1700000200,o4,9.00\n`,
    ),
    items: await write('item_id,title,price\njug,Water jug,9.99\nark,Ark,5.00\n'),
    users: await write('user_id,country\nabe,UK\n'),
  });
  assert.deepEqual(
    [more.added, more.duplicates, more.addedItems, more.updatedItems, more.withdrawnItems],
    [2, 1, 1, 1, 0],
  );
  assert.deepEqual(await listed(datasetId), [
    'ann cup 1700000000',
    'ann cup 1700000000',
    'ann jug 1700000200',
    'bob jug 1700000100',
    'abe ark 1700000050',
  ]);
  const { title, ids } = await loadCatalogue(ctx, datasetId);
  assert.deepEqual(
    [ids, title],
    [
      ['cup', 'jug', 'ark'],
      ['Tea cup', 'Water jug', 'Ark'],
    ],
  );
  assert.deepEqual((await loadUsers(ctx, datasetId)).attributes, { country: ['FR', '', 'UK'] });
  const { number, interactions, partIds } = await findSnapshot(ctx, datasetId);
  assert.deepEqual([number, interactions, partIds.length], [2, 5, 2]);
  const dataset = await db.prisma.dataset.findUniqueOrThrow({ where: { id: datasetId } });
  assert.deepEqual([dataset.interactions, dataset.fingerprint], [5, more.fingerprint]);
  // The first snapshot is as it was.
  const [before] = await db.prisma.snapshot.findMany({ where: { datasetId, number: 1 } });
  assert.equal((await loadInteractions(ctx, datasetId, before!.id)).user.length, 3);
});

test('an order line that is known by order and item counts once, whatever its time', async () => {
  const { datasetId } = await importDataset(ctx, { name: 'orders', interactions: await write(first) });
  const later = `${header}ann,cup,1700009999,o1,2.50\nann,jug,1700009999,o1,9.00\n`;
  const { added, duplicates } = await importDataset(ctx, { into: 'orders', interactions: await write(later) });
  assert.deepEqual([added, duplicates, (await listed(datasetId)).length], [1, 1, 4]);
});

test('a k-core is of all parts together, and the order of files without times goes on', async () => {
  const kCore = { user: 2, item: 1 };
  const made = await importDataset(ctx, {
    name: 'core',
    interactions: await write('user,item\nann,a\nann,b\nbob,a\n'),
    kCore,
  });
  assert.equal(made.rows, 2);
  await importDataset(ctx, { into: 'core', interactions: await write('user,item\nbob,c\nann,d\n') });
  assert.deepEqual(await listed(made.datasetId), ['ann a 0', 'ann b 1', 'ann d 2', 'bob a 0', 'bob c 1']);
});

test('another currency, another clock and an unknown dataset are refused by name', async () => {
  await importDataset(ctx, { name: 'pounds', interactions: await write(first), currency: 'GBP' });
  const append = (text: string, more = {}) =>
    write(text).then((interactions) => importDataset(ctx, { into: 'pounds', interactions, ...more }));
  await assert.rejects(append(first, { currency: 'EUR' }), /prices of "pounds" are in GBP, and these are in EUR/);
  await assert.rejects(
    append('user,item,timestamp,price,currency\na,b,1700000000,1,EUR\n'),
    /GBP, and these are in EUR/,
  );
  await assert.rejects(append('user,item\na,b\n'), /have times, and these have neither/);
  await assert.rejects(importDataset(ctx, { into: 'nowhere', interactions: 'x' }), /no dataset "nowhere" to add to/);
});

test('a complete items file withdraws what it lacks, but no large share of the catalogue unless that is meant', async () => {
  const lines = Array.from({ length: 10 }, (_, i) => `i${i},Item ${i}`);
  const items = await write(`item_id,title\n${lines.join('\n')}\n`);
  const interactions = await write('user,item,timestamp\na,i0,1700000000\n');
  const { datasetId } = await importDataset(ctx, { name: 'complete', interactions, items });
  const append = async (rest: string[], more = {}) => {
    const fewer = await write(`item_id,title\n${rest.join('\n')}\n`);
    return importDataset(ctx, { into: datasetId, interactions, items: fewer, catalogue: 'complete', ...more });
  };
  await assert.rejects(append(lines.slice(0, 5)), /lacks 5 of the 10 items that are shown \(50 %\)/);
  const shown = () => db.prisma.item.count({ where: { datasetId, withdrawnAt: null } });
  assert.equal(await shown(), 10);
  assert.equal((await append(lines.slice(0, 9))).withdrawnItems, 1);
  assert.equal((await append(lines.slice(0, 5), { allowWithdraw: true })).withdrawnItems, 4);
  assert.equal(await shown(), 5);
});

test('a feed is followed: what it says is added and changed, and with complete what it lacks is withdrawn', async () => {
  const lines = Array.from({ length: 10 }, (_, i) => `i${i},Item ${i},1.00`);
  const items = await write(`sku,title,price\n${lines.join('\n')}\n`);
  const interactions = await write('user,item,timestamp\na,i0,1700000000\n');
  const request = { name: 'fed', interactions, items, itemColumns: { item: 'sku' }, currency: 'EUR' };
  const { datasetId } = await importDataset(ctx, request);
  const sync = async (rows: string[], more = {}) => {
    const feed = await write(`sku,title,price\n${rows.join('\n')}\n`);
    const { added, updated, withdrawn, unchanged } = await syncCatalogue(ctx, { dataset: 'fed', feed, ...more });
    return { added, updated, withdrawn, unchanged };
  };
  const changed = ['i1,Another title,1.00', 'i2,Item 2,2.00', 'i3,Item 3,1.00', 'new,New,3.00'];
  assert.deepEqual(await sync(changed), { added: 1, updated: 2, withdrawn: 0, unchanged: 1 });
  const { priceMinor } = await db.prisma.item.findFirstOrThrow({ where: { datasetId, externalId: 'i2' } });
  assert.equal(priceMinor, 200);
  const rest = [...lines.slice(0, 9), 'new,New,3.00'];
  assert.deepEqual(await sync(rest, { complete: true }), { added: 0, updated: 2, withdrawn: 1, unchanged: 8 });
  await assert.rejects(sync(rest.slice(0, 5), { complete: true }), /lacks 5 of the 10 items that are shown/);
  assert.equal((await sync(rest.slice(0, 5), { complete: true, allowWithdraw: true })).withdrawn, 5);
  // What is listed again is shown again.
  assert.equal((await sync(lines)).updated, 5);
  await assert.rejects(sync(['i1,X,1.00'], { currency: 'GBP' }), /prices of "fed" are in EUR/);
});

test('an edit of the catalogue makes another snapshot, a change of the stock none', async () => {
  const { datasetId, snapshot } = await importDataset(ctx, { name: 'edited', interactions: await write(first) });
  assert.equal((await takeSnapshot(ctx, datasetId)).id, snapshot);
  const where = { datasetId_externalId: { datasetId, externalId: 'cup' } };
  await db.prisma.item.update({ where, data: { inStock: false } });
  assert.equal((await takeSnapshot(ctx, datasetId)).id, snapshot);
  await db.prisma.item.update({ where, data: { title: 'Cup' } });
  assert.equal((await takeSnapshot(ctx, datasetId)).number, 2);
});

test('many parts become one, and what nothing names goes: the data stay what they were', async () => {
  const { datasetId } = await importDataset(ctx, { name: 'tidy', interactions: await write(first) });
  for (let day = 1; day <= 4; day++) {
    const interactions = await write(
      `${header}ann,i${day},${1_700_000_000 + day},d${day},1\nann,cup,1700000000,d${day},1\n`,
    );
    await importDataset(ctx, { into: datasetId, interactions });
  }
  const before = await listed(datasetId);
  const { fingerprint } = await findSnapshot(ctx, datasetId);
  const limits = { mostParts: 3, newestParts: 2, newestSnapshots: 1, graceMs: 1000 };
  const tidy = (now: Date) => changeDataset(ctx, datasetId, (change) => tidyUp(ctx, change, { now, limits }));
  await tidy(new Date());
  assert.deepEqual([(await partsOf(datasetId)).length, (await snapshotsOf(datasetId)).length], [6, 1]);
  await tidy(new Date(Date.now() + 2000));
  assert.deepEqual([(await partsOf(datasetId)).length, await listed(datasetId)], [3, before]);
  const again = await takeSnapshot(ctx, datasetId);
  assert.deepEqual([again.fingerprint, again.partIds.length], [fingerprint, 3]);
  // A snapshot of the parts as they are now has the same rows in the same order.
  const where = { datasetId_externalId: { datasetId, externalId: 'cup' } };
  await db.prisma.item.update({ where, data: { title: 'Cup' } });
  const model = { datasetId, name: 'm', kind: 'dat', parameters: {}, snapshotId: again.id };
  await db.prisma.model.create({ data: model });
  await takeSnapshot(ctx, datasetId);
  assert.deepEqual(await listed(datasetId), before);
  await tidy(new Date());
  assert.equal((await snapshotsOf(datasetId)).length, 2, 'the model names one, the other is the newest');
  const { added, duplicates } = await importDataset(ctx, { into: datasetId, interactions: await write(first) });
  assert.deepEqual([added, duplicates], [0, 3]);
});

test('a part is taken out, with its file; the only one is not', async () => {
  const { datasetId, fingerprint } = await importDataset(ctx, { name: 'mended', interactions: await write(first) });
  await importDataset(ctx, { into: datasetId, interactions: await write(`${header}zoe,ark,1700000300,o9,1\n`) });
  const [own, broken] = (await partRows(db, datasetId)).map(({ id }) => id) as [string, string];
  await assert.rejects(removePart(ctx, datasetId, 'nothing'), { code: 'not-found' });
  const { snapshotId } = await removePart(ctx, datasetId, broken, { actor: 'ann' });
  const newest = await findSnapshot(ctx, datasetId);
  assert.deepEqual([newest.id, newest.interactions, newest.partIds], [snapshotId, 3, [own]]);
  assert.deepEqual(await listed(datasetId), ['ann cup 1700000000', 'ann cup 1700000000', 'bob jug 1700000100']);
  assert.deepEqual(await partsOf(datasetId), [`${own}.parquet`]);
  assert.equal((await loadCatalogue(ctx, datasetId)).ids.length, 3, 'the catalogue keeps what the part brought');
  assert.notEqual(newest.fingerprint, fingerprint);
  await assert.rejects(removePart(ctx, datasetId, own), /is the only part of "mended"/);
});

test('an append that is killed leaves nothing, and the next one is whole', async () => {
  const { datasetId } = await importDataset(ctx, { name: 'killed', interactions: await write(first) });
  const lines = Array.from({ length: 20_000 }, (_, i) => `u${i % 99},i${i % 77},${1_700_000_000 + i},n${i},1`);
  const interactions = await write(header + lines.join('\n'));
  const child = path.join(import.meta.dirname, 'testing/import-child.ts');
  for (const last of ['check interactions', 'store catalogue']) {
    const request = JSON.stringify({ into: datasetId, interactions });
    const run = spawn(process.execPath, [child, String(db.pool.options.connectionString), ctx.dataDir, request]);
    let steps = '';
    run.stdout.on('data', (text) => {
      steps += text;
      if (steps.includes(last)) run.kill('SIGKILL');
    });
    const [, signal] = await once(run, 'close');
    assert.equal(signal, 'SIGKILL', `it was done before "${last}": ${steps}`);
    assert.equal(await db.prisma.datasetPart.count({ where: { datasetId } }), 1);
    assert.equal((await listed(datasetId)).length, 3);
  }
  const { added } = await importDataset(ctx, { into: datasetId, interactions });
  assert.equal(added, 20_000);
  const left = await readdir(path.join(ctx.dataDir, 'datasets', datasetId));
  assert.deepEqual(left.sort(), ['parts', 'rejected.jsonl', 'snapshots']);
  assert.deepEqual([(await partsOf(datasetId)).length, (await snapshotsOf(datasetId)).length], [2, 2]);
});

test('the folder of an older Duet becomes a part and a snapshot, which the models that saw it name', async () => {
  const users = await write('user_id,country\nann,FR\n');
  const made = await importDataset(ctx, { name: 'old', interactions: await write(first), users });
  const { datasetId, snapshot, fingerprint } = made;
  const before = [await listed(datasetId), await loadUsers(ctx, datasetId)];
  const home = path.join(ctx.dataDir, 'datasets', datasetId);
  for (const name of ['interactions.parquet', 'users.parquet', 'items.parquet', 'meta.json']) {
    await rename(path.join(home, 'snapshots', snapshot, name), path.join(home, name));
  }
  for (const name of ['parts', 'snapshots']) await rm(path.join(home, name), { recursive: true });
  await db.prisma.snapshot.deleteMany({ where: { datasetId } });
  await db.prisma.datasetPart.deleteMany({ where: { datasetId } });
  await db.prisma.datasetUser.deleteMany({ where: { datasetId } });
  const model = (print: string) =>
    db.prisma.model.create({ data: { datasetId, name: 'm', kind: 'dat', parameters: {}, fingerprint: print } });
  const [saw, other] = [await model(fingerprint), await model('of an earlier import')];
  // Two at once, as the services of one start: one makes it, the other waits.
  const [one, two] = await Promise.all([findSnapshot(ctx, datasetId), findSnapshot(ctx, datasetId)]);
  assert.deepEqual([one.id, one.number, one.fingerprint], [two.id, 1, fingerprint]);
  assert.deepEqual([await listed(datasetId), await loadUsers(ctx, datasetId)], before);
  const named = async ({ id }: { id: string }) =>
    (await db.prisma.model.findUniqueOrThrow({ where: { id } })).snapshotId;
  assert.deepEqual([await named(saw), await named(other)], [one.id, null]);
  assert.deepEqual((await readdir(home)).sort(), ['parts', 'rejected.jsonl', 'snapshots']);
  const again = await importDataset(ctx, { into: datasetId, interactions: await write(first) });
  assert.equal(again.added, 0);
});
