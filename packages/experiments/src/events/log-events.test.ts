import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { setStorefront } from '@duet/datasets';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { createExperiment, type ExperimentWithArms } from '../plan/experiment.ts';
import type { EventInput } from './event-schema.ts';
import { type EventSink, openEventSink } from './event-writer.ts';
import { logEvents } from './log-events.ts';
import { eventCounts, eventSeries, recentEvents } from './recent-events.ts';

const now = new Date('2026-03-10T12:00:00Z');
const minutes = (n: number) => new Date(now.getTime() + n * 60_000).toISOString();

let db: Database;
let sink: EventSink;
let experiment: ExperimentWithArms;
before(async () => {
  db = await createTestDatabase();
  sink = openEventSink(db);
  const { id: datasetId } = await db.prisma.dataset.create({ data: { name: 'shop', currency: 'GBP', settings: {} } });
  const model = await db.prisma.model.create({ data: { datasetId, name: 'm', kind: 'two-tower', parameters: {} } });
  experiment = await createExperiment(db, {
    name: 'logged',
    datasetId,
    arms: [
      { name: 'a', modelId: model.id, weight: 0.5, control: true },
      { name: 'b', modelId: model.id, weight: 0.5 },
    ],
  });
});
after(() => db[Symbol.asyncDispose]());

const impression = (more: Partial<EventInput> = {}): EventInput => ({
  eventId: randomUUID(),
  type: 'impression',
  occurredAt: minutes(-1),
  userId: 'user',
  itemId: 'item',
  ...more,
});
const order = (more: Partial<EventInput> = {}): EventInput =>
  impression({ type: 'order', valueMinor: 500, currency: 'GBP', ...more });
const log = (events: EventInput[], at = now) => logEvents(sink, events, { now: at });
const stored = async () => Number((await db.pool.query('SELECT count(*) FROM "Event"')).rows[0].count);

describe('an event is stored', () => {
  test('with everything that it says', async () => {
    const event = order({
      occurredAt: '2026-03-10T11:30:00.123+01:00',
      experimentId: experiment.id,
      armId: experiment.arms[1]!.id,
      requestId: randomUUID(),
      placement: 'home',
      position: 3,
      orderId: 'o-1',
      quantity: 2,
      dwellMs: 1500,
      valueMinor: Number.MAX_SAFE_INTEGER,
      device: 'phone',
      propensity: 0.25,
    });
    assert.deepEqual(await log([event]), { accepted: 1, repeated: 0, rejected: [] });
    const { day, receivedAt, simulated, ...row } = await db.prisma.event.findFirstOrThrow({
      where: { eventId: event.eventId },
    });
    assert.deepEqual(
      { ...row, occurredAt: row.occurredAt.toISOString(), valueMinor: Number(row.valueMinor) },
      { ...event, occurredAt: '2026-03-10T10:30:00.123Z', datasetId: experiment.datasetId, name: '' },
    );
    assert.equal(day.toISOString().slice(0, 10), '2026-03-10');
    assert.deepEqual([receivedAt, simulated], [now, false]);
  });

  test('without an exposure, an item or an order id where it has none', async () => {
    const bare = { eventId: randomUUID(), type: 'order', occurredAt: minutes(0), userId: 'u' } as const;
    assert.equal((await log([{ ...bare, valueMinor: 0, currency: 'EUR' }])).accepted, 1);
  });
});

