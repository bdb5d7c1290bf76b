import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, describe, test } from 'node:test';
import { type ImportPreview, previewImport } from '../../import.ts';
import type { ImportRequest } from '../../request.ts';
import { knownForms } from './form.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'duet-forms-'));
after(() => rm(folder, { recursive: true }));

let places = 0;
/** Writes files into a folder of their own; returns a function that gives their paths. */
async function written(files: Record<string, string>): Promise<(name: string) => string> {
  const place = path.join(folder, String(places++));
  await mkdir(place);
  for (const [name, content] of Object.entries(files)) await writeFile(path.join(place, name), content);
  return (name) => path.join(place, name);
}

const read = (request: Partial<ImportRequest> & { interactions: string }): Promise<ImportPreview> =>
  previewImport({}, { name: 'form', ...request });
const counts = ({ rows, users, items, rejected }: ImportPreview) => [rows, users, items, rejected];
const ignored = ({ mapping }: ImportPreview) => mapping.interactions!.rows.ignored;
const forms = ({ mapping }: ImportPreview) => Object.values(mapping).map(({ form }) => form);
const item = ({ preview }: ImportPreview, id: string) => preview.items.find((one) => one.item === id)!;
const lines = (objects: unknown[]) => objects.map((one) => JSON.stringify(one)).join('\n');
/** Events beside an items file: one of each item. */
const events = (...ids: string[]) => `user_id,item_id,timestamp\n${ids.map((id) => `u,${id},1700000000`).join('\n')}`;

