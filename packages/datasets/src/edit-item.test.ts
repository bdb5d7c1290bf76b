import assert from 'node:assert/strict';
import { test } from 'node:test';
import { auditTrail } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { type ItemEdit, saveItem } from './edit-item.ts';

test('an item is added, changed and withdrawn, its category made where it is new, and each change written down', async () => {
  await using db = await createTestDatabase();
  const { id: datasetId } = await db.prisma.dataset.create({ data: { name: 'shop', settings: {} } });
  const mug: ItemEdit = {
    externalId: 'mug',
    title: 'A mug',
    category: 'Mugs',
    priceMinor: 250,
    inStock: true,
    withdrawn: false,
    attributes: { tags: 'new|blue' },
  };
  const by = { actor: 'Ada' };
  await saveItem(db, datasetId, mug, { ...by, isNew: true });
  await assert.rejects(saveItem(db, datasetId, mug, { ...by, isNew: true }), {
    code: 'conflict',
    message: 'There is an item mug already.',
  });
  await saveItem(db, datasetId, { ...mug, category: 'Cups', priceMinor: null, inStock: false, withdrawn: true }, by);
  const item = await db.prisma.item.findFirstOrThrow({ include: { category: true } });
  assert.deepEqual(
    [item.title, item.category?.name, item.priceMinor, item.inStock, item.attributes],
    ['A mug', 'Cups', null, false, { tags: 'new|blue' }],
  );
  const { withdrawnAt } = item;
  assert.ok(withdrawnAt);
  await saveItem(db, datasetId, { ...mug, withdrawn: true }, by);
  assert.deepEqual((await db.prisma.item.findFirstOrThrow()).withdrawnAt, withdrawnAt, 'it stays withdrawn since then');
  const trail = await auditTrail(db, 'item', item.id);
  assert.deepEqual(
    trail.map(({ action, actor }) => [action, actor]),
    [
      ['edit', 'Ada'],
      ['edit', 'Ada'],
      ['add', 'Ada'],
    ],
  );
  assert.deepEqual(trail[1]!.before, { category: 'Mugs', priceMinor: 250, inStock: true, withdrawn: false });
  await assert.rejects(saveItem(db, crypto.randomUUID(), mug), { code: 'not-found' });
  await assert.rejects(saveItem(db, datasetId, { ...mug, priceMinor: -1 }), {
    code: 'bad-input',
    message: /priceMinor/,
  });
});
