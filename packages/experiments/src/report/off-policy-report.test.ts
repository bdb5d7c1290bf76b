import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { seededRng } from '@duet/random';
import { explore } from '../assign/exploration.ts';
import type { EventInput } from '../events/event-schema.ts';
import { openEventSink } from '../events/event-writer.ts';
import { logEvents } from '../events/log-events.ts';
import { startExperiment } from '../lifecycle/lifecycle.ts';
import { createExperiment } from '../plan/experiment.ts';
import { offPolicyReport } from './off-policy-report.ts';

const start = Date.parse('2026-03-02T00:00:00Z');
const now = new Date('2026-03-03T00:00:00Z');

let db: Database;
let datasetId: string;
let modelId: string;
before(async () => {
  db = await createTestDatabase();
  datasetId = (await db.prisma.dataset.create({ data: { name: 'shop', currency: 'GBP', settings: {} } })).id;
  modelId = (await db.prisma.model.create({ data: { datasetId, name: 'm', kind: 'dat', parameters: {} } })).id;
});
after(() => db[Symbol.asyncDispose]());

async function running(name: string) {
  const arm = (name: string, control = false) => ({ name, modelId, weight: 0.5, control });
  await createExperiment(db, { name, datasetId, arms: [arm('a', true), arm('b')], settings: { exploration: 0.5 } });
  return startExperiment(db, name, { now: new Date(start) });
}

describe('another ranking’s click-through rate, from an exploring experiment', () => {
  // Ten items in the order that is shown; the judged ranking turns it round. Places are looked at less and less.
  const items = Array.from({ length: 10 }, (_, i) => `item-${i}`);
  const k = 4;
  const chance = (item: string, place: number) => (0.05 + 0.05 * items.indexOf(item)) / (1 + 0.3 * place);
  const judged = items.toReversed();
  const mean = (list: string[]) => list.slice(0, k).reduce((sum, item, place) => sum + chance(item, place), 0) / k;

  test('is held by each estimator’s interval, and the doubly robust one is the narrowest', async () => {
    const { id: experimentId, name, arms } = await running('explores');
    const rng = seededRng(3);
    const events: EventInput[] = [];
    for (let request = 0; request < 2000; request++) {
      const user = request % 1000;
      const about = {
        ...{ userId: `u${user}`, requestId: randomUUID(), experimentId, armId: arms[user % 2]!.id },
        occurredAt: new Date(start + request * 10_000).toISOString(),
      };
      for (const [position, { item: itemId, propensity }] of explore(items, k, 0.5, rng).entries()) {
        events.push({ ...about, eventId: randomUUID(), type: 'impression', itemId, position, propensity });
        if (rng() < chance(itemId, position)) events.push({ ...about, eventId: randomUUID(), type: 'click', itemId });
      }
    }
    for (let i = 0; i < events.length; i += 1000) {
      assert.deepEqual((await logEvents(openEventSink(db), events.slice(i, i + 1000), { now })).rejected, []);
    }
    const report = await offPolicyReport(db, name, async () => judged, { now });
    assert.deepEqual([report.impressions, report.users], [2000 * k, 1000]);
    const truth = mean(judged);
    // Half of the answers are in the shown order, half in a random one, where every item is as likely in every place.
    const anyItem = items.reduce((sum, item) => sum + chance(item, 0), 0) / items.length;
    const random = Array.from({ length: k }, (_, place) => anyItem / (1 + 0.3 * place)).reduce((a, b) => a + b) / k;
    const holds = ({ low, high }: { low: number | null; high: number | null }, value: number) =>
      assert.ok(low! <= value && value <= high!, `${value} outside ${low} … ${high}`);
    holds(report.shown, 0.5 * mean(items) + 0.5 * random);
    const width = ({ low, high }: { low: number | null; high: number | null }) => high! - low!;
    for (const estimate of [report.ips, report.snips, report.doublyRobust]) {
      holds(estimate, truth);
      assert.ok(width(estimate) < truth);
    }
    assert.ok(width(report.doublyRobust) < width(report.ips));
    // Equal weights of twenty: as many as there are matches.
    assert.ok(report.effectiveSampleSize > 300);
    assert.equal(report.warning, null);
    const few = await offPolicyReport(db, name, async (user) => (user.endsWith('7') ? judged : []), { now });
    assert.ok(few.effectiveSampleSize < 300);
    assert.match(few.warning!, /worth only \d+ of the judged ranking's own.*explore longer/);
    // One in twenty places has the judged item, with a weight of twenty: σ of their mean is √(19/8000).
    assert.ok(Math.abs(report.meanWeight - 1) < 5 * Math.sqrt(19 / 8000));
  });

  test('is refused where nothing was explored, with what to do', async () => {
    await running('explores nothing');
    await assert.rejects(
      offPolicyReport(db, 'explores nothing', async () => judged),
      /npx duet experiment phase --experiment "explores nothing" --set exploration=0.05/,
    );
  });
});
