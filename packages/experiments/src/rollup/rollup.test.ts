import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import fc from 'fast-check';
import type { EventInput } from '../events/event-schema.ts';
import { openEventSink } from '../events/event-writer.ts';
import { logEvents } from '../events/log-events.ts';
import { startExperiment } from '../lifecycle/lifecycle.ts';
import { layout, measures } from '../metrics/measures.ts';
import { createExperiment, type ExperimentWithArms, withArms } from '../plan/experiment.ts';
import { experimentReport } from '../report/report.ts';
import { onePass, type StoredEvent } from '../testing/one-pass.ts';
import { type RolledUp, readRollup, type Segment } from './read-rollup.ts';
import { rollUp } from './rollup.ts';
import { rollupBasis } from './rollup-basis.ts';

const start = Date.parse('2026-03-02T00:00:00Z');
const now = new Date('2026-03-20T00:00:00Z');
const at = (hours: number) => new Date(start + hours * 3_600_000).toISOString();

let db: Database;
let datasetId: string;
let modelId: string;
const categories = new Map([
  ['tea-1', 'Tea'],
  ['tea-2', 'Tea'],
  ['cup-1', 'Cups'],
]);
before(async () => {
  db = await createTestDatabase();
  const dataset = await db.prisma.dataset.create({ data: { name: 'shop', currency: 'GBP', settings: {} } });
  datasetId = dataset.id;
  const model = await db.prisma.model.create({ data: { datasetId, name: 'm', kind: 'dat', parameters: {} } });
  modelId = model.id;
  for (const name of new Set(categories.values())) {
    const category = await db.prisma.category.create({ data: { datasetId, name } });
    const externalIds = [...categories].filter(([, of]) => of === name).map(([id]) => id);
    await db.prisma.item.createMany({
      data: externalIds.map((externalId) => ({ datasetId, externalId, categoryId: category.id })),
    });
  }
});
after(() => db[Symbol.asyncDispose]());

let made = 0;
async function running(settings: object = {}, more: object = {}): Promise<ExperimentWithArms> {
  const name = `experiment ${++made}`;
  const arm = (arm: string, control = false) => ({ name: arm, modelId, weight: 0.5, control });
  const { id } = await createExperiment(db, { name, datasetId, arms: [arm('a', true), arm('b')] });
  await startExperiment(db, name, { now: new Date(start) });
  return db.prisma.experiment.update({
    where: { id },
    data: { settings, phaseStartedAt: new Date(start), ...more },
    include: withArms,
  });
}

/** What readRollup answers, in the form of the one-pass reference. */
function asOnePass({ usersInTwoArms, excludedUsers, lateEvents, days }: RolledUp) {
  const plain = ({ sums, product }: RolledUp['total'] extends Map<string, infer S> ? S : never) => ({
    users: Number(sums.users),
    sums: Object.fromEntries(measures.map((m) => [m, Number(sums[m])])),
    products: layout.pairs.map(([a, b]) => Number(product(a, b))),
  });
  const ofDays = days.map(({ day, arms }) => [day, Object.fromEntries([...arms].map(([id, s]) => [id, plain(s)]))]);
  return { usersInTwoArms, excludedUsers, lateEvents, days: Object.fromEntries(ofDays) };
}

/** Compares at every day that the rollup has a row for, and holds the last one to everything. */
async function holdsTo(experiment: ExperimentWithArms, events: readonly StoredEvent[], segment?: Segment) {
  const basis = (await rollupBasis(db, experiment.id))!;
  const expected = onePass(basis, events, (item) => categories.get(item ?? ''), segment);
  const actual = asOnePass(await readRollup(db, experiment.id, segment ? { segment } : {}));
  const last = Object.keys(expected.days).at(-1);
  const lastActual = Object.keys(actual.days).at(-1);
  if (segment === undefined) {
    assert.deepEqual(
      [actual.usersInTwoArms, actual.excludedUsers, actual.lateEvents],
      [expected.usersInTwoArms, expected.excludedUsers, expected.lateEvents],
    );
  }
  for (const [day, arms] of Object.entries(actual.days)) assert.deepEqual(arms, expected.days[day], day);
  const end = lastActual === undefined ? {} : actual.days[lastActual]!;
  if (last !== undefined) assert.deepEqual(end, expected.days[last]);
}

const armOf = ({ arms }: ExperimentWithArms, place: number) => arms.find(({ position }) => position === place)!.id;

