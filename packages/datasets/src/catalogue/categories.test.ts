import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import {
  categoryChanges,
  deleteCategory,
  mergeCategory,
  moveItems,
  renameCategory,
  undoCategoryChange,
} from './categories.ts';
import { editItems } from './edit-items.ts';
import { writeItemBatch } from './write-batch.ts';

describe('categories of a catalogue', () => {
  let db: Database;
  let datasetId: string;
  let count = 0;
  before(async () => {
    db = await createTestDatabase();
  });
  after(() => db[Symbol.asyncDispose]());
  beforeEach(async () => {
    ({ id: datasetId } = await db.prisma.dataset.create({ data: { name: `shop ${count++}`, settings: {} } }));
    for (const [name, items] of Object.entries({ Lamps: ['a', 'b'], Lights: ['c'] })) {
      const { id } = await db.prisma.category.create({
        data: { datasetId, name, items: items.length, interactions: 10 * items.length },
      });
      for (const externalId of items)
        await db.prisma.item.create({ data: { datasetId, externalId, categoryId: id, priceMinor: 100 } });
    }
  });

  /** Categories with their counts, and what each item is in. */
  async function now() {
    const categories = await db.prisma.category.findMany({ where: { datasetId }, orderBy: { name: 'asc' } });
    const items = await db.prisma.item.findMany({
      where: { datasetId },
      include: { category: true },
      orderBy: { externalId: 'asc' },
    });
    return [
      categories.map(({ name, items }) => `${name} ${items}`).join(', '),
      items.map(({ category }) => category?.name ?? '–').join(' '),
    ];
  }
  const start = ['Lamps 2, Lights 1', 'Lamps Lamps Lights'];
  const undoLast = async () => undoCategoryChange(db, datasetId, (await categoryChanges(db, datasetId))[0]!.id);

  test('are renamed, and whoever follows the catalogue sees their items change', async () => {
    const version = async () =>
      (await db.prisma.item.findFirstOrThrow({ where: { datasetId, externalId: 'a' } })).changedIn;
    const was = await version();
    await renameCategory(db, datasetId, 'Lamps', ' Lanterns ', { actor: 'Ada' });
    assert.deepEqual(await now(), ['Lanterns 2, Lights 1', 'Lanterns Lanterns Lights']);
    assert.ok((await version()) > was);
    const [change] = await categoryChanges(db, datasetId);
    assert.deepEqual([change!.actor, change!.sentence], ['Ada', '“Lamps” renamed to “Lanterns”']);
    await assert.rejects(renameCategory(db, datasetId, 'Lanterns', 'Lights'), { code: 'conflict' });
    await undoLast();
    assert.deepEqual(await now(), start);
    await assert.rejects(undoLast(), /undone already/);
  });

  test('are merged and deleted, and undoing brings them back with the items that nobody has moved since', async () => {
    await mergeCategory(db, datasetId, 'Lamps', 'Lights');
    assert.deepEqual(await now(), ['Lights 3', 'Lights Lights Lights']);
    assert.equal((await db.prisma.category.findFirstOrThrow({ where: { datasetId } })).interactions, 30);
    await undoLast();
    assert.deepEqual(await now(), start);
    await deleteCategory(db, datasetId, 'Lamps');
    assert.deepEqual(await now(), ['Lights 1', '– – Lights']);
    const { id } = (await categoryChanges(db, datasetId))[0]!;
    await moveItems(db, datasetId, ['b'], 'Torches');
    await undoCategoryChange(db, datasetId, id);
    assert.deepEqual(await now(), ['Lamps 1, Lights 1, Torches 1', 'Lamps Torches Lights']);
  });

  test('take in the items that are moved, and undoing puts each back where it was', async () => {
    assert.equal(await moveItems(db, datasetId, ['a', 'c', 'nothing'], 'Gifts'), 2);
    assert.deepEqual(await now(), ['Gifts 2, Lamps 1, Lights 0', 'Gifts Lamps Gifts']);
    await undoLast();
    assert.deepEqual(await now(), ['Gifts 0, Lamps 2, Lights 1', 'Lamps Lamps Lights']);
    assert.equal(await moveItems(db, datasetId, ['a'], null), 1);
    assert.equal((await now())[1], '– Lamps Lights');
  });

  test('stay as they were made when a feed brings the old names again', async () => {
    const feed = (...items: [string, string][]) =>
      writeItemBatch(
        db,
        datasetId,
        items.map(([itemId, category]) => ({ itemId, category })),
      );
    await renameCategory(db, datasetId, 'Lamps', 'Lanterns');
    await feed(['a', 'Lamps'], ['b', 'Lamps'], ['c', 'Lights'], ['d', 'Lamps']);
    assert.equal((await now())[1], 'Lanterns Lanterns Lights Lanterns');
    await mergeCategory(db, datasetId, 'Lanterns', 'Lights');
    await feed(['a', 'Lamps'], ['b', 'Lanterns']);
    assert.equal((await now())[1], 'Lights Lights Lights Lights');
    await undoLast();
    await feed(['d', 'Lamps'], ['c', 'Lights']);
    assert.equal((await now())[1], 'Lanterns Lanterns Lights Lanterns');
    await deleteCategory(db, datasetId, 'Lanterns');
    await feed(['a', 'Lamps'], ['b', 'Lanterns']);
    assert.deepEqual(await now(), ['Lights 1', '– – Lights –']);
    await moveItems(db, datasetId, ['a'], 'Lamps');
    await feed(['b', 'Lamps'], ['d', 'Lanterns']);
    assert.equal((await now())[1], 'Lamps Lamps Lights –');
  });

  test('and items are changed together, each change in the item’s own log', async () => {
    assert.equal(await editItems(db, datasetId, ['a', 'b'], { inStock: false }, { actor: 'Ada' }), 2);
    assert.equal(await editItems(db, datasetId, ['a', 'c'], { inStock: false, priceMinor: 100 }), 1);
    const c = await db.prisma.item.findFirstOrThrow({ where: { datasetId, externalId: 'c' } });
    const [log] = await db.prisma.auditLog.findMany({ where: { objectKind: 'item', objectId: c.id } });
    assert.deepEqual([log!.before, log!.after], [{ inStock: true }, { inStock: false }]);
    await assert.rejects(editItems(db, datasetId, ['a'], { priceMinor: -1 }), { code: 'bad-input' });
  });
});
