import assert from 'node:assert/strict';
import { test } from 'node:test';
import { importSettings } from './import-summary.ts';

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