describe('a rollup', () => {
  const event = fc.record({
    type: fc.constantFrom('impression', 'impression', 'impression', 'click', 'click', 'cart', 'order', 'refund'),
    user: fc.constantFrom('ann', 'ann', 'ann', 'bob', 'cid', 'eve'),
    item: fc.constantFrom('tea-1', 'tea-1', 'tea-1', 'tea-2', 'cup-1', 'none'),
    arm: fc.constantFrom(0, 0, 0, 0, 1),
    // Few moments, so that many events lie at the edges of the windows.
    hour: fc.constantFrom(-30, -1, 0, 3, 5, 6, 20, 24, 27, 29, 30, 44, 48, 60, 72, 150, 200),
    delayHours: fc.constantFrom(0, 0, 0, 0, 0, 1, 48, 49),
    order: fc.constantFrom('o-1', 'o-2', undefined),
    value: fc.integer({ min: 0, max: 5000 }),
    other: fc.constantFrom(...new Array<boolean>(7).fill(false), true),
    device: fc.constantFrom('phone', 'desktop', 'phone', 'desktop', 'phone', 'desktop', 'bot', undefined),
  });

  test('gives what one pass over all events gives, however they come', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(event, { minLength: 40, maxLength: 60 }),
        fc.array(fc.nat({ max: 6 }), { minLength: 60, maxLength: 60 }),
        fc.record({
          touch: fc.constantFrom('last' as const, 'first' as const),
          orderAttribution: fc.constantFrom('user' as const, 'item' as const),
          clickWindowHours: fc.constantFrom(5, 24),
          orderWindowDays: fc.constantFrom(1, 7),
        }),
        fc.record({ gmvCapMinor: fc.constantFrom(null, 4000), excludedUsers: fc.constantFrom([], ['eve']) }),
        async (raw, batches, attribution, { gmvCapMinor, excludedUsers }) => {
          const prefix = `${made}/`;
          const experiment = await running({
            attribution: { ...attribution, maxEventsPerDay: 16 },
            gmvCapMinor,
            excludedUsers: excludedUsers.map((user) => prefix + user),
          });
          const events = raw.map(({ type, user, item, arm, hour, delayHours, order, value, other, device }) => {
            // Bob alone sees more than one arm now and then; a machine is rare.
            const exposure = {
              experimentId: experiment.id,
              armId: armOf(experiment, user === 'bob' ? arm : user.length % 2),
            };
            const money = { valueMinor: value, currency: other ? 'EUR' : 'GBP', orderId: order };
            const stored: StoredEvent = {
              eventId: randomUUID(),
              type: type as EventInput['type'],
              occurredAt: at(hour),
              receivedAt: at(hour + delayHours),
              userId: prefix + user,
              itemId: item === 'none' && type !== 'impression' && money.valueMinor % 2 ? undefined : item,
              ...(type === 'impression' && !other && exposure),
              ...((type === 'order' || type === 'refund') && money),
              device: device === 'bot' && user !== 'cid' ? 'phone' : device,
            };
            if (stored.itemId === undefined && ['click', 'cart'].includes(type)) stored.itemId = item;
            return stored;
          });
          // In any order, in batches, with a rollup after some of them.
          for (const [size, batch] of Map.groupBy(events, (_, i) => batches[i]!)) {
            for (const e of batch) {
              const { receivedAt, ...sent } = e;
              const { rejected } = await logEvents(openEventSink(db), [sent], { now: new Date(receivedAt) });
              assert.deepEqual(rejected, []);
            }
            if (size % 2 === 0) await rollUp(db, experiment.id, { now, stepEvents: size === 0 ? 3 : 1000 });
          }
          await rollUp(db, experiment.id, { now, stepEvents: 10 });
          assert.deepEqual(await rollUp(db, experiment.id, { now }), { events: 0, users: 0 });
          await holdsTo(experiment, events);
          for (const segment of [
            { dimension: 'category', value: 'Tea' },
            { dimension: 'visitor', value: 'returning' },
            { dimension: 'device', value: 'phone' },
          ] as const) {
            await holdsTo(experiment, events, segment);
          }
        },
      ),
      // Smaller counterexamples would cost minutes of rollups.
      { numRuns: 12, endOnFailure: true },
    );
  });
});

