import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InspectedUpload } from '@duet/datasets';
import { columnOf, nameFor, tablesOf, withColumn } from './order.ts';

const order = { settings: {}, tables: {} };
const found = { items: { columns: { price: 'Cost' } } } as unknown as Parameters<typeof columnOf>[1];
const file = (about: Partial<InspectedUpload>) =>
  ({ id: 'a', name: 'orders.csv.gz', size: 1, received: 1, columns: [], ...about }) satisfies InspectedUpload;

test('a menu shows the column that was found until another, or none, is chosen', () => {
  assert.equal(columnOf(order, found, 'items', 'price'), 'Cost');
  const none = withColumn(order, 'items', 'price', null);
  assert.deepEqual([columnOf(none, found, 'items', 'price'), none.settings.itemColumns], ['', { price: null }]);
  const back = withColumn(none, 'items', 'price', undefined);
  assert.deepEqual([columnOf(back, found, 'items', 'price'), back.settings.itemColumns], ['Cost', {}]);
});

test('a file holds what it was recognised as until somebody says otherwise', () => {
  const files = [file({ id: 'a', table: 'items' }), file({ id: 'b' })];
  assert.deepEqual(tablesOf(files, { a: 'users' }), { a: 'users', b: 'none' });
});

test('a dataset is named after its form, else its first file', () => {
  assert.equal(nameFor([file({}), file({ form: 'shopify' })]), 'shopify');
  assert.equal(nameFor([file({})]), 'orders');
});
