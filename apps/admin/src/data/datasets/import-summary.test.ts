import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importSettings, withoutFolders } from './import-summary.ts';

test('an import’s settings name its files and never the server’s folders', () => {
  const stored = {
    name: 'shop',
    interactions: '/home/ann/files/orders.csv.gz',
    items: ['/a/b.csv', '/c.csv'],
    strict: true,
  };
  assert.deepEqual(importSettings(stored), {
    interactions: 'orders.csv.gz',
    items: ['b.csv', 'c.csv'],
    strict: true,
  });
});

test('a sentence says no folder of the server', () => {
  const sentence = 'Not used: /var/duet/uploads/x/orders.csv, /a/b.csv; https://shop.test/a/b.csv is, at 1/2/2024.';
  assert.equal(withoutFolders(sentence), 'Not used: orders.csv, b.csv; https://shop.test/a/b.csv is, at 1/2/2024.');
});