test('a simulator’s events count in the simulated experiment that they carry, and nowhere else', async () => {
  const [simulated, other] = [await running({}, { simulated: true }), await running({}, { simulated: true })];
  const real = await running({ attribution: { lateHours: 1000 } });
  const week = (experiment: ExperimentWithArms): EventInput[] => {
    const shown = { experimentId: experiment.id, armId: armOf(experiment, 0) };
    const event = (type: EventInput['type'], hours: number, more: object) =>
      ({
        eventId: randomUUID(),
        type,
        occurredAt: at(hours),
        userId: 'shopper',
        itemId: 'tea-1',
        ...more,
      }) as EventInput;
    return [
      event('impression', 1, shown),
      event('click', 2, shown),
      event('order', 3, { ...shown, valueMinor: 500, currency: 'GBP' }),
    ];
  };
  for (const experiment of [simulated, other, real]) {
    const isReal = experiment === real;
    await logEvents(openEventSink(db), week(experiment), { now, simulated: !isReal });
  }
  await logEvents(openEventSink(db), week(real), { now, simulated: true });
  for (const experiment of [simulated, other, real]) {
    await rollUp(db, experiment.id, { now });
    const { sums } = (await readRollup(db, experiment.id)).total.get(armOf(experiment, 0))!;
    assert.deepEqual([sums.users, sums.impressions, sums.clicks, sums.orders, sums.gmvMinor], [1n, 1n, 1n, 1n, 500n]);
  }
});

const shownTo = (experiment: ExperimentWithArms, userId: string, hours: number, more: object = {}): EventInput => ({
  eventId: randomUUID(),
  type: 'impression',
  occurredAt: at(hours),
  userId,
  itemId: 'tea-1',
  experimentId: experiment.id,
  armId: armOf(experiment, 0),
  ...more,
});
const did = (type: EventInput['type'], userId: string, hours: number, more: object = {}): EventInput => ({
  eventId: randomUUID(),
  type,
  occurredAt: at(hours),
  userId,
  itemId: 'tea-1',
  ...(['order', 'refund'].includes(type) && { valueMinor: 500, currency: 'GBP' }),
  ...more,
});
const sumsOf = async (experiment: ExperimentWithArms) =>
  (await readRollup(db, experiment.id)).total.get(armOf(experiment, 0))?.sums;
const patient = { attribution: { lateHours: 1000 } };

describe('what a sender may get wrong', () => {
  test('an order without an exposure is stored and counts nowhere, until its exposure arrives', async () => {
    const experiment = await running(patient);
    await logEvents(openEventSink(db), [did('order', 'early', 2)], { now });
    assert.deepEqual(await rollUp(db, experiment.id, { now }), { events: 0, users: 0 });
    assert.equal(await sumsOf(experiment), undefined);
    await logEvents(openEventSink(db), [shownTo(experiment, 'early', 1)], { now });
    assert.deepEqual(await rollUp(db, experiment.id, { now }), { events: 1, users: 1 });
    assert.equal((await sumsOf(experiment))!.orders, 1n);
  });

  test('a refund without its order counts nowhere; one of an order counts whenever it comes, line by line', async () => {
    const experiment = await running(patient);
    const line = (itemId: string, valueMinor: number) => ({ orderId: 'r-1', itemId, valueMinor });
    await logEvents(
      openEventSink(db),
      [
        shownTo(experiment, 'returner', 1),
        did('order', 'returner', 2, line('tea-1', 900)),
        did('order', 'returner', 2, line('cup-1', 100)),
        did('refund', 'returner', 300, line('cup-1', 100)),
        did('refund', 'returner', 300, line('tea-2', 7000)),
        did('refund', 'returner', 4, { orderId: 'another' }),
      ],
      { now },
    );
    await rollUp(db, experiment.id, { now });
    const { gmvMinor, refundMinor, netMinor } = (await sumsOf(experiment))!;
    assert.deepEqual([gmvMinor, refundMinor, netMinor], [1000n, 100n, 900n]);
  });

  test('an event later than the window is counted as late, and as nothing else', async () => {
    const experiment = await running({ attribution: { lateHours: 10 } });
    const send = (event: EventInput, delayHours: number) =>
      logEvents(openEventSink(db), [event], { now: new Date(Date.parse(event.occurredAt) + delayHours * 3_600_000) });
    await send(shownTo(experiment, 'slow', 1), 10);
    await send(did('click', 'slow', 2), 10.01);
    await send(shownTo(experiment, 'slower', 1), 11);
    await rollUp(db, experiment.id, { now });
    const { users, clicks } = (await sumsOf(experiment))!;
    assert.deepEqual([users, clicks, (await readRollup(db, experiment.id)).lateEvents], [1n, 0n, 2]);
  });

  test('values beyond 64 bits in a product are summed all the same', async () => {
    const experiment = await running(patient);
    const valueMinor = Number.MAX_SAFE_INTEGER;
    await logEvents(openEventSink(db), [shownTo(experiment, 'tycoon', 1), did('order', 'tycoon', 2, { valueMinor })], {
      now,
    });
    await rollUp(db, experiment.id, { now });
    const { product } = (await readRollup(db, experiment.id)).total.get(armOf(experiment, 0))!;
    assert.equal(product('gmvMinor', 'gmvMinor'), BigInt(valueMinor) ** 2n);
    assert.equal(product('buyers', 'gmvMinor'), BigInt(valueMinor));
  });
});

