import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { near } from '@duet/statistics/testing';
import type { EventInput } from '../events/event-schema.ts';
import { openEventSink } from '../events/event-writer.ts';
import { logEvents } from '../events/log-events.ts';
import { launchExperiment } from '../lifecycle/launch.ts';
import { createExperiment, findExperiment } from './experiment.ts';
import { parseSettings } from './experiment-settings.ts';
import { shopHistory } from './shop-history.ts';

const now = new Date('2026-03-20T00:00:00Z');
const dayMs = 86_400_000;
const users = 120;
/** User i sees ten items six days ago, clicks i mod 3 of them, and every fourth orders for (1 + i) pounds. */
const clicksOf = (i: number) => i % 3;
const spentBy = (i: number) => (i % 4 === 0 ? 100 * (1 + i) : 0);

describe('a shop’s history', () => {
  let db: Database;
  let context: { db: Database; dataDir: string };
  let datasetId: string;
  before(async () => {
    db = await createTestDatabase();
    // No file of it is anywhere: what is known of this shop are its events.
    context = { db, dataDir: '/nonexistent' };
    datasetId = (await db.prisma.dataset.create({ data: { name: 'shop', currency: 'GBP', settings: {} } })).id;
  });
  after(() => db[Symbol.asyncDispose]());

  const event = (type: EventInput['type'], user: number, more: Partial<EventInput> = {}): EventInput => ({
    ...{ eventId: randomUUID(), type, userId: `u${user}`, itemId: 'tea' },
    occurredAt: new Date(now.getTime() - 6 * dayMs).toISOString(),
    ...more,
  });
  const everybody = Array.from({ length: users }, (_, i) => i);
  const mean = (of: (user: number) => number) => everybody.reduce((sum, user) => sum + of(user), 0) / users;
  const variance = (of: (user: number) => number) =>
    everybody.reduce((sum, user) => sum + (of(user) - mean(of)) ** 2, 0) / (users - 1);

  test('is none before there are events', async () => {
    assert.deepEqual(await shopHistory(context, datasetId, { now }), { source: 'none', until: null, windows: [] });
  });

  test('is each metric’s value and the variance between users, of real shoppers and the shop’s own currency', async () => {
    const money = { currency: 'GBP' };
    const real = everybody.flatMap((user) => [
      ...Array.from({ length: 10 }, () => event('impression', user)),
      ...Array.from({ length: clicksOf(user) }, () => event('click', user)),
      ...(spentBy(user) > 0 ? [event('order', user, { ...money, valueMinor: spentBy(user) })] : []),
      event('order', user, { currency: 'EUR', valueMinor: 999_999 }),
    ]);
    // History is a week long before it counts.
    const first = event('impression', 0, { occurredAt: new Date(now.getTime() - 8 * dayMs).toISOString() });
    await logEvents(openEventSink(db), [first, ...real], { now });
    const simulated = everybody.map((user) => event('order', user, { ...money, valueMinor: 5 }));
    await logEvents(openEventSink(db), simulated, { now, simulated: true });

    const { source, until, windows } = await shopHistory(context, datasetId, { now, quantile: 0.9 });
    assert.deepEqual([source, until], ['events', now.toISOString()]);
    const week = windows.at(-1)!;
    assert.deepEqual([week.days, week.users], [7, users]);
    const { ctr, conversion, ordersPerUser, gmvPerUser } = week.metrics;
    near(ctr!.mean, mean(clicksOf) / 10);
    near(ctr!.variance, variance(clicksOf) / 100, 1e-9);
    near(gmvPerUser!.mean, mean(spentBy));
    near(gmvPerUser!.variance, variance(spentBy), 1e-9);
    const buys = (user: number) => Number(spentBy(user) > 0);
    for (const metric of [conversion, ordersPerUser]) {
      near(metric!.mean, mean(buys));
      near(metric!.variance, variance(buys), 1e-9);
    }
    // The 108th of 120, thirteenth from above, of the buyers 116, 112 … 68.
    assert.equal(week.gmvQuantileMinor, spentBy(68));
  });

  test('fixes the cap of a user’s GMV when an experiment starts', async () => {
    const model = await db.prisma.model.create({ data: { datasetId, name: 'm', kind: 'dat', parameters: {} } });
    const figures = { dimensions: 1, size: 1, bytes: 4, buildMs: 1, recallAt100: 1, p50Us: 1, p99Us: 1 };
    await db.prisma.index.create({
      data: { ...figures, modelId: model.id, factory: 'Flat', engine: 'exact', active: true },
    });
    const arms = [
      { name: 'a', modelId: model.id, weight: 0.5, control: true },
      { name: 'b', modelId: model.id, weight: 0.5 },
    ];
    const capped = { name: 'capped', datasetId, arms, settings: { gmvCapQuantile: 0.9, plannedDays: 7 } };
    await createExperiment(db, capped);
    await launchExperiment(context, 'capped', { now });
    assert.equal(parseSettings((await findExperiment(db, 'capped')).settings).gmvCapMinor, spentBy(68));
  });
});
