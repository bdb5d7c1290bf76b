import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { createTestDatabase } from '@duet/db/testing';
import type { EventInput } from '../events/event-schema.ts';
import { openEventSink } from '../events/event-writer.ts';
import { logEvents } from '../events/log-events.ts';
import { startExperiment, stopExperiment } from '../lifecycle/lifecycle.ts';
import { createExperiment } from '../plan/experiment.ts';
import { readRollup } from './read-rollup.ts';
import { dropOldEvents, purgeEvents, rollUpOpen } from './upkeep.ts';

const dayMs = 86_400_000;
const start = Date.parse('2026-03-02T00:00:00Z');
const day = (n: number) => new Date(start + n * dayMs);

test('a stopped experiment is rolled up until it closes, and its events are kept as long', async () => {
  await using db = await createTestDatabase();
  const { id: datasetId } = await db.prisma.dataset.create({ data: { name: 'shop', settings: {} } });
  const { id: modelId } = await db.prisma.model.create({ data: { datasetId, name: 'm', kind: 'dat', parameters: {} } });
  const arm = (name: string, control = false) => ({ name, modelId, weight: 0.5, control });
  const { id, arms } = await createExperiment(db, { name: 'e', datasetId, arms: [arm('a', true), arm('b')] });
  await startExperiment(db, 'e', { now: day(0) });
  const log = (type: EventInput['type'], at: Date, more: object = {}) => {
    const event = { eventId: randomUUID(), type, occurredAt: at.toISOString(), userId: 'u', itemId: 'x', ...more };
    return logEvents(openEventSink(db), [event], { now: at });
  };
  const days = async () =>
    (await db.pool.query<{ day: string }>('SELECT DISTINCT "day"::text AS "day" FROM "Event" ORDER BY 1')).rows.map(
      (row) => row.day,
    );
  await log('click', day(-40));
  await log('click', day(-20));
  await log('impression', day(1), { experimentId: id, armId: arms[0]!.id });
  assert.deepEqual(await rollUpOpen(db, { now: day(2) }), [{ experimentId: id, name: 'e', events: 1, users: 1 }]);
  await stopExperiment(db, 'e', { now: day(2) });
  await log('order', day(8), { valueMinor: 100, currency: 'GBP' });
  const ofOrder = await rollUpOpen(db, { now: day(9) });
  assert.deepEqual(ofOrder, [{ experimentId: id, name: 'e', events: 1, users: 1 }]);

  // Types that are kept for fewer days; an order is kept as long as all.
  const storefront = { keepDays: { click: 10, wish: 5 } };
  await db.prisma.dataset.update({ where: { id: datasetId }, data: { storefront, status: 'done' } });
  const ofDataset = (at: Date, type: 'click' | 'own' | 'order', name = '') =>
    db.prisma.event.create({
      data: { datasetId, day: at, occurredAt: at, eventId: randomUUID(), userId: 'v', itemId: 'x', type, name },
    });
  await ofDataset(day(1), 'click');
  await ofDataset(day(1), 'own', 'wish');
  await ofDataset(day(8), 'click');
  await ofDataset(day(8), 'order');
  const fold = () =>
    db.pool.query(`INSERT INTO "EventFold" ("datasetId", seen, through) VALUES ($1, pg_current_snapshot(), now())`, [
      datasetId,
    ]);
  assert.deepEqual(await purgeEvents(db, { now: day(12) }), [], 'the experiment needs them');

  // Long after, but nobody has rolled it up since: what it needs stays, from 28 days before its start.
  assert.deepEqual(await dropOldEvents(db, { now: day(200) }), ['2026-01-21']);
  assert.deepEqual(await days(), ['2026-02-10', '2026-03-03', '2026-03-10']);

  // Its windows, 7 days for orders and 2 for late events, are over on day 11.
  assert.equal((await rollUpOpen(db, { now: day(200) })).length, 1);
  assert.deepEqual(await rollUpOpen(db, { now: day(200) }), [], 'it is closed');
  assert.deepEqual(await purgeEvents(db, { now: day(12) }), [], 'they are in no part yet');
  await fold();
  const purged = await purgeEvents(db, { now: day(12) });
  assert.deepEqual(purged, [
    { datasetId, type: 'wish', events: 1 },
    { datasetId, type: 'click', events: 1 },
  ]);
  assert.deepEqual(await purgeEvents(db, { now: day(12) }), []);
  assert.deepEqual(await dropOldEvents(db, { now: day(92) }), ['2026-02-10']);
  assert.deepEqual(await dropOldEvents(db, { now: day(200) }), ['2026-03-03', '2026-03-10']);
  const { sums } = (await readRollup(db, id)).total.get(arms[0]!.id)!;
  assert.deepEqual([sums.users, sums.orders, sums.gmvMinor], [1n, 1n, 100n]);
});
