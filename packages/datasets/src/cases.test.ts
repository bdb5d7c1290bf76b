import assert from 'node:assert/strict';
import path from 'node:path';
import { describe, test } from 'node:test';
import { type ImportPreview, previewImport } from './import.ts';
import type { ImportRequest } from './request.ts';

// Small files in the forms that shops really have, and what each must give: fixtures/cases.
const file = (name: string): string => path.join(import.meta.dirname, '../fixtures/cases', name);

type CaseRequest = Omit<ImportRequest, 'name'>;
const read = (interactions: string, asked: Partial<CaseRequest> = {}): Promise<ImportPreview> =>
  previewImport({}, { name: 'case', interactions: file(interactions), ...asked });
/** The items of a file beside events.csv, by id. */
async function itemsOf(items: string, asked: Partial<CaseRequest> = {}) {
  const answer = await read('events.csv', { items: file(items), ...asked });
  assert.equal(answer.rows, 20);
  return { ...answer, item: new Map(answer.preview.items.map((item) => [item.item, item])) };
}
const times = ({ preview }: ImportPreview): string[] =>
  preview.interactions.map(({ user, time }) => `${user} ${String(time).replace('+00', '')}`);
const counts = ({ rows, users, items, rejected }: ImportPreview) => [rows, users, items, rejected];

describe('orders', () => {
  test('a plain file of events is used whole', async () => {
    const answer = await read('events.csv');
    assert.deepEqual(counts(answer), [20, 5, 6, 0]);
    assert.deepEqual(answer.clock, {
      kind: 'time',
      first: '2023-11-14T22:13:20.000Z',
      last: '2023-11-16T00:36:40.000Z',
    });
    assert.deepEqual(answer.warnings, []);
  });

  test("Shopify's orders are found by their header; an order that was cancelled does not count, and is told", async () => {
    const answer = await read('shopify-orders.csv');
    assert.deepEqual(counts(answer), [9, 3, 5, 1]);
    assert.equal(answer.clock.first, '2024-03-01T09:01:12.000Z');
    assert.deepEqual(answer.currency, { code: 'EUR', from: 'column Currency' });
    assert.deepEqual(answer.mapping.interactions?.rows.ignored, { 'cancelled order': 2 });
  });

  test('whoever names the columns of both sides says what counts', async () => {
    const columns = { user: 'Email', item: 'Lineitem sku', time: 'Created at' };
    assert.deepEqual(counts(await read('shopify-orders.csv', { columns })), [11, 3, 5, 1]);
  });

  test('order_date is a time', async () => {
    const answer = await read('order-date.csv');
    assert.deepEqual(
      [answer.mapping.interactions?.columns.time, answer.clock.first],
      ['order_date', '2024-03-01T00:00:00.000Z'],
    );
  });

  test('a buyer each is a dataset, too', async () =>
    assert.deepEqual(counts(await read('one-purchase-each.csv')), [45, 45, 6, 0]));
});

