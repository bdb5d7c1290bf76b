import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onlineMarkdown, onlineTable } from './online-table.ts';
import { Tally } from './tally.ts';

const day = Date.parse('2026-03-02T12:00:00Z');
const dayMs = 86_400_000;
const click = { type: 'click', position: 0, afterMs: 1000 } as const;
const order = (valueMinor: number, afterMs = 2000) =>
  ({ type: 'order', position: 0, afterMs, quantity: 1, valueMinor }) as const;

function books(): Tally {
  const tally = new Tally();
  tally.add('a', 'ann', day, 10, [click, order(500)]);
  tally.add('a', 'bob', day, 10, []);
  tally.add('a', 'ann', day + dayMs, 10, [click, click]);
  tally.add('b', 'cid', day, 10, [click, click]);
  tally.add('b', 'dan', day, 20, [click, order(300), order(900, dayMs)]);
  return tally;
}
const table = onlineTable(
  books(),
  [
    { id: 'a', name: 'two-tower' },
    { id: 'b', name: 'dat' },
  ],
  'GBP',
);

test('each day has its own shoppers, clicks and orders, whenever their visit began; the last row has all', () => {
  const figures = table.rows.map(({ day, arms }) => [
    day,
    ...arms.map(({ users, impressions, clicks, gmvMinor }) => [users, impressions, clicks, gmvMinor]),
  ]);
  assert.deepEqual(figures, [
    ['2026-03-02', [2, 20, 1, 500], [2, 30, 3, 300]],
    ['2026-03-03', [1, 10, 2, 0], [1, 0, 0, 900]],
    ['all', [2, 30, 3, 500], [2, 30, 3, 1200]],
  ]);
});

test('the lift is that of ratios of sums, and a day with one shopper has none', () => {
  const [first, second, all] = table.rows;
  assert.ok(Math.abs(first!.ctrLift.value! - (3 / 30 / (1 / 20) - 1)) < 1e-12);
  assert.equal(second!.ctrLift.value, null);
  assert.ok(Math.abs(all!.gmvLift.value! - (600 / 250 - 1)) < 1e-12);
  assert.deepEqual(table.detectable, { ctr: null, gmv: null }, 'four shoppers find nothing');
});

test('the Markdown has a line a day and one for all, with what is not known as a dash', () => {
  const lines = onlineMarkdown(table).split('\n');
  assert.equal(lines.length, 2 + 3);
  assert.match(lines[2]!, /^\| 2026-03-02 \| 2 \| 2 \| 5\.00 % \| 10\.00 % \| \+100\.0 %/);
  assert.match(lines[3]!, /\| – \|/);
  assert.match(lines[4]!, /^\| \*\*all\*\* \|/);
});
