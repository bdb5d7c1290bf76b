import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ensureEventPartitions } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { listAlerts } from '../alerts/alerts.ts';
import { watchDueHealth, watchHealth } from '../alerts/watch.ts';
import { psi } from './drift-checks.ts';
import type { HealthFacts } from './facts.ts';
import { checkHealth, checks, lastHealth, lookAt } from './health.ts';
import { gini } from './recommendation-checks.ts';

const now = new Date('2026-03-10T12:00:00Z');
const usual = { last: 1000, before: [900, 1000, 1100, 1050] };
const item = (impressions: number, bought = 0, category = 'Tea') => ({ impressions, bought, category, ageDays: 100 });
const well: HealthFacts = {
  now,
  day: { impression: usual, click: usual, cart: usual, order: usual },
  twoHours: { last: 80, before: [90, 80, 85, 90] },
  faults: { events: 4000, unknown: 10, repeated: 3, clock: 5 },
  catalogue: { shown: 100, withoutTitle: 0, withoutPrice: 1, withoutCategory: 2 },
  seen: [...Array.from({ length: 90 }, () => item(10, 1)), { ...item(10), ageDays: 2 }, item(0)],
  answers: { all: 500, empty: 1, popular: 50 },
  drift: ['category', 'price', 'device'].flatMap((feature) =>
    ['a', 'b'].map((value) => ({ feature, value, last: 500, before: 2000 })),
  ),
  deployed: [{ name: 'nightly', schedule: '0 3 * * *', timeZone: 'UTC', trainedAt: new Date('2026-03-10T03:00:00Z') }],
  lastEvent: now,
  unfoldedSince: new Date('2026-03-10T03:00:00Z'),
};
const found = (facts: Partial<HealthFacts>) =>
  lookAt({ ...well, ...facts }).flatMap(({ name, state, remedy }) => {
    assert.equal(remedy === '', state === 'ok', `${name} has a remedy where it is not well`);
    return state === 'ok' ? [] : [`${name} ${state}`];
  });

describe('the checks', () => {
  test('find nothing where all is as usual, nor where there is nothing to look at', () => {
    assert.deepEqual(found({}), []);
    const none = { last: 0, before: [0, 0, 0, 0] };
    assert.deepEqual(
      found({
        ...{ day: { impression: none, click: none, cart: none, order: none }, twoHours: none, seen: [], drift: [] },
        ...{ faults: { events: 0, unknown: 0, repeated: 0, clock: 0 }, answers: { all: 0, empty: 0, popular: 0 } },
        ...{ catalogue: { shown: 0, withoutTitle: 0, withoutPrice: 0, withoutCategory: 0 } },
        ...{ lastEvent: null, unfoldedSince: null },
      }),
      [],
    );
  });

  const claims: [string, Partial<HealthFacts>, string[]][] = [
    ['events that have stopped', { twoHours: { last: 0, before: [90, 80, 85, 90] } }, ['data-stopped fail']],
    ['half of the usual clicks', { day: { ...well.day, click: { ...usual, last: 400 } } }, ['volume-click warn']],
    ['ten times the usual orders', { day: { ...well.day, order: { ...usual, last: 30_000 } } }, ['volume-order fail']],
    ['events of items that nobody knows', { faults: { ...well.faults, unknown: 2000 } }, ['unknown-items fail']],
    ['a storefront whose clock is wrong', { faults: { ...well.faults, clock: 400 } }, ['clock warn']],
    ['items without prices', { catalogue: { ...well.catalogue, withoutPrice: 60 } }, ['missing-prices fail']],
    [
      'one item that has nearly every place',
      { seen: [item(10_000, 50), ...Array.from({ length: 150 }, (_, i) => item(i === 0 ? 1 : 0))] },
      ['catalogue-shown fail', 'concentration fail'],
    ],
    [
      'nothing in a catalogue that few places were seen of',
      { seen: [item(50), ...Array.from({ length: 60 }, () => item(0))] },
      [],
    ],
    ['empty lists', { answers: { all: 500, empty: 100, popular: 0 } }, ['empty-answers fail']],
    ['best sellers for everybody', { answers: { all: 500, empty: 0, popular: 500 } }, ['popularity-fallbacks fail']],
    [
      'another category that is wanted',
      {
        drift: [
          { feature: 'category', value: 'a', last: 950, before: 1000 },
          { feature: 'category', value: 'b', last: 50, before: 1000 },
        ],
      },
      ['drift-category fail'],
    ],
    ['nothing that is deployed', { deployed: [] }, ['model-age warn']],
    [
      'a nightly model that is a week old',
      { deployed: [{ ...well.deployed[0]!, trainedAt: new Date('2026-02-20') }] },
      ['model-age fail'],
    ],
    ['events that never became data', { unfoldedSince: new Date('2026-03-01') }, ['fold-age fail']],
  ];
  for (const [what, facts, expected] of claims) {
    test(`find ${what}`, () => assert.deepEqual(found(facts), expected));
  }

  test('measure concentration and drift by the published formulas', () => {
    assert.equal(gini([5, 5, 5, 5]), 0);
    assert.equal(gini([0, 0, 0, 12]), 0.75); // (n − 1) / n
    const rows = [
      { last: 30, before: 50 },
      { last: 70, before: 50 },
    ];
    assert.ok(Math.abs(psi(rows) - (-0.2 * Math.log(0.6) + 0.2 * Math.log(1.4))) < 1e-12);
    assert.equal(psi([{ last: 5, before: 50 }]), 0);
  });
});