describe('an event is refused, and no other with it,', () => {
  const armId = () => experiment.arms[0]!.id;
  const cases: [claim: string, event: () => unknown, reason: RegExp][] = [
    [
      'of an unknown experiment',
      () => impression({ experimentId: randomUUID(), armId: armId() }),
      /armId: experiment .* has no arm/,
    ],
    [
      'of an unknown arm',
      () => impression({ experimentId: experiment.id, armId: randomUUID() }),
      /armId: experiment .* has no arm/,
    ],
    [
      'with an arm but no experiment',
      () => impression({ armId: armId() }),
      /experimentId: is missing: .* come together/,
    ],
    ['with an experiment but no arm', () => impression({ experimentId: experiment.id }), /armId: is missing/],
    ['from the future', () => impression({ occurredAt: minutes(10.1) }), /more than 10 minutes in the future/],
    ['older than what is kept', () => impression({ occurredAt: minutes(-90 * 1440 - 1) }), /older than the 90 days/],
    ['of negative value', () => order({ valueMinor: -1 }), /valueMinor: must not be negative/],
    ['of broken value', () => order({ valueMinor: 1.5 }), /valueMinor/],
    ['an order without value', () => order({ valueMinor: undefined }), /valueMinor: is missing/],
    ['an order without currency', () => order({ currency: undefined }), /currency: is missing/],
    [
      'in another currency than the experiment',
      () => order({ currency: 'EUR', experimentId: experiment.id, armId: armId() }),
      /currency: is EUR, but the experiment counts GBP/,
    ],
    ['of an unknown currency form', () => order({ currency: 'pounds' }), /currency: must be an ISO 4217 code/],
    ['an impression without item', () => impression({ itemId: undefined }), /itemId: is missing/],
    ['without user', () => impression({ userId: '' }), /userId: is empty/],
    ['with a NUL, which PostgreSQL cannot hold', () => impression({ userId: 'a\0b' }), /userId: holds a NUL/],
    ['of an unknown type', () => ({ ...impression(), type: 'view' }), /type/],
    ['without an id', () => impression({ eventId: 'one' }), /eventId/],
    ['at no time', () => impression({ occurredAt: 'yesterday' }), /occurredAt/],
    ['that is no event', () => null, /object/],
  ];

  test('each by its place and reason', async () => {
    const bad = cases.map(([, event]) => event() as EventInput);
    // A good one before and after every bad one.
    const batch = [impression(), ...bad.flatMap((event) => [event, impression()])];
    const { accepted, repeated, rejected } = await log(batch);
    assert.deepEqual([accepted, repeated, rejected.length], [bad.length + 1, 0, bad.length]);
    for (const [i, [claim, , reason]] of cases.entries()) {
      assert.equal(rejected[i]!.index, 2 * i + 1, claim);
      assert.match(rejected[i]!.reason, reason, claim);
    }
  });

  test('but not at the edges of what is allowed', async () => {
    const edges = [minutes(10), minutes(-90 * 1440)].map((occurredAt) => impression({ occurredAt }));
    assert.equal((await log(edges)).accepted, 2);
    const narrow = { now, skewMinutes: 1, retentionDays: 1 };
    assert.equal(
      (
        await logEvents(
          sink,
          [minutes(2), minutes(-1441)].map((occurredAt) => impression({ occurredAt })),
          narrow,
        )
      ).rejected.length,
      2,
    );
  });
});

test('an event of an own type is stored by its name where the dataset declares it, and else is told what to do', async () => {
  const { datasetId } = experiment;
  const wish = () => impression({ type: 'wishlist', dwellMs: 1500 });
  const refused = await logEvents(sink, [wish(), impression({ type: 'dislike' })], { now, datasetId });
  assert.equal(refused.accepted, 1);
  assert.match(refused.rejected[0]!.reason, /type: "wishlist" is no type that the dataset declares/);
  await setStorefront(db, datasetId, { eventTypes: [{ name: 'wishlist', weight: 0.5 }] }, {});
  const event = wish();
  assert.equal((await logEvents(sink, [event], { now, datasetId })).accepted, 1);
  const row = await db.prisma.event.findFirstOrThrow({ where: { eventId: event.eventId } });
  assert.deepEqual([row.type, row.name, row.dwellMs], ['own', 'wishlist', 1500]);
  for (const eventTypes of [
    [{ name: 'click', weight: 1 }],
    [
      { name: 'a', weight: 1 },
      { name: 'a', weight: 2 },
    ],
  ]) {
    await assert.rejects(setStorefront(db, datasetId, { eventTypes }, {}), { code: 'bad-input' });
  }
});

describe('a sender’s clock that is wrong', () => {
  const at = async (event: EventInput) =>
    (await db.prisma.event.findFirstOrThrow({ where: { eventId: event.eventId } })).occurredAt.toISOString();
  const clocks: [claim: string, ahead: number, stored: number][] = [
    ['by two years ahead', 2 * 525_600, -1],
    ['by an hour behind', -60, -1],
    ['by what the network takes, is taken as it is', -0.5, -1.5],
  ];
  for (const [claim, ahead, stored] of clocks) {
    test(claim, async () => {
      // It occurred a minute ago by their own clock.
      const event = impression({ occurredAt: minutes(ahead - 1) });
      const { accepted } = await logEvents(sink, [event], { now, sentAt: new Date(minutes(ahead)) });
      assert.deepEqual([accepted, await at(event)], [1, minutes(stored)]);
    });
  }

  test('does not let an event be from after it was sent', async () => {
    const event = impression({ occurredAt: minutes(60 + 11) });
    const { rejected } = await logEvents(sink, [event], { now, sentAt: new Date(minutes(60)) });
    assert.match(rejected[0]!.reason, /more than 10 minutes in the future/);
  });

  test('drops a repeat although the correction moved it over midnight', async () => {
    const midnight = Date.parse('2026-03-10T00:00:00Z');
    const event = impression({ occurredAt: '2026-03-09T12:00:00Z' });
    const send = (seconds: number) =>
      logEvents(sink, [event], { now: new Date(midnight + seconds * 1000), sentAt: new Date('2026-03-09T12:00:00Z') });
    assert.equal((await send(-1)).accepted, 1);
    assert.deepEqual(await send(1), { accepted: 0, repeated: 1, rejected: [] });
  });

  test('is its own affair where the sender simulates', async () => {
    const event = impression({ occurredAt: minutes(-10_000) });
    await logEvents(sink, [event], { now, sentAt: new Date(minutes(-10_000)), simulated: true });
    assert.equal(await at(event), minutes(-10_000));
  });
});

