import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { writeInteractionBatch, writeItemBatch, writeUserBatch } from './write-batch.ts';

let db: Database;
let datasetId: string;
before(async () => {
  db = await createTestDatabase();
  datasetId = (await db.prisma.dataset.create({ data: { name: 'shop', settings: {}, status: 'done' } })).id;
});
after(() => db[Symbol.asyncDispose]());

const resultsOf = async (rows: unknown[]) =>
  (await writeItemBatch(db, datasetId, rows)).map(({ id, result, reason }) => [id, result, reason]);
const itemOf = (externalId: string) =>
  db.prisma.item.findUniqueOrThrow({
    where: { datasetId_externalId: { datasetId, externalId } },
    include: { category: true },
  });

test('items are put, patched and deleted, each row by itself, in the order of the batch', async () => {
  const cup = {
    itemId: 'cup',
    title: 'Cup',
    category: 'Mugs',
    priceMinor: 250,
    attributes: { colour: 'red', size: 'S' },
  };
  assert.deepEqual(
    await resultsOf([
      cup,
      { itemId: 'jug', title: 'Jug' },
      { op: 'patch', itemId: 'cup', priceMinor: 300, attributes: { size: null, tags: ['new', 'blue'] } },
      { op: 'patch', itemId: 'nothing', title: 'x' },
      { itemId: 'bad', priceMinor: 1.5 },
      { op: 'move', itemId: 'cup' },
      { itemId: 'odd', colour: 'red' },
      { itemId: 'half', attributes: { note: '\ud800' } },
      { itemId: 'nul', attributes: { 'a\0': 'b' } },
      { itemId: 'cup\\u0000', title: 'a backslash, and no NUL' },
      null,
    ]),
    [
      ['cup', 'added', undefined],
      ['jug', 'added', undefined],
      ['cup', 'added', undefined],
      ['nothing', 'rejected', 'itemId: there is no item nothing'],
      ['bad', 'rejected', 'priceMinor: Invalid input: expected int, received number'],
      ['cup', 'rejected', 'op: is neither put nor patch nor delete'],
      ['odd', 'rejected', 'Unrecognized key: "colour"'],
      ['half', 'rejected', 'a text of it holds a NUL, or half of a character'],
      ['nul', 'rejected', 'a text of it holds a NUL, or half of a character'],
      ['cup\\u0000', 'added', undefined],
      [null, 'rejected', 'Invalid input: expected object, received null'],
    ],
  );
  const { priceMinor, category, attributes } = await itemOf('cup');
  assert.deepEqual([priceMinor, category?.name, attributes], [300, 'Mugs', { colour: 'red', tags: ['new', 'blue'] }]);
  assert.deepEqual(await resultsOf([{ op: 'delete', itemId: 'jug' }]), [['jug', 'updated', undefined]]);
  assert.notEqual((await itemOf('jug')).withdrawnAt, null);
  // What is put is as it is said: it comes back, and has no attribute that is not said.
  await resultsOf([{ itemId: 'jug' }, { itemId: 'cup', title: 'Cup' }]);
  assert.deepEqual([(await itemOf('jug')).withdrawnAt, (await itemOf('cup')).attributes], [null, {}]);
});

test('an item that stays as it is is not written, so that nobody who follows the catalogue sees it', async () => {
  await resultsOf([{ itemId: 'same', title: 'Same' }]);
  const { changedIn } = await itemOf('same');
  assert.deepEqual(await resultsOf([{ itemId: 'same', title: 'Same' }]), [['same', 'unchanged', undefined]]);
  assert.equal((await itemOf('same')).changedIn, changedIn);
});

test('batches of the same items at once end, and none is lost', async () => {
  const rows = (n: number) =>
    Array.from({ length: 200 }, (_, i) => ({ itemId: `i${(i * 7 + n * 31) % 200}`, title: `${n}` }));
  await Promise.all([1, 2, 3, 4].map((n) => writeItemBatch(db, datasetId, rows(n))));
  assert.equal(await db.prisma.item.count({ where: { datasetId, externalId: { startsWith: 'i' } } }), 200);
});

test('users and interactions are taken, each row by itself, and an interaction that is sent twice once', async () => {
  const users = await writeUserBatch(db, datasetId, [{ userId: 'ann', attributes: { country: 'FR' } }, { userId: '' }]);
  assert.deepEqual(
    users.map(({ result }) => result),
    ['accepted', 'rejected'],
  );
  const bought = { userId: 'ann', itemId: 'cup', time: '2026-01-05T10:00:00+01:00', orderId: 'o1', valueMinor: 250 };
  const ahead = { ...bought, time: new Date(Date.now() + 3_600_000).toISOString() };
  const rows = [bought, { ...bought, time: 'yesterday' }, { ...bought, event: 'sneezed' }, ahead];
  const results = await writeInteractionBatch(db, datasetId, rows);
  assert.deepEqual(
    results.map(({ result, reason }) => reason ?? result),
    [
      'accepted',
      'time: Invalid ISO datetime',
      'event: the dataset gives "sneezed" no weight',
      'time: lies in the future',
    ],
  );
  await writeInteractionBatch(db, datasetId, [bought]);
  const pending = await db.prisma.pendingInteraction.findMany();
  assert.equal(pending.length, 1);
  assert.deepEqual(pending[0]!.row, {
    ...{ userId: 'ann', itemId: 'cup', orderId: 'o1', quantity: null, valueMinor: 250 },
    ...{ time: Date.UTC(2026, 0, 5, 9) / 1000, kind: 'purchase', weight: 1, hides: true },
  });
});
