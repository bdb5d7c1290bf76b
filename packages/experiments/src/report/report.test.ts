import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import {
  deltaRatio,
  estimateInterval,
  meanEstimate,
  momentsOf,
  proportion,
  relativeLift,
  welch,
  withVarianceFloor,
} from '@duet/statistics';
import { assignUser } from '../assign/assign-user.ts';
import type { EventInput } from '../events/event-schema.ts';
import { openEventSink } from '../events/event-writer.ts';
import { logEvents } from '../events/log-events.ts';
import { startExperiment } from '../lifecycle/lifecycle.ts';
import { assignable, createExperiment, type ExperimentWithArms } from '../plan/experiment.ts';
import { experimentReport, type ReportRequest } from './report.ts';

const start = Date.parse('2026-03-02T00:00:00Z');
const now = new Date('2026-03-20T00:00:00Z');
const hourMs = 3_600_000;
const at = (hours: number) => new Date(start + hours * hourMs).toISOString();

let db: Database;
let datasetId: string;
let models: [string, string];
before(async () => {
  db = await createTestDatabase();
  const dataset = await db.prisma.dataset.create({ data: { name: 'shop', currency: 'GBP', settings: {} } });
  datasetId = dataset.id;
  const model = (kind: string) =>
    db.prisma.model.create({ data: { datasetId, name: kind, kind, parameters: {} }, select: { id: true } });
  models = [(await model('two-tower')).id, (await model('dat')).id];
});
after(() => db[Symbol.asyncDispose]());

async function experiment(name: string, own: object = {}): Promise<ExperimentWithArms> {
  await createExperiment(db, {
    name,
    datasetId,
    arms: [
      { name: 'two-tower', modelId: models[0], weight: 0.5, control: true },
      { name: 'dat', modelId: models[1], weight: 0.5 },
    ],
  });
  // Everything is logged at once here, weeks after some of it occurred.
  const settings = { attribution: { lateHours: 24 * 30 }, ...own };
  await db.prisma.experiment.update({ where: { name }, data: { settings } });
  return startExperiment(db, name, { now: new Date(start) });
}

/** Users of one test have ids of their own: clicks and orders are attributed by user. */
function storefront({ id: experimentId, name }: ExperimentWithArms) {
  const event = (type: EventInput['type'], user: string, hours: number, more: Partial<EventInput>): EventInput => ({
    eventId: randomUUID(),
    type,
    occurredAt: at(hours),
    userId: `${name}/${user}`,
    ...more,
  });
  return {
    impression: (user: string, hours: number, itemId: string, armId: string) =>
      event('impression', user, hours, { itemId, experimentId, armId }),
    click: (user: string, hours: number, itemId: string) => event('click', user, hours, { itemId }),
    order: (user: string, hours: number, valueMinor: number, more: Partial<EventInput> = {}) =>
      event('order', user, hours, { valueMinor, currency: 'GBP', ...more }),
  };
}

const log = async (events: EventInput[]) => {
  const answer = await logEvents(openEventSink(db), events, { now });
  assert.deepEqual(answer.rejected, []);
  return answer;
};