test('a dataset’s own events alone are looked at, kept, and told of when they stop', async () => {
  await using db = await createTestDatabase();
  const shop = async (name: string) =>
    (await db.prisma.dataset.create({ data: { name, settings: {}, status: 'done' } })).id;
  const [busy, quiet] = [await shop('busy'), await shop('quiet')];
  await db.prisma.item.create({ data: { datasetId: busy, externalId: 'known', title: 'Tea', priceMinor: 100 } });
  const days = ['2026-03-03', '2026-03-10'];
  await ensureEventPartitions(db, days);
  const log = (itemId: string, at: Date) =>
    db.prisma.event.create({
      data: {
        ...{ day: new Date(at.toISOString().slice(0, 10)), eventId: crypto.randomUUID(), type: 'click', userId: 'u' },
        ...{ itemId, occurredAt: at, receivedAt: at, datasetId: busy },
      },
    });
  for (let n = 0; n < 30; n++) await log('known', new Date(Date.parse('2026-03-03T11:00:00Z') + n * 1000));
  for (let n = 0; n < 3; n++)
    await log(n === 0 ? 'unknown' : 'known', new Date(Date.parse('2026-03-10T08:00:00Z') + n));

  const results = new Map((await checkHealth(db, busy, { now })).map((result) => [result.name, result]));
  assert.deepEqual(
    [...results.keys()],
    checks.map(({ name }) => name),
  );
  assert.equal(results.get('data-stopped')!.state, 'fail');
  assert.match(results.get('data-stopped')!.sentence, /since 2026-03-10 08:00 UTC, where 30 are usual/);
  assert.equal(results.get('unknown-items')!.value, 1 / 3);
  assert.deepEqual([results.get('volume-click')!.state, results.get('volume-click')!.value], ['warn', 0.1]);
  const other = (await checkHealth(db, quiet, { now })).filter(({ name }) => /^(data|volume|unknown)/.test(name));
  assert.ok(other.every(({ value }) => value === null));

  const since = async () => (await lastHealth(db, busy)).find(({ name }) => name === 'data-stopped')!.since;
  assert.deepEqual(await since(), now);
  const later = new Date(now.getTime() + 3_600_000);
  await watchHealth(db, busy, { now: later });
  await watchHealth(db, busy, { now: later });
  assert.deepEqual(await since(), now, 'since when it is so');
  const kinds = (await listAlerts(db, busy)).map(({ kind, closedAt }) => [kind, closedAt]);
  assert.deepEqual(
    kinds.filter(([kind]) => kind === 'data-stopped'),
    [['data-stopped', null]],
  );

  await log('known', later);
  const looked = async (datasetId: string) => (await lastHealth(db, datasetId))[0]!.checkedAt;
  await checkHealth(db, quiet, { now: later });
  const [soon, after] = [4, 6].map((minutes) => new Date(later.getTime() + minutes * 60_000));
  await watchDueHealth(db, { now: soon! });
  assert.deepEqual([await looked(busy), await looked(quiet)], [later, later], 'nobody’s turn');
  await watchDueHealth(db, { now: after! });
  assert.deepEqual([await looked(busy), await looked(quiet)], [after, later], 'with an open alert it is sooner');
  const [alert] = (await listAlerts(db, busy)).filter(({ kind }) => kind === 'data-stopped');
  assert.ok(alert?.closedAt, 'it is over');
  assert.deepEqual(await since(), after);
});