describe('events', () => {
  test("Google Analytics' items are rows of their own", async () => {
    assert.deepEqual(counts(await read('ga4.jsonl')), [16, 4, 5, 0]);
    const columns = { user: 'user_pseudo_id', item: 'items', time: 'event_timestamp', event: 'event_name' };
    const answer = await read('ga4.jsonl', { columns });
    assert.deepEqual([answer.rows, answer.mapping.interactions?.columns.item], [16, 'items[].item_id']);
  });

  test('a column within an object has a name with a dot, or a pointer', async () => {
    assert.deepEqual(counts(await read('segment.jsonl')), [8, 2, 5, 0]);
    for (const item of ['properties.product_id', '/properties/product_id']) {
      assert.deepEqual(counts(await read('segment.jsonl', { columns: { item } })), [8, 2, 5, 0], item);
    }
  });

  test('views, carts and purchases weigh what they usually do, which is told', async () => {
    const answer = await read('views-and-purchases.csv');
    assert.deepEqual(answer.events, [
      { event: 'view', rows: 10, weight: 0.1 },
      { event: 'addtocart', rows: 5, weight: 0.3 },
      { event: 'transaction', rows: 5, weight: 1 },
    ]);
    assert.match(answer.warnings.join(), /view 0.1, addtocart 0.3, transaction 1\. Say otherwise with --event-weight/);
    assert.equal(answer.summary.hides, true);
  });

  test('the weight of an event that is not there names those that are', async () => {
    await assert.rejects(read('views-and-purchases.csv', { eventWeights: { purchase: 1 } }), {
      code: 'bad-input',
      message: /there is no event "purchase"; the file's events are view \(10\), addtocart \(5\), transaction \(5\)/,
    });
  });

  test("a review's title is not the item's, and that a bad rating counts is told", async () => {
    const answer = await read('review-title.jsonl');
    assert.deepEqual(
      answer.preview.items.map(({ title }) => title),
      Array(5).fill(''),
    );
    assert.match(answer.warnings.join(), /"rating" holds ratings.*--min-rating/);
    const good = await read('review-title.jsonl', { minRating: 4 }).catch((error: Error) => error.message);
    assert.match(String(good), /no interaction is left: rating below 4 \(10\)/);
  });

  test('what stands for no value is no user', async () => {
    const answer = await read('null-ids.csv');
    assert.deepEqual(counts(answer), [22, 7, 6, 9]);
    assert.deepEqual(answer.summary.rejected.byReason, { 'no user': 9 });
    assert.match(answer.warnings.join(), /guest \(1\), 0 \(1\)/);
    // Where there are more ids than are numbered, they are read as they are.
    const request = { name: 'case', interactions: file('null-ids.csv') };
    const { summary, ...same } = await previewImport({ limits: { ids: 3 } }, request);
    assert.deepEqual(counts(same as ImportPreview), [22, 7, 6, 9]);
    assert.deepEqual(same.preview, answer.preview);
    assert.deepEqual(summary.rejected, answer.summary.rejected);
  });
});

describe('times', () => {
  test('every unambiguous notation is read, and nothing becomes 1970', async () => {
    const answer = await read('dates.csv');
    assert.deepEqual(times(answer), [
      'r0 2023-12-31 14:05:00',
      'r1 2023-12-31 14:05:00',
      'r3 2023-12-31 00:00:00',
      'r4 2023-12-31 14:05:00',
      'r5 2023-12-31 00:00:00',
      'r6 2023-12-31 14:05:00',
      'r7 2023-12-31 13:05:00',
      'r8 2023-12-31 00:00:00',
      'r9 2023-12-31 13:05:00',
      'r10 2023-12-31 13:05:00',
      'r11 2023-12-31 14:05:00',
      'r12 2023-12-31 14:05:00.123',
      'r13 2023-12-01 00:00:00',
      'r19 2023-01-05 00:00:00',
    ]);
    assert.deepEqual(answer.summary.rejected.byReason, { 'time cannot be read': 6, 'time may be read in two ways': 1 });
    for (const format of ['dmy', '%d/%m/%Y']) {
      const asked = times(await read('dates.csv', { timeFormats: [format] }));
      assert.ok(asked.includes('r2 2024-02-01 00:00:00') && asked.includes('r1 2023-12-31 14:05:00'), format);
    }
  });

  test('days without separators are days', async () => {
    const { clock } = await read('compact-date.csv', { columns: { time: 'event_date' } });
    assert.deepEqual([clock.first, clock.last], ['2024-01-01T00:00:00.000Z', '2024-01-20T00:00:00.000Z']);
  });
});

