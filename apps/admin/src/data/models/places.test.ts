import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placesBeforeRules } from './places.ts';

const item = (score: number, retrievalRank: number | null, factor = 1) => ({ score, retrievalRank, factor });

test('a boosted item has its place without the boost, and an item that a pin brought in has none', () => {
  // Doubled to 0.4, the boosted one passed 0.3: it had stood behind it.
  assert.deepEqual(placesBeforeRules([item(0, null), item(0.4, 7, 2), item(0.3, 1), item(0.1, 2)]), [null, 2, 1, 3]);
});

test('equal scores keep the order in which the items were retrieved', () => {
  assert.deepEqual(placesBeforeRules([item(0.5, 9), item(0.5, 3)]), [2, 1]);
});