describe('each known form is found by its files, with the right counts', () => {
  const tested = new Set<string>(['shopify', 'google-merchant', 'ga4', 'segment', 'retailrocket']);
  const form = (name: string, run: () => Promise<void>) => {
    tested.add(name);
    return test(name, run);
  };

  form('woocommerce', async () => {
    const at = await written({
      'orders.csv':
        'Order Number,Order Status,Order Date,Customer User ID,Email (Billing),SKU,Item Name,Quantity,Item Cost,Order Currency\n' +
        '1,wc-completed,2024-01-02 10:00,7,a@x.example,s1,Cup,2,4.50,EUR\n' +
        '2,cancelled,2024-01-03 10:00,8,b@x.example,s2,Jug,1,9.00,EUR\n' +
        '3,Processing,2024-01-04 10:00,,c@x.example,s2,Jug,1,9.00,EUR\n',
      'products.csv':
        'ID,Type,SKU,Name,Published,Visibility in catalog,In stock?,Sale price,Regular price,Categories,Images\n' +
        '1,simple,s1,Cup,1,visible,1,3.50,4.50,"Home > Cups, Sale",https://x.example/1.jpg\n' +
        '2,simple,s2,Jug,-1,visible,0,,9.00,Home,\n',
    });
    const answer = await read({ interactions: at('orders.csv'), items: at('products.csv') });
    assert.deepEqual(counts(answer), [2, 2, 2, 0]);
    assert.deepEqual(ignored(answer), { 'cancelled, refunded or failed order': 1 });
    const { title, category, priceMinor, shown } = item(answer, 's1');
    assert.deepEqual([title, category, priceMinor, shown], ['Cup', 'Cups', 350, true]);
    assert.deepEqual([item(answer, 's2').shown, item(answer, 's2').inStock], [false, false]);
    const order = {
      id: 1,
      status: 'completed',
      date_created: '2024-01-02T10:00:00',
      customer_id: 0,
      billing: { email: 'a@x.example' },
    };
    const line_items = [
      { product_id: 1, sku: 's1', quantity: 1, total: '4.50', name: 'Cup' },
      { product_id: 2, sku: 's2', quantity: 1, total: '9.00', name: 'Jug' },
    ];
    const api = await written({ 'orders.json': JSON.stringify([{ ...order, line_items }], null, 2) });
    assert.deepEqual(counts(await read({ interactions: api('orders.json') })), [2, 1, 2, 0]);
  });

  form('magento', async () => {
    const at = await written({
      'sales_order_item.csv':
        'item_id,order_id,parent_item_id,created_at,product_id,sku,name,qty_ordered,price\n' +
        '1,10,,2024-01-02 10:00:00,1,s1,Cup,1.0000,4.5000\n2,10,1,2024-01-02 10:00:00,2,s1-red,Cup,1.0000,0.0000\n' +
        '3,11,,2024-01-03 10:00:00,3,s2,Jug,1.0000,9.0000\n',
      'sales_order.csv':
        'entity_id,status,customer_id,customer_email,order_currency_code\n10,complete,5,a@x.example,USD\n11,canceled,6,b@x.example,USD\n',
      'products.csv':
        'sku,attribute_set_code,product_type,categories,name,price,product_online,visibility,is_in_stock\n' +
        's1,Default,simple,"Default Category/Home,Default Category/Home/Cups",Cup,4.5,1,"Catalog, Search",1\n',
    });
    const answer = await read({ interactions: at('sales_order_item.csv'), items: at('products.csv') });
    assert.deepEqual(counts(answer), [1, 1, 1, 0]);
    assert.deepEqual(ignored(answer), { 'cancelled or closed order': 1, 'part of a configured product': 1 });
    assert.deepEqual([answer.currency.code, item(answer, 's1').category], ['USD', 'Cups']);
  });

  form('bigcommerce', async () => {
    const at = await written({
      'orders.csv':
        'Order ID,Customer ID,Customer Email,Order Date,Order Status,Product SKU,Product Name,Product Qty,Product Unit Price\n' +
        '1,7,a@x.example,03/15/2024,Completed,s1,Cup,1,4.50\n1,,,,,s2,Jug,1,9.00\n2,8,b@x.example,03/16/2024,Refunded,s1,Cup,1,4.50\n',
      'products.csv':
        'Product ID,Product Name,Product Code/SKU,Price,Category,Product Visible?,Current Stock Level\n1,Cup,s1,4.50,Home/Cups;Sale,Y,3\n2,Jug,s2,9,Home,N,0\n',
    });
    const answer = await read({ interactions: at('orders.csv'), items: at('products.csv') });
    assert.deepEqual(counts(answer), [2, 1, 2, 0]);
    assert.equal(answer.clock.first, '2024-03-15T00:00:00.000Z');
    assert.deepEqual([item(answer, 's1').category, item(answer, 's2').shown], ['Cups', false]);
  });

  test('google-merchant as XML, in RSS and in Atom', async () => {
    const fields =
      '<g:id>s1</g:id><g:title>Cup &amp; saucer</g:title><g:link>https://x.example/1</g:link><g:image_link>https://x.example/1.jpg</g:image_link>' +
      '<g:price>4.50 EUR</g:price><g:availability>in stock</g:availability><g:product_type>Home &gt; Cups</g:product_type>';
    const xmlns = 'xmlns:g="http://base.google.com/ns/1.0"';
    const at = await written({
      'rss.xml': `<?xml version="1.0"?>\n<rss version="2.0" ${xmlns}><channel><title>x</title><item>${fields}</item></channel></rss>`,
      'atom.xml': `<?xml version="1.0"?>\n<feed xmlns="http://www.w3.org/2005/Atom" ${xmlns}><entry>${fields}</entry></feed>`,
      'events.csv': events('s1'),
    });
    for (const items of [at('rss.xml'), at('atom.xml')]) {
      const answer = await read({ interactions: at('events.csv'), items });
      const { title, category, priceMinor } = item(answer, 's1');
      assert.deepEqual([title, category, priceMinor, answer.currency.code], ['Cup & saucer', 'Cups', 450, 'EUR']);
    }
  });

  form('matomo', async () => {
    const at = await written({
      'log_conversion_item.csv':
        'idsite,idvisitor,server_time,idvisit,idorder,idaction_sku,price,quantity,deleted\n' +
        '1,aa,2024-01-02 10:00:00,1,o1,11,4.50,1,0\n1,aa,2024-01-02 10:00:00,1,0,12,9,1,0\n1,bb,2024-01-02 10:00:00,2,0,12,9,1,1\n',
      'visits.json': lines([
        {
          idVisit: 1,
          visitorId: 'aa',
          actionDetails: [
            { type: 'action', timestamp: 1700000000, productViewSku: 's1' },
            { type: 'action', timestamp: 1700000009 },
          ],
        },
      ]),
    });
    const answer = await read({ interactions: at('log_conversion_item.csv') });
    assert.deepEqual(counts(answer), [2, 1, 2, 0]);
    assert.deepEqual(
      answer.events.map(({ event, weight }) => [event, weight]),
      [
        ['purchase', 1],
        ['cart', 0.3],
      ].sort(),
    );
    assert.deepEqual(counts(await read({ interactions: at('visits.json') })), [1, 1, 1, 0]);
  });

  form('movielens', async () => {
    const at = await written({
      'ratings.dat': '1::10::5::978300760\n1::20::3::978302109\n2::10::4::978301968\n',
      'movies.dat': "10::Toy Story (1995)::Animation|Children's\n20::Jumanji (1995)::Adventure\n",
      'users.dat': '1::F::1::10::48067\n2::M::56::16::70072\n',
      'u.data': '1\t10\t5\t978300760\n1\t20\t3\t978302109\n',
      'ratings.csv': 'userId,movieId,rating,timestamp\n1,10,4.0,964982703\n',
    });
    const answer = await read({ interactions: at('ratings.dat'), items: at('movies.dat'), users: at('users.dat') });
    assert.deepEqual(counts(answer), [3, 2, 2, 0]);
    assert.deepEqual(forms(answer), ['movielens', 'movielens', 'movielens']);
    assert.deepEqual([item(answer, '10').title, item(answer, '10').category], ['Toy Story (1995)', 'Animation']);
    assert.deepEqual(counts(await read({ interactions: at('u.data') })), [2, 1, 2, 0]);
    assert.deepEqual(counts(await read({ interactions: at('ratings.csv'), minRating: 4 })), [1, 1, 1, 0]);
  });

  form('recbole', async () => {
    const at = await written({
      'x.inter':
        'user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\ta\t5\t978300760\n2\tb\t3\t978302109\n',
      'x.item':
        'item_id:token\tmovie_title:token_seq\tclass:token_seq\na\tToy Story\tAnimation Comedy\nb\tJumanji\tAdventure\n',
    });
    const answer = await read({ interactions: at('x.inter'), items: at('x.item') });
    assert.deepEqual(counts(answer), [2, 2, 2, 0]);
    assert.deepEqual([item(answer, 'a').title, item(answer, 'a').category], ['Toy Story', 'Animation']);
  });

  form('amazon', async () => {
    const review = {
      reviewerID: 'u1',
      asin: 'B1',
      overall: 5,
      unixReviewTime: 1390003200,
      summary: 'Great',
      reviewText: 'x',
    };
    const at = await written({
      'reviews.json': lines([review, { ...review, reviewerID: 'u2', overall: 1 }]),
      'meta.json':
        "{'asin': 'B1', 'title': 'Kid\\'s cup', 'price': 9.99, 'imUrl': 'http://x/1.jpg', 'brand': 'C', 'categories': [['Home', 'Cups'], ['Gifts']]}",
      'meta2018.json': lines([
        { asin: 'B1', title: 'Cup', price: '$1,009.99', brand: 'C', category: ['Home', 'Cups'], also_buy: ['B2'] },
      ]),
      'meta2023.jsonl': lines([
        {
          parent_asin: 'B1',
          title: 'Cup',
          main_category: 'Home',
          price: 9.99,
          categories: ['Home', 'Cups'],
          images: [{ large: 'http://x/1.jpg' }],
        },
      ]),
    });
    for (const [meta, price] of [
      ['meta.json', 999],
      ['meta2018.json', 100_999],
      ['meta2023.jsonl', 999],
    ] as const) {
      const answer = await read({ interactions: at('reviews.json'), items: at(meta) });
      assert.deepEqual(counts(answer), [2, 2, 1, 0], meta);
      assert.deepEqual([item(answer, 'B1').category, item(answer, 'B1').priceMinor], ['Cups', price], meta);
    }
  });

  test('the properties of RetailRocket complete each other', async () => {
    const at = await written({
      'events.csv':
        'timestamp,visitorid,event,itemid,transactionid\n1433221332117,1,view,10,\n1433221332118,1,transaction,10,5\n',
      'item_properties.csv':
        'timestamp,itemid,property,value\n1435460400000,10,categoryid,1338\n1435460400001,10,888,x\n1435460400002,10,available,0\n',
    });
    const answer = await read({ interactions: at('events.csv'), items: at('item_properties.csv') });
    assert.deepEqual([item(answer, '10').category, item(answer, '10').inStock], ['1338', false]);
  });

  form('rees46', async () => {
    const at = await written({
      'events.csv':
        'event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n' +
        '2019-10-01 00:00:00 UTC,view,1,2103,appliances.kitchen,x,35.79,5,s\n2019-10-01 00:00:01 UTC,purchase,1,2103,appliances.kitchen,x,35.79,5,s\n' +
        '2019-10-01 00:00:02 UTC,remove_from_cart,2,2103,,x,35.79,5,s\n',
    });
    const answer = await read({ interactions: at('events.csv') });
    assert.deepEqual(counts(answer), [2, 1, 1, 0]);
    assert.deepEqual([answer.clock.first, item(answer, '1').category], ['2019-10-01T00:00:00.000Z', 'kitchen']);
  });

  form('hm', async () => {
    const at = await written({
      'transactions_train.csv':
        't_dat,customer_id,article_id,price,sales_channel_id\n2018-09-20,c1,0663713001,0.050830,2\n',
      'articles.csv':
        'article_id,prod_name,product_type_name,product_group_name,index_group_name,detail_desc\n0663713001,Strap top,Vest top,Garment Upper body,Ladieswear,x\n',
      'customers.csv': 'customer_id,club_member_status,age\nc1,ACTIVE,49\n',
    });
    const answer = await read({
      interactions: at('transactions_train.csv'),
      items: at('articles.csv'),
      users: at('customers.csv'),
    });
    assert.deepEqual(counts(answer), [1, 1, 1, 0]);
    assert.deepEqual([item(answer, '0663713001').category, forms(answer)], ['Vest top', ['hm', 'hm', 'hm']]);
  });

  form('instacart', async () => {
    const at = await written({
      'order_products__prior.csv': 'order_id,product_id,add_to_cart_order,reordered\n1,10,1,0\n1,20,2,0\n2,10,1,1\n',
      'orders.csv': 'order_id,user_id,eval_set,order_number,order_dow\n1,7,prior,1,2\n2,7,prior,2,3\n',
      'products.csv': 'product_id,product_name,aisle_id,department_id\n10,Milk,1,1\n20,Bread,2,1\n',
      'aisles.csv': 'aisle_id,aisle\n1,dairy\n2,bakery\n',
      'departments.csv': 'department_id,department\n1,food\n',
    });
    const answer = await read({ interactions: at('order_products__prior.csv'), items: at('products.csv') });
    assert.deepEqual([counts(answer), answer.clock.kind], [[3, 1, 2, 0], 'position']);
    assert.equal(item(answer, '10').category, 'dairy');
    const whole = await read({ interactions: path.dirname(at('orders.csv')) });
    assert.deepEqual([counts(whole), item(whole, '20').title], [[3, 1, 2, 0], 'Bread']);
  });

  form('olist', async () => {
    const at = await written({
      'olist_order_items_dataset.csv':
        'order_id,order_item_id,product_id,seller_id,shipping_limit_date,price\no1,1,p1,s,2017-09-19 09:45:35,58.90\no2,1,p1,s,2017-09-19 09:45:35,58.90\n',
      'olist_orders_dataset.csv':
        'order_id,customer_id,order_status,order_purchase_timestamp\no1,c1,delivered,2017-09-13 08:59:02\no2,c2,canceled,2017-09-13 08:59:02\n',
      'olist_customers_dataset.csv': 'customer_id,customer_unique_id\nc1,u1\nc2,u1\n',
      'olist_products_dataset.csv': 'product_id,product_category_name,product_weight_g\np1,cool_stuff,650\n',
      'product_category_name_translation.csv':
        'product_category_name,product_category_name_english\ncool_stuff,cool stuff\n',
    });
    const answer = await read({
      interactions: at('olist_order_items_dataset.csv'),
      items: at('olist_products_dataset.csv'),
    });
    assert.deepEqual(counts(answer), [1, 1, 1, 0]);
    assert.deepEqual([answer.currency.code, item(answer, 'p1').category], ['BRL', 'cool stuff']);
    assert.equal(answer.clock.first, '2017-09-13T08:59:02.000Z');
  });

  form('gorse', async () => {
    const at = await written({
      'feedback.csv':
        'feedback_type,user_id,item_id,time_stamp\nread,u1,i1,2024-01-02 10:00:00\nstar,u1,i2,2024-01-03 10:00:00\n',
      'items.jsonl': lines([
        { ItemId: 'i1', IsHidden: false, Categories: ['a'], Comment: 'One' },
        { ItemId: 'i2', IsHidden: true, Categories: [], Comment: 'Two' },
      ]),
    });
    const answer = await read({ interactions: at('feedback.csv'), items: at('items.jsonl') });
    assert.deepEqual(counts(answer), [2, 1, 2, 0]);
    assert.deepEqual([item(answer, 'i1').title, item(answer, 'i2').shown], ['One', false]);
  });

  test('no form is without a test', () => {
    assert.deepEqual(
      knownForms()
        .map(({ name }) => name)
        .sort(),
      [...tested].sort(),
    );
  });
});

test('a shop adds a form of its own, as one file', async () => {
  const at = await written({
    'mine.json': JSON.stringify({
      name: 'till',
      about: 'Our tills',
      files: [
        {
          table: 'interactions',
          has: ['Kunde', 'Artikel'],
          columns: { user: 'Kunde', item: 'Artikel', time: 'Datum', event: '=lower(Art)' },
          events: { kauf: 1, ansicht: 0.2 },
          ignore: [{ when: "Kunde = 'Test'", reason: 'test till' }],
        },
      ],
    }),
    'till.csv': 'Kunde;Artikel;Datum;Art\nA;x;31.12.2023;Kauf\nTest;x;31.12.2023;Kauf\nB;y;30.12.2023;Ansicht\n',
  });
  const answer = await read({ interactions: at('till.csv'), as: at('mine.json') });
  assert.deepEqual([counts(answer), ignored(answer)], [[2, 2, 2, 0], { 'test till': 1 }]);
  await assert.rejects(read({ interactions: at('till.csv'), as: 'shoppify' }), {
    message: /no form "shoppify".*shopify/,
  });
});
