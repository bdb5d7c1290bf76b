import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { importDataset, loadDisliked, loadInteractions, setStorefront, writeInteractionBatch } from '@duet/datasets';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import {
  dropOldEvents,
  type EventInput,
  type EventSink,
  identifyUser,
  logEvents,
  openEventSink,
} from '@duet/experiments';
import { dueFolds, foldAndTell } from './due.ts';
import { foldEvents } from './fold.ts';

let db: Database;
let sink: EventSink;
let folder: string;
let ctx: { db: Database; dataDir: string };
const now = new Date('2026-03-10T12:00:00Z');
before(async () => {
  db = await createTestDatabase();
  sink = openEventSink(db);
  folder = await mkdtemp(path.join(tmpdir(), 'duet-fold-'));
  ctx = { db, dataDir: path.join(folder, 'data') };
});
after(async () => {
  await db[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

let shops = 0;
async function shop(): Promise<string> {
  const interactions = path.join(folder, `shop-${shops}.csv`);
  await writeFile(interactions, 'user,item,timestamp,order_id\nann,cup,1700000000,o1\nbob,jug,1700000100,o2\n');
  return (await importDataset(ctx, { name: `shop ${shops++}`, interactions })).datasetId;
}

const event = (
  type: EventInput['type'],
  userId: string,
  itemId: string,
  more: Partial<EventInput> = {},
): EventInput => ({
  ...{ eventId: randomUUID(), type, occurredAt: '2026-03-10T11:00:00Z', userId, itemId },
  ...(type === 'order' && { valueMinor: 250, currency: 'GBP', quantity: 1, orderId: randomUUID() }),
  ...more,
});
const log = (datasetId: string, events: EventInput[], more = {}) =>
  logEvents(sink, events, { now, datasetId, ...more });

/** Every interaction of the newest snapshot as "user item weight", but for those of the import. */
async function learnt(datasetId: string): Promise<string[]> {
  const x = await loadInteractions(ctx, datasetId);
  return Array.from(x.user, (user, row) => [x.users[user], x.items[x.item[row]!], x.weight[row]?.toFixed(1)].join(' '))
    .filter((_, row) => x.time[row]! > 1_700_000_100)
    .sort();
}

const partRows = async (datasetId: string): Promise<number> => {
  const { _sum } = await db.prisma.datasetPart.aggregate({
    where: { datasetId, source: 'events' },
    _sum: { interactions: true },
  });
  return _sum.interactions ?? 0;
};

const notRoot = process.getuid?.() === 0 && process.platform === 'linux' ? false : 'only root can mount a small disk';

describe('a fold', () => {
  test('makes of events what models learn from, each type by its weight; machines and tests are left out', async () => {
    const datasetId = await shop();
    const excludedUsers = ['tester'];
    await db.prisma.experiment.create({
      data: { name: 'running', datasetId, seed: 's', status: 'running', settings: { excludedUsers } },
    });
    await log(datasetId, [
      event('impression', 'ann', 'jug'),
      event('click', 'ann', 'jug'),
      event('cart', 'ann', 'jug'),
      event('order', 'ann', 'jug', { occurredAt: '2026-03-10T11:00:01Z' }),
      event('order', 'zoe', 'cup'),
      event('click', 'bot', 'cup', { device: 'bot' }),
      event('click', 'tester', 'cup'),
      event('click', 'ann', 'no item of the catalogue'),
    ]);
    await log(datasetId, [event('order', 'made up', 'cup')], { simulated: true });
    const { events, part, snapshot } = await foldEvents(ctx, datasetId);
    assert.equal(events, 6);
    assert.deepEqual(await learnt(datasetId), ['ann jug 0.1', 'ann jug 0.3', 'ann jug 1.0', 'zoe cup 1.0']);
    const x = await loadInteractions(ctx, datasetId, snapshot);
    // Of what happened to the jug, only the order hides it.
    const jug = Array.from(x.item.keys()).filter(
      (row) => x.items[x.item[row]!] === 'jug' && x.users[x.user[row]!] === 'ann',
    );
    assert.deepEqual(
      jug.map((row) => x.hides![row]),
      [0, 0, 1],
    );
    // The impression and the click on what nobody knows are kept for whoever learns from them later.
    const row = await db.prisma.datasetPart.findUniqueOrThrow({ where: { id: part! } });
    assert.equal(row.interactions, 6);
  });

  test('takes back what a user does not want, and weighs own types as the dataset declares them', async () => {
    const datasetId = await shop();
    const eventTypes = [
      { name: 'wishlist', weight: 0.5 },
      { name: 'returned', weight: -0.2, hides: true },
    ];
    await setStorefront(db, datasetId, { eventTypes }, {});
    await log(datasetId, [
      event('dislike', 'ann', 'cup'),
      event('wishlist', 'zoe', 'jug'),
      event('returned', 'bob', 'jug'),
    ]);
    const { snapshot } = await foldEvents(ctx, datasetId);
    assert.deepEqual(await learnt(datasetId), ['zoe jug 0.5']);
    const x = await loadInteractions(ctx, datasetId, snapshot);
    // Ann bought the cup and took it back as a whole; Bob's jug still weighs more than nothing.
    assert.deepEqual(x.users.toSorted(), ['bob', 'zoe']);
    assert.deepEqual([...(await loadDisliked(ctx, datasetId, snapshot))], [['ann', ['cup']]]);
    const kinds = { '': 2, dislike: 1, wishlist: 1, returned: 1 };
    const { summary } = await db.prisma.snapshot.findUniqueOrThrow({ where: { id: snapshot } });
    assert.deepEqual((summary as { kinds: object }).kinds, kinds);
  });

  test('what somebody did before they logged in is theirs, also what was folded before', async () => {
    const datasetId = await shop();
    await log(
      datasetId,
      [event('click', 'visitor-1', 'jug', { occurredAt: new Date(Date.now() - 60_000).toISOString() })],
      { now: new Date() },
    );
    await foldEvents(ctx, datasetId);
    assert.deepEqual(await learnt(datasetId), ['visitor-1 jug 0.1']);
    const identity = { datasetId, anonymousId: 'visitor-1', userId: 'ann' };
    assert.equal((await identifyUser(db, identity)).events, 1);
    await foldEvents(ctx, datasetId);
    assert.deepEqual(await learnt(datasetId), ['ann jug 0.1']);
    // Whoever comes next under the same id is somebody else.
    await log(datasetId, [event('click', 'visitor-1', 'cup', { occurredAt: new Date().toISOString() })], {
      now: new Date(),
    });
    await foldEvents(ctx, datasetId);
    assert.deepEqual(await learnt(datasetId), ['ann jug 0.1', 'visitor-1 cup 0.1']);
  });

  test('takes every event once, also those of a transaction that was open', async () => {
    const datasetId = await shop();
    await using opened = new AsyncDisposableStack();
    const open = opened.adopt(await db.pool.connect(), (client) => client.release(true));
    await log(datasetId, [event('order', 'ann', 'jug')]);
    await open.query('BEGIN');
    await open.query(
      `INSERT INTO "Event" (day, "eventId", type, "occurredAt", "datasetId", "userId", "itemId")
       VALUES ('2026-03-10', gen_random_uuid(), 'click', '2026-03-10T10:00:00Z', $1, 'late', 'cup')`,
      [datasetId],
    );
    await log(datasetId, [event('order', 'bob', 'cup')]);
    assert.equal((await foldEvents(ctx, datasetId)).events, 2);
    await open.query('COMMIT');
    await log(datasetId, [event('order', 'cat', 'cup')]);
    assert.equal((await foldEvents(ctx, datasetId)).events, 2);
    const nothing = await foldEvents(ctx, datasetId);
    assert.deepEqual([nothing.events, nothing.part], [0, null]);
    assert.deepEqual(await learnt(datasetId), ['ann jug 1.0', 'bob cup 1.0', 'cat cup 1.0', 'late cup 0.1']);
  });

  test("counts an order once that came as an event and in the shop's export, whichever came first", async () => {
    const datasetId = await shop();
    await log(datasetId, [
      event('order', 'visitor of ann', 'cup', { orderId: 'o1' }),
      event('order', 'cat', 'cup', { orderId: 'o3' }),
    ]);
    await foldEvents(ctx, datasetId);
    const interactions = path.join(folder, 'export.csv');
    await writeFile(interactions, 'user,item,timestamp,order_id\ncat,cup,1773100000,o3\ncat,jug,1773100000,o3\n');
    const { added, duplicates } = await importDataset(ctx, { into: datasetId, interactions });
    assert.deepEqual([added, duplicates], [1, 1]);
    assert.deepEqual(await learnt(datasetId), ['cat cup 1.0', 'cat jug 1.0']);
  });

  test("takes what the shop's server sent, once, whatever is sent again", async () => {
    const datasetId = await shop();
    const bought = { userId: 'zoe', itemId: 'jug', time: '2026-03-01T10:00:00Z', orderId: 'o9' };
    await writeInteractionBatch(db, datasetId, [bought, { ...bought, itemId: 'cup', event: 'view', orderId: 'o8' }]);
    assert.equal((await foldEvents(ctx, datasetId)).events, 2);
    await writeInteractionBatch(db, datasetId, [bought]);
    assert.deepEqual(
      [(await foldEvents(ctx, datasetId)).part, await learnt(datasetId)],
      [null, ['zoe cup 0.1', 'zoe jug 1.0']],
    );
  });

  test('that is killed loses nothing and doubles nothing', async () => {
    const datasetId = await shop();
    const events = Array.from({ length: 500 }, (_, i) => event('click', `u${i % 50}`, i % 2 ? 'cup' : 'jug'));
    await log(datasetId, events);
    const child = path.join(import.meta.dirname, '../testing/fold-child.ts');
    for (const [last, rows] of [
      ['write part', 0],
      ['write items.parquet', 500],
    ] as const) {
      const run = spawn(process.execPath, [child, String(db.pool.options.connectionString), ctx.dataDir, datasetId]);
      let steps = '';
      run.stdout.on('data', (text) => {
        steps += text;
        if (steps.includes(last)) run.kill('SIGKILL');
      });
      const [, signal] = await once(run, 'close');
      assert.equal(signal, 'SIGKILL', `it was done before "${last}": ${steps}`);
      // Until its transaction's end a part is not there; from then on it is.
      assert.ok([rows, 500].includes(await partRows(datasetId)), `killed at "${last}"`);
      assert.equal((await learnt(datasetId)).length, 0);
    }
    await foldEvents(ctx, datasetId);
    assert.equal(await partRows(datasetId), 500);
    assert.equal((await learnt(datasetId)).length, 500);
  });

  test('on a full disk takes nothing and says so in an alert, and the next one takes all', {
    skip: notRoot,
  }, async () => {
    const datasetId = await shop();
    const home = path.join(ctx.dataDir, 'datasets', datasetId);
    const aside = `${home}.aside`;
    await rename(home, aside);
    await mkdir(home);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'duet-test', home]);
    try {
      await cp(aside, home, { recursive: true });
      // Ids that no compression makes small: a part of more than half a megabyte.
      const events = Array.from({ length: 20_000 }, () => event('click', randomUUID(), randomUUID()));
      await log(datasetId, events);
      const alerts = (closedAt: null | { not: null }) => db.prisma.alert.findMany({ where: { datasetId, closedAt } });
      await assert.rejects(foldAndTell(ctx, datasetId), /disk of the data folder is full/);
      const [alert] = await alerts(null);
      assert.match(alert!.sentence, /^Events could not be made data: .*disk of the data folder is full/);
      assert.equal(await partRows(datasetId), 0);
      assert.deepEqual((await readdir(home)).sort(), ['parts', 'rejected.jsonl', 'snapshots']);
      assert.equal((await readdir(path.join(home, 'parts'))).length, 1);
      execFileSync('mount', ['-o', 'remount,size=64m', home]);
      assert.equal((await foldAndTell(ctx, datasetId)).events, events.length);
      assert.equal(await partRows(datasetId), events.length);
      assert.deepEqual([(await alerts(null)).length, (await alerts({ not: null })).length], [0, 1]);
    } finally {
      execFileSync('umount', [home]);
    }
  });

  test('is due a day after the last, where something was logged; events are deleted after it', async () => {
    const datasetId = await shop();
    await db.prisma.dataset.updateMany({ where: { id: { not: datasetId } }, data: { status: 'failed' } });
    const day = 86_400_000;
    assert.deepEqual(await dueFolds(db, new Date()), []);
    await log(datasetId, [event('order', 'ann', 'jug', { occurredAt: '2026-01-05T11:00:00Z' })]);
    assert.deepEqual(
      (await dueFolds(db, new Date())).map(({ id }) => id),
      [datasetId],
    );
    const later = new Date('2026-06-01T00:00:00Z');
    const dropped = await dropOldEvents(db, { now: later });
    assert.ok(!dropped.includes('2026-01-05'), dropped.join());
    await foldEvents(ctx, datasetId);
    assert.deepEqual(await dueFolds(db, new Date(Date.now() + 2 * day)), []);
    assert.ok((await dropOldEvents(db, { now: later })).includes('2026-01-05'));
    assert.deepEqual(await learnt(datasetId), ['ann jug 1.0']);
  });
});
