import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { type ImportPreview, previewImport } from '../../import.ts';
import type { ImportRequest } from '../../request.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'duet-versions-'));
after(() => rm(folder, { recursive: true }));

let files = 0;
async function written(text: string, extension = 'csv'): Promise<string> {
  const file = path.join(folder, `${files++}.${extension}`);
  await writeFile(file, text);
  return file;
}
const read = async (text: string, request: Partial<ImportRequest> = {}, extension?: string) =>
  previewImport({}, { name: 'version', interactions: await written(text, extension), ...request });
/** Of a feed beside events: its form, and each item's id, title, category, price in cents, stock and whether it is shown. */
async function itemsOf(text: string): Promise<[string | undefined, unknown[][]]> {
  const events = 'user_id,item_id,timestamp\nann,s1,1700000000\n';
  const { mapping, preview } = await read(events, { items: await written(text), catalogue: 'partial' });
  const rows = preview.items.map((one) => [
    ...[one.item, one.title, one.category],
    ...[one.priceMinor, one.inStock, one.shown],
  ]);
  return [mapping.items!.form, rows];
}
const times = ({ preview }: ImportPreview) => preview.interactions.map(({ time }) => String(time).slice(0, 19));

test('a value that cannot be read is empty, also where nothing can be wrong with the rows', async () => {
  const { preview, summary } = await read(
    'user_id;item_id;timestamp;price\nu1;a;1700000000;1.234,50 EUR\nu2;b;1700000100;€ 12,00\nu3;c;1700000200;free\n',
  );
  assert.deepEqual(
    preview.interactions.map(({ value }) => value),
    [1234.5, 12, null],
  );
  assert.deepEqual(summary.emptied.byReason, { 'price is not a number': 1 });
});

