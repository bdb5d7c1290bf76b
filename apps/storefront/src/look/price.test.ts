import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPrice } from './price.ts';

test('minor units follow the currency: pence are hundredths, yen are whole', () => {
  assert.equal(formatPrice(295, 'GBP'), '£2.95');
  assert.equal(formatPrice(1_234_500, 'GBP'), '£12,345.00');
  assert.equal(formatPrice(500, 'JPY'), 'JP¥500');
  assert.equal(formatPrice(4, 'EUR'), '€0.04');
});
