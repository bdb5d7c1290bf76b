import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { seededRng } from '@duet/random';
import fc from 'fast-check';
import { FilterBitmaps } from './bitmaps.ts';
import { LiveCatalogue } from './catalogue.ts';
import { checkFilter, type Filter, filterSchema, passes } from './filter.ts';
import { nearNames } from './near-names.ts';

const categories = ['Mugs', 'Lamps', 'Clocks'];
const tags = ['sale', 'new', 'red'];
const items = 300;

const condition = fc.oneof(
  fc.record({ category: fc.subarray(categories, { minLength: 1 }) }),
  fc
    .tuple(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 3000 }))
    .map(([a, b]) => ({ price: { min: Math.min(a, b), max: Math.max(a, b) } })),
  fc.record({ inStock: fc.boolean() }),
  fc.record({ tag: fc.subarray(tags, { minLength: 1 }) }),
  fc.record({ attribute: fc.record({ name: fc.constant('size'), in: fc.subarray(['S', 'M'], { minLength: 1 }) }) }),
);
const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    condition,
    fc.record({ all: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ any: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }),
    fc.record({ not: tie('filter') }),
  ),
}));

describe('a filter', () => {
  let db: Database;
  let datasetId: string;
  let catalogue: LiveCatalogue;
  const random = seededRng(3);
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const anyItem = () => ({
    priceMinor: random() < 0.1 ? null : Math.floor(random() * 3000),
    inStock: random() < 0.7,
    attributes: {
      ...(random() < 0.6 && { tags: tags.filter(() => random() < 0.4) }),
      ...(random() < 0.8 && { size: pick(['S', 'M', 'L']) }),
    },
  });

  before(async () => {
    db = await createTestDatabase();
    datasetId = (await db.prisma.dataset.create({ data: { name: 'shop', settings: {} } })).id;
    await db.prisma.category.createMany({ data: categories.map((name) => ({ datasetId, name })) });
    const stored = await db.prisma.category.findMany({ orderBy: { name: 'asc' } });
    await db.prisma.item.createMany({
      data: Array.from({ length: items }, (_, i) => ({
        ...anyItem(),
        datasetId,
        externalId: `i${i}`,
        categoryId: i % 7 === 0 ? null : pick(stored).id,
      })),
    });
    catalogue = await LiveCatalogue.open(db, datasetId, []);
    assert.equal(catalogue.ids.length, items);
  });
  after(() => db[Symbol.asyncDispose]());

  /** What PostgreSQL says of a filter: another program's answer to the same question. */
  const sql = (one: Filter): string => {
    if ('all' in one) return `(${one.all.map(sql).join(' AND ')})`;
    if ('any' in one) return `(${one.any.map(sql).join(' OR ')})`;
    if ('not' in one) return `NOT ${sql(one.not)}`;
    const list = (values: string[]) => `ARRAY[${values.map((value) => `'${value}'`).join(',')}]`;
    const term = (() => {
      if ('category' in one) return `c.name = ANY(${list(one.category)})`;
      if ('price' in one) return `i."priceMinor" BETWEEN ${one.price.min} AND ${one.price.max}`;
      if ('inStock' in one) return `i."inStock" = ${one.inStock}`;
      if ('tag' in one) return `i.attributes->'tags' ?| ${list(one.tag)}`;
      return `i.attributes->>'size' = ANY(${list(one.attribute.in)})`;
    })();
    return `coalesce(${term}, false)`;
  };
  const bySql = async (one: Filter) => {
    const { rows } = await db.pool.query<{ id: string }>(
      `SELECT i."externalId" AS id FROM "Item" i LEFT JOIN "Category" c ON c.id = i."categoryId" WHERE ${sql(one)}`,
    );
    return rows.map(({ id }) => id).sort();
  };

  test('lets the same items pass as PostgreSQL, as a bitmap and item by item, while items are edited', async () => {
    const catalogueRow = Int32Array.from({ length: items }, (_, row) => items - 1 - row);
    const bitmaps = new FilterBitmaps(catalogue, catalogueRow);
    let seen = catalogue.editCount;
    await fc.assert(
      fc.asyncProperty(filter, fc.array(fc.nat(items - 1), { maxLength: 5 }), async (one, edited) => {
        for (const i of edited) {
          await db.prisma.item.updateMany({ where: { datasetId, externalId: `i${i}` }, data: anyItem() });
        }
        await catalogue.follow();
        for (const { row } of catalogue.editsSince(seen)) bitmaps.edited(items - 1 - row);
        seen = catalogue.editCount;
        const expected = await bySql(one);
        const { bits, count } = bitmaps.of(one);
        const set = Array.from(catalogueRow.keys()).filter((row) => ((bits[row >> 3]! >> (row & 7)) & 1) === 1);
        assert.deepEqual(set.map((row) => catalogue.ids[catalogueRow[row]!]!).sort(), expected);
        assert.equal(count, expected.length);
        assert.deepEqual(catalogue.ids.filter((_, row) => passes(one, catalogue)(row)).sort(), expected);
      }),
      { numRuns: 60, seed: 11 },
    );
  });

  test('is refused with the nearest names where no item has the name', () => {
    const checking = (one: Filter) => () => checkFilter(filterSchema.parse(one), catalogue);
    assert.throws(checking({ category: ['Mugz'] }), {
      code: 'bad-input',
      message: 'field filters: No item of the catalogue is in a category "Mugz". There is "Mugs".',
    });
    assert.throws(checking({ not: { tag: ['sales'] } }), /has the tag "sales"\. There is "sale"\./);
    assert.throws(checking({ any: [{ attribute: { name: 'sizes', in: ['S'] } }] }), /no.*"sizes".*"size"/i);
    assert.throws(checking({ attribute: { name: 'size', in: ['XL'] } }), /"XL" as size\. There is "L"/);
    assert.doesNotThrow(checking({ category: ['Mugs', 'Lamps'] }));
  });

  test('is refused for an empty category too, and says which are not', async () => {
    const { id } = await db.prisma.category.create({ data: { datasetId, name: 'Mugs of tin' } });
    assert.throws(() => checkFilter({ category: ['Mugs of tin'] }, catalogue), /There is "Mugs"\./);
    await db.prisma.item.updateMany({ where: { datasetId, externalId: 'i1' }, data: { categoryId: id } });
    await catalogue.follow();
    assert.doesNotThrow(() => checkFilter({ category: ['Mugs of tin'] }, catalogue));
  });

  test('takes conditions that say something, and no more than it can bear', () => {
    for (const wrong of [
      { price: {} },
      { price: { min: 2, max: 1 } },
      { category: [] },
      { all: [] },
      { category: ['Mugs'], inStock: true },
      { colour: 'red' },
      { all: Array.from({ length: 10 }, () => ({ any: Array.from({ length: 10 }, () => ({ inStock: true })) })) },
    ]) {
      assert.equal(filterSchema.safeParse(wrong).success, false, JSON.stringify(wrong));
    }
  });
});