describe('other versions and languages of known forms', () => {
  test('a Shopify shop without SKUs calls its items what the lines of its orders call them', async () => {
    const orders =
      'Name,Email,Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku\n' +
      '#1,ann@x.example,2024-01-01 10:00:00 +0100,1,Cup,5,\n#1,,,1,Jug - L,9,\n';
    const { preview } = await read(orders, {
      items: await written(
        'Handle,Title,Option1 Value,Variant SKU,Variant Price\ncup,Cup,Default Title,,5\njug,Jug,L,,9\njug,,S,,8\n',
      ),
    });
    const ids = (rows: { item?: unknown }[]) => rows.map(({ item }) => item);
    assert.deepEqual(ids(preview.interactions), ['Cup', 'Jug - L']);
    assert.deepEqual(ids(preview.items), ['Cup', 'Jug - L', 'Jug - S']);
  });

  test("BigCommerce's orders with all their products in one column: a row a product", async () => {
    const { mapping, preview } = await read(
      'Order ID,Order Status,Order Date,Customer ID,Customer Email,Product Details\n' +
        '7,Completed,2024-01-15,55,ann@x.example,"Product ID: 77, Product Qty: 2, Product SKU: cup, Product Name: Cup, blue, Product Unit Price: 12.00, Product Total Price: 24.00|Product ID: 78, Product Qty: 1, Product SKU: , Product Name: Jug, Product Unit Price: 3.50, Product Total Price: 3.50"\n' +
        '8,Refunded,2024-01-16,56,bob@x.example,"Product ID: 77, Product Qty: 1, Product SKU: cup, Product Name: Cup, blue, Product Unit Price: 12.00"\n',
    );
    assert.equal(mapping.interactions!.form, 'bigcommerce');
    assert.deepEqual(
      preview.interactions.map(({ user, item, quantity, value }) => [user, item, quantity, value]),
      [
        ['55', 'cup', 2, 24],
        ['55', '78', 1, 3.5],
      ],
    );
    assert.equal(preview.items.find(({ item }) => item === 'cup')!.title, 'Cup, blue');
    assert.deepEqual(mapping.interactions!.rows, {
      ...{ read: 3, used: 2, rejected: 0, usedPercent: 66.7 },
      ignored: { 'cancelled, refunded or declined order': 1 },
    });
  });

  test("Shopify's template of 2025: variants follow their product, and what sells without stock is in stock", async () => {
    const header =
      'Title,URL handle,Product category,Type,Published on online store,Status,SKU,Price,Inventory quantity,Continue selling when out of stock,Product image URL\n';
    assert.deepEqual(
      await itemsOf(
        `${header}Cup,cup,Home > Cups,Mugs,TRUE,Active,s1,5.00,3,DENY,https://x.example/1.jpg\n,cup,,,,,s2,6.00,0,CONTINUE,\n` +
          ',cup,,,,,,,,,https://x.example/2.jpg\nJug,jug,,Jugs,FALSE,Draft,s3,9.00,0,DENY,\n',
      ),
      [
        'shopify',
        [
          ['s1', 'Cup', 'Cups', 500, true, true],
          ['s2', 'Cup', 'Cups', 600, true, true],
          ['s3', 'Jug', 'Jugs', 900, false, false],
        ],
      ],
    );
  });

  test("WooCommerce's products in German and French, with decimal commas", async () => {
    const german =
      'ID,Typ,Artikelnummer,Name,Veröffentlicht,"Sichtbarkeit im Katalog","Vorrätig?",Angebotspreis,"Regulärer Preis",Kategorien,Bilder\n' +
      '1,simple,s1,Tasse,1,visible,1,,"19,90","Haus > Tassen, Neu",\n2,simple,s2,Krug,0,visible,0,"8,50","9,90",Haus,\n';
    assert.deepEqual(await itemsOf(german), [
      'woocommerce',
      [
        ['s1', 'Tasse', 'Tassen', 1990, true, true],
        ['s2', 'Krug', 'Haus', 850, false, false],
      ],
    ]);
    const french =
      'ID,Type,UGS,Nom,Publié,"Visibilité dans le catalogue","En stock ?","Tarif promo","Tarif régulier",Catégories,Images\n' +
      '1,variable,,Tasse,1,visible,1,,,Maison,\n2,variation,s1,Tasse - L,1,visible,backorder,,"9,90",,\n';
    assert.deepEqual(await itemsOf(french), ['woocommerce', [['s1', 'Tasse - L', null, 990, true, true]]]);
  });

  test("Magento's text of a store view takes nothing from its product; BigCommerce's newer export", async () => {
    assert.deepEqual(
      await itemsOf(
        'sku,store_view_code,attribute_set_code,product_type,categories,name,price,product_online,visibility,is_in_stock\n' +
          's1,,Default,simple,Default Category/Bags,Bag,34.0000,1,"Catalog, Search",1\ns1,german,,,,Tasche,,,,\n',
      ),
      ['magento', [['s1', 'Bag', 'Bags', 3400, true, true]]],
    );
    assert.deepEqual(
      await itemsOf(
        'Item,ID,Name,SKU,Inventory Tracking,Current Stock,Price,Sale Price,Categories,Is Visible\n' +
          'Product,1,Cup,s1,product,5,4.50,0,Home/Cups;Sale,TRUE\nImage,9,,,,,,,,\nProduct,2,Jug,s2,none,0,9.00,8.00,Home,FALSE\n',
      ),
      [
        'bigcommerce',
        [
          ['s1', 'Cup', 'Cups', 450, true, true],
          ['s2', 'Jug', 'Home', 800, true, false],
        ],
      ],
    );
  });

  test('Matomo: each product of an order within a visit is a purchase, of a cart that was left a cart', async () => {
    const [cup, jug] = [
      { itemSKU: 's1', itemName: 'Cup', price: 4.5, quantity: 2 },
      { itemSKU: 's2', itemName: 'Jug', price: 9, quantity: 1 },
    ];
    const visit = {
      idVisit: 7,
      visitorId: 'v1',
      actionDetails: [
        { type: 'action', timestamp: 1735725600 },
        { type: 'action', timestamp: 1735725610, productViewSku: 's1' },
        { type: 'ecommerceAbandonedCart', timestamp: 1735725615, itemDetails: [jug] },
        { type: 'ecommerceOrder', orderId: 'o1', timestamp: 1735725620, itemDetails: [cup, jug] },
      ],
    };
    const { preview, mapping } = await read(JSON.stringify([visit]), {}, 'json');
    assert.deepEqual(
      preview.interactions.map(({ item, weight, quantity, value, order }) => [item, weight, quantity, value, order]),
      [
        ['s1', 0.1, null, null, null],
        ['s2', 0.3, 1, 9, null],
        ['s1', 1, 2, 9, 'o1'],
        ['s2', 1, 1, 9, 'o1'],
      ],
    );
    assert.deepEqual(mapping.interactions!.rows.ignored, { 'action without a product': 1 });
  });

  test("Segment's tables in a warehouse: who is not known goes by the anonymous id", async () => {
    const { preview, mapping } = await read(
      'id,anonymous_id,user_id,event,event_text,product_id,original_timestamp,timestamp\n' +
        '1,a1,,product_viewed,Product Viewed,p1,2025-01-01 10:00:00 UTC,2025-01-01 10:00:00.123 UTC\n' +
        '2,a1,u1,product_added,Product Added,p1,2025-01-01 10:00:00 UTC,2025-01-01 10:01:00.123 UTC\n',
    );
    assert.equal(mapping.interactions!.form, 'segment');
    assert.deepEqual(
      preview.interactions.map(({ user, weight }) => [user, weight]),
      [
        ['a1', 0.1],
        ['u1', 0.3],
      ],
    );
  });
});