describe('an event is counted once', () => {
  test('within a batch, whatever the case of its id', async () => {
    const event = impression();
    assert.deepEqual(await log([event, event, { ...event, eventId: event.eventId.toUpperCase() }]), {
      accepted: 1,
      repeated: 2,
      rejected: [],
    });
  });

  test('when it comes again under a neighbouring day', async () => {
    const event = impression();
    const moved = { ...event, occurredAt: minutes(-1440) };
    assert.deepEqual(await log([event, moved]), { accepted: 1, repeated: 1, rejected: [] });
    assert.deepEqual(await log([moved]), { accepted: 0, repeated: 1, rejected: [] });
  });

  test('when batches with the same ids come at once, in any order', async () => {
    const events = Array.from({ length: 400 }, (_, i) => impression({ occurredAt: minutes(-i * 10) }));
    const before = await stored();
    const answers = await Promise.all(Array.from({ length: 5 }, (_, i) => log(i % 2 ? events.toReversed() : events)));
    assert.equal((await stored()) - before, events.length);
    assert.equal(
      answers.reduce((sum, { accepted }) => sum + accepted, 0),
      events.length,
    );
    assert.equal(
      answers.reduce((sum, { repeated }) => sum + repeated, 0),
      4 * events.length,
    );
  });

  test('when calls share a statement, each told its own', async () => {
    const [shared, ...own] = Array.from({ length: 21 }, () => impression());
    const answers = await Promise.all(own.map((event) => log([event, shared!])));
    assert.equal(
      answers.reduce((sum, { accepted }) => sum + accepted, 0),
      21,
    );
    for (const { accepted, repeated } of answers) assert.equal(accepted + repeated, 2);
  });

  test('and text comes back as it was, whatever it holds', async () => {
    const userId = 'a "quoted", \\back{slash}\nNULL ünï 🛒';
    const event = impression({ userId, itemId: 'NULL', placement: '{}' });
    await log([event]);
    const { userId: user, itemId, placement } = await db.prisma.event.findFirstOrThrow({ where: { userId } });
    assert.deepEqual([user, itemId, placement], [userId, 'NULL', '{}']);
  });

  test('and an empty batch is no event', async () => {
    assert.deepEqual(await log([]), { accepted: 0, repeated: 0, rejected: [] });
  });
});

test('the admin sees what arrived: latest first, by type, and over time', async () => {
  await using fresh = await createTestDatabase();
  const events = [impression(), impression(), order()];
  await logEvents(openEventSink(fresh), events, { now });
  await logEvents(openEventSink(fresh), [impression(), order()], { now, simulated: true });
  const recent = await recentEvents(fresh, { limit: 2 });
  assert.equal(recent.length, 2);
  assert.ok(recent[0]!.receivedAt >= recent[1]!.receivedAt);
  assert.deepEqual(await recentEvents(fresh, { experimentId: experiment.id }), []);

  // Moved to known times of arrival: 30 seconds, 30 minutes and 10 hours ago.
  for (const [i, ago] of [30, 1800, 36_000].entries()) {
    await fresh.pool.query(`UPDATE "Event" SET "receivedAt" = $1 WHERE "eventId" = $2`, [
      new Date(now.getTime() - ago * 1000),
      events[i]!.eventId,
    ]);
  }
  const counts = await eventCounts(fresh, { now });
  assert.deepEqual(counts.impression, { minute: 1, hour: 2, day: 2 });
  assert.deepEqual(counts.order, { minute: 0, hour: 0, day: 1 });
  assert.deepEqual(counts.click, { minute: 0, hour: 0, day: 0 });
  const series = await eventSeries(fresh, { now, steps: 60, stepSeconds: 60 });
  assert.equal(series.length, 60);
  assert.deepEqual(
    series.flatMap(({ counts }, i) => (counts.impression ? [[i, counts.impression]] : [])),
    [
      [29, 1],
      [59, 1],
    ],
  );
});