describe('text', () => {
  test('decimal commas', async () => {
    const { preview } = await read('decimal-comma.csv');
    assert.deepEqual(
      preview.interactions.map(({ value }) => value),
      Array.from({ length: 20 }, (_, i) => i + 0.5),
    );
  });

  test('a price in any notation, and none for what is none', async () => {
    const answer = await read('prices.csv');
    const value = (n: unknown) => n;
    assert.deepEqual(
      answer.preview.interactions.map((row) => value(row.value)),
      [4.5, 4.5, 4.5, 4.5, 1234.5, 1234.5, 1234, 1234.5, 1234.5, null, null, null, null, 99_999_999_999],
    );
    assert.equal(answer.currency.code, 'EUR');
    assert.match(answer.warnings.join(), /several currencies: EUR \(2\), USD \(1\)/);
  });

  test('UTF-16, an archive, no header, a delimiter of two characters', async () => {
    const columnNames = ['user', 'item', 'rating', 'timestamp'];
    for (const answer of [
      await read('events-utf16.csv'),
      await read('events.csv.zip'),
      await read('headerless.tsv', { header: false, columnNames }),
      await read('double-colon.dat', { header: false, columnNames, delimiter: '::' }),
      await read('double-colon.dat', { header: false, columnNames }),
    ]) {
      assert.deepEqual(counts(answer), [20, 5, 6, 0]);
    }
  });
});

describe('catalogues', () => {
  test("a variant has its product's title, a picture's row is none, and a draft is not shown", async () => {
    for (const itemColumns of [{}, { item: 'Variant SKU' }]) {
      const { item, mapping } = await itemsOf('shopify-products.csv', { itemColumns });
      assert.deepEqual(
        ['sku-1', 'sku-1-M', 'sku-6', 'sku-6-M'].map((id) => {
          const { title, category, priceMinor, inStock, shown } = item.get(id)!;
          return [title, category, priceMinor, inStock, shown];
        }),
        [
          ['Thing 0', 'Vase', 900, true, true],
          ['Thing 0', 'Vase', 900, false, true],
          ['Thing 5', 'Vase', 900, true, false],
          ['Thing 5', 'Vase', 900, false, false],
        ],
      );
      assert.deepEqual(mapping.items?.rows.ignored, { 'further picture of a product': 6 });
    }
  });

  test('a Google Merchant feed: prices with a currency, states of the stock, a path of categories', async () => {
    const { item, currency } = await itemsOf('google-merchant.tsv');
    assert.equal(currency.code, 'EUR');
    assert.deepEqual(
      [...item.values()].map(({ item: id, priceMinor, category, inStock }) => [id, priceMinor, category, inStock]),
      [true, false, true, true, true, false].map((inStock, i) => [`sku-${i + 1}`, 150 + 100 * i, 'Decor', inStock]),
    );
    const attributes = JSON.parse(String(item.get('sku-1')!.attributes));
    assert.deepEqual([attributes['category path'], attributes.image], ['Home|Decor', 'https://x.example/0.jpg']);
  });

  test('a price with a sign costs no row', async () => {
    const { item, mapping } = await itemsOf('items-price-currency.jsonl');
    assert.equal(mapping.items?.rows.used, 6);
    const { title, category, priceMinor } = item.get('sku-1')!;
    assert.deepEqual([title, category, priceMinor], ['Thing 0', 'Dance', 999]);
  });

  test('what is hidden or a draft is not shown, and what is out of stock is known', async () => {
    const { item } = await itemsOf('items-hidden.csv');
    assert.deepEqual(
      [...item.values()].map(({ inStock, shown }) => [inStock, shown]),
      [
        [false, true],
        [true, false],
        [true, false],
        [true, true],
        [true, true],
        [true, true],
      ],
    );
  });

  test('an item that a complete catalogue lacks is not shown; what a partial one lacks is', async () => {
    assert.equal((await itemsOf('items-newer.csv')).item.get('sku-4')!.shown, false);
    assert.equal((await itemsOf('items-newer.csv', { catalogue: 'partial' })).item.get('sku-4')!.shown, true);
  });

  test('the last row of an item counts', async () => {
    const { item, mapping } = await itemsOf('items-twice.csv');
    assert.deepEqual([item.get('sku-1')!.title, item.get('sku-1')!.priceMinor], ['New', 200]);
    assert.deepEqual(mapping.items?.rows.ignored, { 'a later row has its id': 6 });
  });
});