describe('the catalogue', () => {
  test("takes over what is committed, in whatever order, and a category's new name", async () => {
    await using db = await createTestDatabase();
    const { id: datasetId } = await db.prisma.dataset.create({ data: { name: 'shop', settings: {} } });
    const { id: categoryId } = await db.prisma.category.create({ data: { datasetId, name: 'Tea' } });
    const item = (externalId: string) => ({ datasetId, externalId, title: `Pot ${externalId}`, categoryId });
    await db.prisma.item.createMany({ data: ['a', 'b', 'c'].map(item) });
    const catalogue = await LiveCatalogue.open(db, datasetId, ['b', 'a', 'gone']);
    assert.deepEqual(catalogue.ids, ['b', 'a', 'gone', 'c']);
    assert.deepEqual([...catalogue.withdrawn], [0, 0, 1, 0]);
    assert.equal(await catalogue.follow(), 0);

    // The first to begin is the last to commit.
    const early = await db.pool.connect();
    await early.query('BEGIN');
    await early.query(`UPDATE "Item" SET title = 'Early' WHERE "externalId" = 'a'`);
    await db.prisma.item.create({ data: item('d') });
    assert.equal(await catalogue.follow(), 1);
    assert.equal(catalogue.title[4], 'Pot d');
    await early.query('COMMIT');
    early.release();
    assert.equal(await catalogue.follow(), 1);
    assert.equal(catalogue.title[1], 'Early');

    await db.prisma.category.update({ where: { id: categoryId }, data: { name: 'Teapots' } });
    assert.equal(await catalogue.follow(), 4);
    assert.equal(catalogue.categoryItems('Teapots'), 4);
    assert.equal(catalogue.categoryItems('Tea'), 0);
    await db.prisma.item.updateMany({ where: { externalId: 'c' }, data: { withdrawnAt: new Date() } });
    await catalogue.follow();
    assert.equal(catalogue.categoryItems('Teapots'), 3);

    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
      const filter = { attribute: { name, in: ['x'] } };
      assert.throws(() => checkFilter(filter, catalogue), { code: 'bad-input', message: /No item has an attribute/ });
      assert.equal(passes(filter, catalogue)(0), false);
      const values = [JSON.stringify([name]), datasetId];
      const attributes = `jsonb_build_object($1::jsonb ->> 0, 'x')`;
      await db.pool.query(
        `UPDATE "Item" SET attributes = ${attributes} WHERE "externalId" = 'a' AND "datasetId" = $2`,
        values,
      );
      await catalogue.follow();
      checkFilter(filter, catalogue);
      assert.equal(passes(filter, catalogue)(1), true);
    }
  });
});

test('near names are those that hold the wrong one or are a few letters away, the nearest first', () => {
  const names = ['CHRISTMAS', 'KITCHEN', 'CANDLES', 'CANDLE HOLDERS', 'BAGS'];
  assert.deepEqual(nearNames('candle', names), ['CANDLES', 'CANDLE HOLDERS']);
  assert.deepEqual(nearNames('Kichen', names), ['KITCHEN']);
  assert.deepEqual(nearNames('zzzzzzz', names), names);
  let looked = 0;
  const endless = (function* () {
    for (;;) yield `i${looked++ % 1_000_000}`;
  })();
  assert.deepEqual(
    nearNames('i12345', endless).slice(0, 1),
    ['i12345'],
    'of names without end the first are looked at',
  );
});

test('the size of a filter is looked at before its parts are', () => {
  const bad = { category: ['x'], nope: 1 };
  const of = (n: number, part: object) => ({ any: Array.from({ length: n }, () => part) });
  const huge = of(20, of(20, of(20, bad)));
  const parsed = filterSchema.safeParse(huge);
  assert.deepEqual(
    parsed.error!.issues.map(({ message }) => message),
    ['A filter has at most 100 parts'],
  );
  let deep: object = { inStock: true };
  for (let depth = 0; depth < 100; depth++) deep = { not: deep };
  assert.equal(filterSchema.safeParse(deep).success, false);
  assert.equal(filterSchema.safeParse({ category: Array.from({ length: 90_000 }, () => 'x') }).success, false);
  for (const filter of [
    of(20, { price: { max: 1 } }),
    of(4, of(20, { inStock: true })),
    { not: of(2, { tag: ['a'] }) },
  ]) {
    assert.deepEqual(filterSchema.parse(filter), filter);
  }
  assert.equal(filterSchema.safeParse(of(6, of(20, { inStock: true }))).success, false, '127 parts');
});
