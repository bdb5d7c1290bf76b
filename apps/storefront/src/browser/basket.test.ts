import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addLine, type Basket, countOf, removeLine, reprice, setQuantity, totalOf } from './basket.ts';

const line = (itemId: string, quantity = 1, priceMinor = 100) => ({
  itemId,
  title: itemId,
  category: null,
  priceMinor,
  currency: 'GBP',
  quantity,
});
const empty: Basket = { lines: [] };

test('adding an item twice makes one line of both quantities', () => {
  const basket = addLine(addLine(empty, line('a', 2)), line('a', 3));
  assert.deepEqual(
    basket.lines.map(({ itemId, quantity }) => [itemId, quantity]),
    [['a', 5]],
  );
  assert.equal(totalOf(basket), 500);
});

test('an order that was pressed is forgotten when the basket changes, and its event ids with it', () => {
  const pressed: Basket = { ...addLine(empty, line('a')), order: { orderId: 'o', placedAt: 't' } };
  for (const changed of [addLine(pressed, line('b')), setQuantity(pressed, 'a', 4), reprice(pressed, [])]) {
    assert.equal(changed.order, undefined);
    assert.notEqual(changed.lines[0]!.eventId, pressed.lines[0]!.eventId);
  }
});

test('new prices replace the old, and what is no longer sold leaves the basket', () => {
  const basket = addLine(addLine(empty, line('a')), line('b'));
  const priced = reprice(basket, [
    { itemId: 'a', priceMinor: 250 },
    { itemId: 'b', priceMinor: null },
  ]);
  assert.equal(totalOf(priced), 250);
});

test('the count is the sum of what was added, whatever the order, up to 999 of one item', () => {
  const adds = fc.array(
    fc.record({ itemId: fc.constantFrom('a', 'b', 'c'), quantity: fc.integer({ min: 1, max: 20 }) }),
  );
  fc.assert(
    fc.property(adds, (added) => {
      const basket = added.reduce((sum, { itemId, quantity }) => addLine(sum, line(itemId, quantity)), empty);
      assert.equal(
        countOf(basket),
        added.reduce((sum, { quantity }) => sum + quantity, 0),
      );
      assert.equal(new Set(basket.lines.map(({ itemId }) => itemId)).size, basket.lines.length);
      assert.equal(countOf(['a', 'b', 'c'].reduce(removeLine, basket)), 0);
    }),
  );
  assert.equal(countOf(setQuantity(addLine(empty, line('a')), 'a', 5_000)), 999);
});