test('months are read by their names in other languages, and by what databases write', async () => {
  const written = [
    ...['3. März 2024', '1er août 2024', '2 de enero de 2024', '12 dic 2024 10:00', '2024-Jan-02'],
    ...['02-JAN-24 03.04.05.000000 PM', 'Jan 2 2024 3:04:05:123PM'],
  ];
  const rows = written.map((time, at) => `u${at};i;${time}\n`);
  assert.deepEqual(times(await read(`user_id;item_id;timestamp\n${rows.join('')}`)), [
    ...['2024-03-03 00:00:00', '2024-08-01 00:00:00', '2024-01-02 00:00:00', '2024-12-12 10:00:00'],
    ...['2024-01-02 00:00:00', '2024-01-02 15:04:05', '2024-01-02 15:04:05'],
  ]);
});

test('prices are read with signs of several letters, and with blanks that do not break', async () => {
  const priced = async (...prices: string[]) => {
    const rows = prices.map((price, at) => `u${at};i;170000000${at};${price}\n`);
    const { preview, currency } = await read(`user_id;item_id;timestamp;price\n${rows.join('')}`);
    return [currency.code, ...preview.interactions.map(({ value }) => value)];
  };
  assert.deepEqual(await priced('R$ 1.234,50', 'R$ 9,90'), ['BRL', 1234.5, 9.9]);
  assert.deepEqual(await priced('1\u202f234,50\u00a0€', '12,00\u00a0€'), ['EUR', 1234.5, 12]);
  assert.deepEqual(await priced('CA$12.50', '¥1,200', 'CA$3'), ['CAD', 12.5, 1200, 3]);
});

test('a condition of --where asks the row alone', async () => {
  const text = 'user_id,item_id,timestamp\nann,x,1700000000\n';
  for (const [where, message] of [
    ["current_setting('home_directory') = ''", /may not use current_setting/],
    ["read_text('/etc/passwd') = ''", /may not use read_text/],
    ["nothing_such(user_id) = ''", /no condition: Catalog Error/],
    ['user_id IN (SELECT 1)', /may not hold a query/],
  ] as const)
    await assert.rejects(read(text, { where }), { code: 'bad-input', message });
  assert.equal((await read(text, { where: "user_id = 'ann' AND item_id ILIKE 'X'" })).rows, 1);
});