describe('rolling up', () => {
  test('passes over no event of a transaction that commits after a later one', async () => {
    const experiment = await running(patient);
    const slow = await db.pool.connect();
    await logEvents(openEventSink(db), [shownTo(experiment, 'before', 1)], { now });
    await slow.query('BEGIN');
    await slow.query(
      `INSERT INTO "Event" ("day", "eventId", "type", "occurredAt", "receivedAt", "userId", "itemId", "experimentId", "armId")
       VALUES ('2026-03-03', $1, 'impression', '2026-03-03T01:00Z', $2, 'held up', 'tea-1', $3, $4)`,
      [randomUUID(), now, experiment.id, armOf(experiment, 0)],
    );
    await logEvents(openEventSink(db), [shownTo(experiment, 'after', 25)], { now });
    await rollUp(db, experiment.id, { now });
    assert.equal((await sumsOf(experiment))!.users, 2n, 'nothing waits for the open transaction');
    await slow.query('COMMIT');
    slow.release();
    await rollUp(db, experiment.id, { now });
    assert.equal((await sumsOf(experiment))!.users, 3n);
  });

  test('at once by several is the same as once', async () => {
    const experiment = await running(patient);
    const users = Array.from({ length: 8 }, (_, i) => `crowd-${i}`);
    await Promise.all(
      users.map(async (user) => {
        await logEvents(openEventSink(db), [shownTo(experiment, user, 1), did('click', user, 2)], { now });
        await rollUp(db, experiment.id, { now });
      }),
    );
    await rollUp(db, experiment.id, { now });
    const { users: n, clicks } = (await sumsOf(experiment))!;
    assert.deepEqual([n, clicks], [8n, 8n]);
  });

  test('begins anew in a database that was restored on a younger server', async () => {
    const experiment = await running(patient);
    await logEvents(openEventSink(db), [shownTo(experiment, 'restored', 1)], { now });
    await rollUp(db, experiment.id, { now });
    await db.pool.query(`UPDATE "Rollup" SET "seen" = '9000000000:9000000000:' WHERE "experimentId" = $1`, [
      experiment.id,
    ]);
    await db.pool.query(`UPDATE "Event" SET "ingestedIn" = '8999999999' WHERE "userId" = 'restored'`);
    await logEvents(openEventSink(db), [shownTo(experiment, 'new here', 1)], { now });
    await rollUp(db, experiment.id, { now });
    assert.equal((await sumsOf(experiment))!.users, 2n);
  });

  test('counts a new phase from nothing, and only what its users were shown since', async () => {
    const experiment = await running(patient);
    await logEvents(openEventSink(db), [shownTo(experiment, 'first phase', 1)], { now });
    await rollUp(db, experiment.id, { now });
    const phase = { phase: 2, phaseStartedAt: new Date(start + 10 * 3_600_000) };
    await db.prisma.experiment.update({ where: { id: experiment.id }, data: phase });
    await logEvents(openEventSink(db), [shownTo(experiment, 'second phase', 11)], { now });
    await rollUp(db, experiment.id, { now });
    assert.equal((await sumsOf(experiment))!.users, 1n);
  });

  test('counts for nothing what an open page still shows of an arm that its phase left out', async () => {
    const experiment = await running(patient);
    const [kept, gone] = [armOf(experiment, 0), armOf(experiment, 1)];
    const second = { phase: 2, phaseStartedAt: new Date(start + 10 * 3_600_000) };
    await db.prisma.arm.update({ where: { id: gone }, data: { weight: 0 } });
    await db.prisma.experiment.update({ where: { id: experiment.id }, data: second });
    const seen = [
      shownTo(experiment, 'stays', 11, { armId: gone }),
      shownTo(experiment, 'comes back', 11, { armId: gone }),
      shownTo(experiment, 'comes back', 12, { armId: kept }),
    ];
    await logEvents(openEventSink(db), seen, { now });
    await rollUp(db, experiment.id, { now });
    const { total, usersInTwoArms } = await readRollup(db, experiment.id);
    assert.deepEqual([usersInTwoArms, total.get(gone), total.get(kept)!.sums.users], [0, undefined, 1n]);
    assert.equal((await experimentReport(db, experiment.id, { now })).srm.warning, false);
  });
});
