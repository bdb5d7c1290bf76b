import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { silent } from '@duet/base';
import fc from 'fast-check';
import { type ImportRequest, parseImportRequest } from '../request.ts';
import { defaultLimits } from './containers/bounds.ts';
import { readFiles } from './read.ts';
import { Workspace } from './workspace/workspace.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'duet-interactions-'));
after(() => rm(folder, { recursive: true }));

interface Purchase {
  user: string;
  item: string;
  time: number;
  quantity: number;
}

function read(rows: Purchase[], request: Partial<ImportRequest>) {
  const lines = rows.map(({ user, item, time, quantity }) => `${user},${item},${time},${quantity},2\n`);
  return readText(`user,item,time,quantity,price\n${lines.join('')}`, request);
}

async function readText(text: string, request: Partial<ImportRequest> = {}) {
  const scratch = await mkdtemp(path.join(folder, 'scratch-'));
  const file = path.join(scratch, 'rows.csv');
  await writeFile(file, text);
  const settings = parseImportRequest({ name: 'x', interactions: file, ...request });
  using workspace = await Workspace.open(scratch);
  const ctx = { progress: silent, limits: defaultLimits, now: new Date(0), remote: { hosts: [], privateHosts: [] } };
  const reading = readFiles(workspace, scratch, settings, { ...ctx, stdin: process.stdin });
  const { interactions: summary, mapping } = await reading.catch((error: Error) => {
    if (/no interaction is left/.test(error.message)) return { interactions: undefined, mapping: undefined };
    throw error;
  });
  const stored = await workspace.rows(
    `SELECT u.id AS user, i.id AS item, moment AS time, quantity, value FROM interactions
     JOIN user_ids u ON u.number = user_key JOIN item_ids i ON i.number = item_key ORDER BY _row`,
  );
  return { summary, mapping, kept: stored.map(({ value, ...row }) => ({ row: row as unknown as Purchase, value })) };
}

const rows = (quantities: fc.Arbitrary<number>, maxLength: number) =>
  fc.array(
    fc.record(
      {
        user: fc.constantFrom('ann', 'bob', 'cat'),
        item: fc.constantFrom('cup', 'jug', 'mug'),
        time: fc.nat(9),
        quantity: quantities,
      },
      { noNullPrototype: true },
    ),
    { minLength: 1, maxLength },
  );

/** Cancels unit by unit: each takes one from the top of the user's stack of the item. */
function cancelNaively(all: Purchase[]) {
  const remaining = all.map((row) => ({ ...row }));
  const order = remaining.toSorted((a, b) => a.time - b.time);
  let matched = 0;
  order.forEach((row, at) => {
    if (row.quantity > 0) return;
    let left = -row.quantity;
    const earlier = order.slice(0, at).filter((other) => other.user === row.user && other.item === row.item);
    for (const purchase of earlier.reverse()) {
      while (left > 0 && purchase.quantity > 0) {
        purchase.quantity--;
        left--;
      }
    }
    if (left < -row.quantity) matched++;
  });
  return { matched, purchases: remaining.filter((row, at) => all[at]!.quantity > 0 && row.quantity > 0) };
}

test('subtracted cancellations take units off the latest earlier purchases, as if one by one', async () => {
  const quantity = fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: -5, max: -1 }));
  await fc.assert(
    fc.asyncProperty(rows(quantity, 40), async (all) => {
      const expected = cancelNaively(all);
      const { summary, kept } = await read(all, { cancellations: 'subtract' });
      if (summary === undefined) return assert.deepEqual(expected.purchases, []);
      assert.deepEqual(
        kept.map(({ row }) => row),
        expected.purchases,
      );
      for (const { row, value } of kept) assert.ok(Math.abs(Number(value) - 2 * row.quantity) < 1e-9);
      const { cancellations } = summary;
      assert.equal(cancellations.matched, expected.matched);
      assert.equal(cancellations.matched + cancellations.unmatched, all.filter((row) => row.quantity < 0).length);
      assert.equal(all.length - cancellations.rows - cancellations.purchasesRemoved, expected.purchases.length);
    }),
    { numRuns: 12 },
  );
});

test('ignored cancellations leave every purchase as it was', async () => {
  const all = [
    { user: 'ann', item: 'cup', time: 1, quantity: 3 },
    { user: 'ann', item: 'cup', time: 2, quantity: -3 },
  ];
  const { summary, kept } = await read(all, {});
  assert.deepEqual(
    kept.map(({ row }) => row),
    all.slice(0, 1),
  );
  assert.equal(summary!.cancellations.rows, 1);
});

test('the k-core is what remains when users and items with too few are removed until none is', async () => {
  await fc.assert(
    fc.asyncProperty(
      rows(fc.constant(1), 40),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 5 }),
      async (all, user, item) => {
        let expected = all;
        for (let before = -1; before !== expected.length; ) {
          before = expected.length;
          const enough = (key: 'user' | 'item', least: number) => (row: Purchase, _: number, list: Purchase[]) =>
            list.filter((other) => other[key] === row[key]).length >= least;
          expected = expected.filter(enough('item', item)).filter(enough('user', user));
        }
        const { summary, kept } = await read(all, { kCore: { user, item } });
        if (summary === undefined) return assert.deepEqual(expected, []);
        assert.deepEqual(
          kept.map(({ row }) => row),
          expected,
        );
        assert.equal(summary.kCore.removed, all.length - expected.length);
      },
    ),
    { numRuns: 12 },
  );
});

test('a row of an order that came to nothing does not count, whatever system it is of', async () => {
  const rows = ['ann,cup,1,completed', 'ann,jug,2,REFUNDED', 'bob,cup,3,Partially refunded', 'bob,mug,4,storniert'];
  const { mapping, kept } = await readText(['user,item,time,Order Status', ...rows].join('\n'));
  assert.deepEqual(
    kept.map(({ row }) => row.item),
    ['cup', 'cup'],
  );
  assert.deepEqual(mapping!.interactions.rows.ignored, { 'cancelled or refunded, says Order Status': 2 });
  const dated = await readText('user,item,time,cancelled_at\nann,cup,1,\nann,jug,2,2024-05-01\n');
  assert.equal(dated.kept.length, 1);
  // A column that somebody names means what they say.
  const event = await readText('user,item,time,status\nann,cup,1,failed\n', { columns: { event: 'status' } } as never);
  assert.equal(event.kept.length, 1);
});