/** A repeatable stream of numbers in [0, 1): mulberry32. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const report = (of: Database, name: string, options: ReportRequest = {}) =>
  experimentReport(of, name, { now, ...options });

function near(actual: number | null, expected: number | null) {
  if (expected === null) assert.equal(actual, null);
  else
    assert.ok(
      actual !== null && Math.abs(actual - expected) <= 1e-9 * Math.abs(expected),
      `${actual}, not ${expected}`,
    );
}

describe('a generated week', () => {
  interface Shopper {
    impressions: number;
    clicks: number;
    orders: number;
    gmvMinor: number;
  }

  let running: ExperimentWithArms;
  const events: EventInput[] = [];
  const shoppers: Shopper[][] = [[], []];

  before(async () => {
    running = await experiment('week');
    const shop = storefront(running);
    const random = uniform(7);
    const whole = (n: number) => Math.floor(random() * n);
    for (let u = 0; u < 600; u++) {
      const user = `user-${u}`;
      const { arm } = assignUser([assignable(running)], { userId: `week/${user}` })!;
      const shopper = { impressions: 0, clicks: 0, orders: 0, gmvMinor: 0 };
      // Items of one user are all different, so that every click has one exposure to belong to.
      for (let visit = 0; visit < 1 + whole(3); visit++) {
        const hour = visit * 40 + whole(30);
        for (let i = 0; i < 1 + whole(8); i++) {
          const item = `item-${visit}-${i}`;
          events.push(shop.impression(user, hour, item, arm.id));
          shopper.impressions++;
          if (random() < (arm.control ? 0.1 : 0.2)) {
            events.push(shop.click(user, hour + random() * 23, item));
            shopper.clicks++;
          }
          if (random() < 0.05) events.push(shop.click(user, hour + 24.01 + whole(100), item)); // too late
        }
        if (random() < 0.3) {
          const orderId = `${user}-${visit}`;
          for (let line = 0; line < 1 + whole(3); line++) {
            const value = Math.round(1000 * Math.exp(3 * random()));
            events.push(shop.order(user, hour + 1, value, { orderId, itemId: `item-${line}` }));
            shopper.gmvMinor += value;
          }
          shopper.orders++;
        }
      }
      shoppers[arm.position]!.push(shopper);
    }
    // None of these is anybody's: bought before the first exposure, bought too late, never exposed, refunded.
    events.push(shop.order('user-0', -1, 99_999), shop.order('user-1', 24 * 16, 99_999));
    events.push(shop.order('stranger', 5, 99_999), shop.click('stranger', 5, 'item-0-0'));
    events.push({ ...shop.order('user-2', 50, 99_999), type: 'refund' });
    // Out of order, in batches of 100.
    events.sort((a, b) => (a.eventId < b.eventId ? -1 : 1));
    for (let i = 0; i < events.length; i += 100) await log(events.slice(i, i + 100));
  });

  test('counts exactly what was generated', async () => {
    const { arms, usersInTwoArms } = await report(db, 'week');
    assert.equal(usersInTwoArms, 0);
    for (const [position, arm] of arms.entries()) {
      const sum = (of: (shopper: Shopper) => number) => shoppers[position]!.reduce((total, s) => total + of(s), 0);
      const { users, impressions, clicks, orders, gmvMinor } = arm;
      assert.deepEqual(
        { users, impressions, clicks, orders, gmvMinor },
        {
          users: shoppers[position]!.length,
          impressions: sum((s) => s.impressions),
          clicks: sum((s) => s.clicks),
          orders: sum((s) => s.orders),
          gmvMinor: sum((s) => s.gmvMinor),
        },
      );
    }
  });

  test('estimates what the users’ own values give', async () => {
    const { arms, srm, conclusion } = await report(db, running.id);
    const values = (arm: number, of: (shopper: Shopper) => number) => shoppers[arm]!.map(of);
    const estimates = [0, 1].map((arm) => {
      const mean = (of: (shopper: Shopper) => number) => {
        const { n, meanX, varianceX } = momentsOf(values(arm, of), values(arm, of));
        return meanEstimate({ n, mean: meanX, variance: varianceX })!;
      };
      return {
        ctr: deltaRatio(
          momentsOf(
            values(arm, (s) => s.clicks),
            values(arm, (s) => s.impressions),
          ),
        )!,
        gmvPerUser: mean((s) => s.gmvMinor),
        ordersPerUser: mean((s) => s.orders),
        conversion: mean((s) => Math.min(1, s.orders)),
      };
    });
    for (const key of ['ctr', 'gmvPerUser', 'ordersPerUser', 'conversion'] as const) {
      const [control, treatment] = [estimates[0]![key], estimates[1]![key]];
      for (const [arm, estimate] of [control, treatment].entries()) {
        const buyers = shoppers[arm]!.filter((s) => s.orders > 0).length;
        const expected = key === 'conversion' ? proportion(buyers, estimate.n) : estimateInterval(estimate);
        for (const limit of ['value', 'low', 'high'] as const) near(arms[arm]!.metrics[key][limit], expected[limit]);
      }
      const floored = withVarianceFloor(control, treatment);
      const test = welch(...floored);
      const lift = arms[1]!.lift![key];
      near(lift.p, test.p);
      for (const limit of ['value', 'low', 'high'] as const) {
        near(lift.absolute[limit], test[limit]);
        near(lift.relative[limit], relativeLift(...floored)[limit]);
      }
    }
    assert.equal(arms[0]!.lift, null);
    assert.deepEqual(srm.observed, [shoppers[0]!.length, shoppers[1]!.length]);
    assert.match(conclusion, /^dat raises the click-through rate by \d/);
    assert.match(conclusion, /confidence sequence holds at every look/);
  });

  test('has days that sum to the whole, each with the users who entered on it', async () => {
    const { arms, days } = await report(db, 'week');
    for (const arm of arms) {
      const armDays = days.filter(({ armId }) => armId === arm.id);
      for (const key of ['users', 'impressions', 'clicks', 'orders', 'gmvMinor'] as const) {
        assert.equal(
          armDays.reduce((sum, day) => sum + day[key], 0),
          arm[key],
        );
      }
      const sorted = (list: string[]) => list.sort();
      const entered = Map.groupBy(
        events.filter((e) => e.armId === arm.id).sort((a, b) => (a.occurredAt < b.occurredAt ? -1 : 1)),
        (e) => e.userId,
      );
      const firstDays = [...entered.values()].map(([first]) => first!.occurredAt.slice(0, 10));
      assert.deepEqual(
        sorted(armDays.flatMap(({ day, users }) => new Array<string>(users).fill(day))),
        sorted(firstDays),
      );
    }
  });

  test('does not change when every event is sent again', async () => {
    const reported = await report(db, 'week');
    for (let i = 0; i < events.length; i += 1000) {
      const batch = events.slice(i, i + 1000);
      assert.deepEqual(await log(batch), { accepted: 0, repeated: batch.length, rejected: [] });
    }
    assert.deepEqual(await report(db, 'week'), reported);
  });
});

describe('attribution', () => {
  test('leaves out and counts a user who saw two arms', async () => {
    const running = await experiment('two-arms');
    const shop = storefront(running);
    const [a, b] = running.arms.map(({ id }) => id);
    await log([
      shop.impression('both', 0, 'x', a!),
      shop.impression('both', 1, 'x', b!),
      shop.click('both', 2, 'x'),
      shop.impression('one', 0, 'x', a!),
    ]);
    const reported = await report(db, 'two-arms');
    assert.equal(reported.usersInTwoArms, 1);
    assert.deepEqual(
      reported.arms.map(({ users, impressions, clicks }) => [users, impressions, clicks]),
      [
        [1, 1, 0],
        [0, 0, 0],
      ],
    );
  });

  test('follows its windows, and is made again where they change', async () => {
    const running = await experiment('windows');
    const shop = storefront(running);
    const arm = running.arms[0]!.id;
    await log([
      shop.impression('u', 0, 'x', arm),
      shop.click('u', 24, 'x'), // the last moment of the window
      shop.click('u', 24.001, 'x'),
      shop.click('u', 1, 'y'), // an item that was not exposed
      shop.impression('u', 30, 'y', arm),
      shop.click('u', 25, 'y'), // before its exposure
      shop.order('u', 30 + 7 * 24, 100, { itemId: 'z' }), // the last moment after the user's last exposure
      shop.order('u', 30 + 7 * 24 + 0.001, 1000, { itemId: 'y' }),
      shop.order('u', 31, 10_000, { itemId: 'y' }),
    ]);
    const figures = async (attribution: object) => {
      const settings = { attribution: { lateHours: 24 * 30, ...attribution } };
      await db.prisma.experiment.update({ where: { id: running.id }, data: { settings } });
      const { clicks, orders, gmvMinor } = (await report(db, 'windows')).arms[0]!;
      return [clicks, orders, gmvMinor];
    };
    assert.deepEqual(await figures({}), [1, 2, 10_100]);
    assert.deepEqual(await figures({ clickWindowHours: 48 }), [2, 2, 10_100]);
    assert.deepEqual(await figures({ orderAttribution: 'item' }), [1, 1, 10_000]);
    assert.deepEqual(await figures({ orderWindowDays: 8 }), [1, 3, 11_100]);
    assert.deepEqual(await figures({ touch: 'first' }), [1, 1, 10_000]);
  });

  test('counts an order once whatever its lines, and not in another currency', async () => {
    const running = await experiment('orders');
    const shop = storefront(running);
    await log([
      shop.impression('u', 0, 'x', running.arms[1]!.id),
      shop.order('u', 1, 100, { orderId: 'o-1' }),
      shop.order('u', 1, 200, { orderId: 'o-1' }),
      shop.order('u', 2, 0),
      shop.order('u', 2, 500, { currency: 'EUR' }),
    ]);
    const { orders, gmvMinor, metrics } = (await report(db, 'orders')).arms[1]!;
    assert.deepEqual([orders, gmvMinor, metrics.conversion.value], [2, 300, 1]);
  });
});

test('an order that is worth far more than the others is named, by its id', async () => {
  const running = await experiment('forged');
  const shop = storefront(running);
  const random = uniform(5);
  const buyers = Array.from({ length: 60 }, (_, i) => `u${i}`);
  await log(
    buyers.flatMap((user, i) => [
      shop.impression(user, 1, 'x', running.arms[i % 2]!.id),
      shop.order(user, 2, Math.round(1_000 * Math.exp(random())), { orderId: `o-${user}` }),
    ]),
  );
  assert.deepEqual((await report(db, 'forged')).outliers, []);
  await log([
    shop.order('u1', 3, 9_000_000, { orderId: 'forged', itemId: 'x' }),
    shop.order('u1', 3, 5_000_000, { orderId: 'forged', itemId: 'y' }),
  ]);
  const { outliers, caveats } = await report(db, 'forged');
  const [armId, userId] = [running.arms[1]!.id, 'forged/u1'];
  assert.deepEqual(outliers, [{ orderId: 'forged', userId, armId, at: at(3).replace('.000', ''), valueMinor: 14e6 }]);
  assert.ok(
    caveats.some((one) =>
      /^One order stands out by value: forged of user forged\/u1 \(£140,000\.00 in dat, 99/.test(one),
    ),
    caveats.join(),
  );
});

describe('too little to conclude', () => {
  const holdsNoBadNumber = (report: object) =>
    assert.deepEqual(JSON.parse(JSON.stringify(report)), report, 'NaN and Infinity would turn to null');

  test('no users', async () => {
    await experiment('nobody');
    const reported = await report(db, 'nobody');
    holdsNoBadNumber(reported);
    assert.equal(reported.arms[1]!.metrics.ctr.value, null);
    assert.equal(reported.arms[1]!.lift!.ctr.p, null);
    assert.match(reported.conclusion, /^Nobody has been exposed yet/);
  });

  test('one user', async () => {
    const running = await experiment('single');
    const shop = storefront(running);
    await log([shop.impression('u', 0, 'x', running.arms[0]!.id), shop.click('u', 1, 'x')]);
    const reported = await report(db, 'single');
    holdsNoBadNumber(reported);
    assert.deepEqual(reported.arms[0]!.metrics.ctr, { value: 1, low: null, high: null });
    assert.equal(
      reported.conclusion,
      'With 1 user (1 in two-tower and 0 in dat) nothing can be concluded yet: each arm needs at least 100.',
    );
  });

  test('no variance and no control mean', async () => {
    const running = await experiment('flat', { minimumUsers: 2 });
    const shop = storefront(running);
    const [a, b] = running.arms.map(({ id }) => id);
    // Forty shoppers an arm: enough for a ratio to be judged at all.
    const shoppers = Array.from({ length: 40 }, (_, u) => u);
    await log(shoppers.flatMap((u) => [shop.impression(`a${u}`, 0, 'x', a!), shop.impression(`b${u}`, 0, 'x', b!)]));
    const reported = await report(db, 'flat');
    holdsNoBadNumber(reported);
    const undetermined = {
      absolute: { value: 0, low: null, high: null },
      relative: { value: null, low: null, high: null },
      p: null,
      adjustedP: null,
    };
    assert.deepEqual(reported.arms[1]!.lift!.gmvPerUser, {
      ...undetermined,
      sequence: undetermined,
      cuped: null,
      bayes: null,
      tooFew: null,
    });
    assert.match(reported.conclusion, /click-through rate of dat against two-tower: in two-tower it is zero/);
  });

  test('a split that went wrong stops every other conclusion', async () => {
    const running = await experiment('mismatch');
    const shop = storefront(running);
    const [a, b] = running.arms.map(({ id }) => id);
    await log(Array.from({ length: 300 }, (_, u) => shop.impression(`u${u}`, 0, 'x', u < 100 ? a! : b!)));
    const reported = await report(db, 'mismatch');
    assert.equal(reported.srm.warning, true); // χ² = 2 · 50²/150 = 33.3
    near(reported.srm.chiSquare, 100 / 3);
    assert.match(reported.conclusion, /^Stop and look/);
  });

  test('an unknown experiment is named', async () => {
    await assert.rejects(report(db, 'no such'), /There is no experiment "no such"/);
  });
});
