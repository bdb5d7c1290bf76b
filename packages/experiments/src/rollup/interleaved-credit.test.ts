import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { creditOf } from '@duet/statistics';
import fc from 'fast-check';
import type { EventInput } from '../events/event-schema.ts';
import { openEventSink } from '../events/event-writer.ts';
import { logEvents } from '../events/log-events.ts';
import { reportCsv } from '../export/csv.ts';
import { reportHtml } from '../export/html.ts';
import { startExperiment } from '../lifecycle/lifecycle.ts';
import { createExperiment, type ExperimentWithArms } from '../plan/experiment.ts';
import { experimentReport } from '../report/report.ts';
import { readInterleaved } from './interleaved-credit.ts';
import { rollUp } from './rollup.ts';

const start = Date.parse('2026-03-02T00:00:00Z');
const now = new Date('2026-03-20T00:00:00Z');
const at = (hours: number) => new Date(start + hours * 3_600_000).toISOString();

let db: Database;
let datasetId: string;
let modelId: string;
before(async () => {
  db = await createTestDatabase();
  const dataset = await db.prisma.dataset.create({ data: { name: 'shop', currency: 'GBP', settings: {} } });
  datasetId = dataset.id;
  modelId = (await db.prisma.model.create({ data: { datasetId, name: 'm', kind: 'dat', parameters: {} } })).id;
});
after(() => db[Symbol.asyncDispose]());

const arm = (name: string, weight: number, control = false) => ({ name, modelId, weight, control });

let made = 0;
async function running(settings: object = {}): Promise<ExperimentWithArms> {
  const name = `interleaving ${++made}`;
  await createExperiment(db, {
    name,
    datasetId,
    design: 'interleaving',
    arms: [arm('old', 0.5, true), arm('new', 0.5)],
    settings: { attribution: { lateHours: 24 * 30 }, ...settings },
  });
  return startExperiment(db, name, { now: new Date(start) });
}

const armOf = ({ arms }: ExperimentWithArms, control: boolean) => arms.find((one) => one.control === control)!.id;

describe('an interleaving', () => {
  const event = fc.record({
    click: fc.boolean(),
    user: fc.constantFrom('ann', 'bob', 'cid'),
    item: fc.constantFrom('x', 'y'),
    treatment: fc.boolean(),
    // Whole hours apart, so that no two of a user meet.
    hour: fc.integer({ min: 0, max: 24 * 6 }),
  });

  test('credits each click to the team whose item the user saw last, however the events come', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(event, { minLength: 1, maxLength: 40, selector: ({ user, hour }) => `${user} ${hour}` }),
        fc.array(fc.nat({ max: 3 }), { minLength: 40, maxLength: 40 }),
        async (raw, batches) => {
          const experiment = await running();
          const { id: experimentId, phase } = experiment;
          const events = raw.map(
            ({ click, user, item, treatment, hour }): EventInput => ({
              eventId: randomUUID(),
              type: click ? 'click' : 'impression',
              occurredAt: at(hour),
              userId: `${made}/${user}`,
              itemId: item,
              ...(!click && { experimentId, armId: armOf(experiment, !treatment) }),
            }),
          );
          for (const batch of [0, 1, 2, 3]) {
            const sent = events.filter((_, i) => batches[i] === batch);
            assert.deepEqual((await logEvents(openEventSink(db), sent, { now })).rejected, []);
            await rollUp(db, experimentId, { now });
          }
          const days = await readInterleaved(db, experimentId, phase);
          for (const { day, credit, impressions } of days) {
            const past = raw.filter(({ hour }) => at(hour).slice(0, 10) <= day).sort((a, b) => a.hour - b.hour);
            const seen = past.filter(({ click }) => !click);
            const users = new Map(seen.map(({ user }) => [user, { control: 0, treatment: 0 }]));
            for (const clicked of past.filter(({ click }) => click)) {
              const last = seen.findLast(
                (one) => one.user === clicked.user && one.item === clicked.item && one.hour <= clicked.hour,
              );
              if (last === undefined || clicked.hour - last.hour > 24) continue;
              users.get(clicked.user)![last.treatment ? 'treatment' : 'control']++;
            }
            assert.deepEqual(credit, creditOf([...users.values()]), day);
            const treated = seen.filter(({ treatment }) => treatment).length;
            assert.deepEqual(impressions, { control: seen.length - treated, treatment: treated });
          }
          const exposed = new Set(raw.filter(({ click }) => !click).map(({ user }) => user)).size;
          assert.equal(Number(days.at(-1)?.credit.sums.n ?? 0n), exposed);
        },
      ),
      { numRuns: 15 },
    );
  });

  test('is reported as a preference with its interval, and its users are not in two arms', async () => {
    const experiment = await running();
    const { id: experimentId, name } = experiment;
    const events: EventInput[] = Array.from({ length: 200 }, (_, i) => `${made}/u${i}`).flatMap((userId, i) => {
      const of = (type: 'impression' | 'click', hour: number, itemId: string, control: boolean): EventInput => ({
        ...{ eventId: randomUUID(), type, occurredAt: at(hour), userId, itemId },
        ...{ experimentId, armId: armOf(experiment, control) },
      });
      // Of four users three click the treatment's item, one control's.
      const clicked = i % 4 === 0 ? ('x' as const) : ('y' as const);
      return [
        of('impression', i % 48, 'x', true),
        of('impression', i % 48, 'y', false),
        of('click', (i % 48) + 1, clicked, clicked === 'x'),
      ];
    });
    assert.deepEqual((await logEvents(openEventSink(db), events, { now })).rejected, []);
    const report = await experimentReport(db, name, { now });
    const { interleaving } = report;
    assert.ok(interleaving);
    assert.deepEqual(
      [interleaving.users, interleaving.wins, interleaving.losses, interleaving.ties],
      [200, 150, 50, 0],
    );
    assert.equal(interleaving.preference.value, 0.75);
    assert.ok(interleaving.preference.low! > 0.65 && interleaving.preference.p! < 1e-9);
    // P(150 or more of 200 by a fair coin) = 4.2e-13, twice.
    assert.ok(interleaving.sign.value === 0.75 && Math.abs(interleaving.sign.p! / 8.4e-13 - 1) < 0.05);
    assert.ok(interleaving.sequence.low! < interleaving.sign.low! && interleaving.sequence.p! < 1e-6);
    assert.equal(report.usersInTwoArms, 0);
    assert.deepEqual(
      interleaving.arms.map(({ impressions, clicks }) => [impressions, clicks]),
      [
        [200, 50],
        [200, 150],
      ],
    );
    assert.match(
      report.finding,
      /^Users prefer new: of the users with a preference 75\.0 % clicked more items of new, where 50 % is none/,
    );
    assert.match(reportCsv(report), /\ntotal,,,,new,false,200,,,,,sign,0\.75,/);
    assert.match(reportHtml(report), /Share of the shoppers with a preference who prefer new/);
  });

  test('says that nothing can be concluded of nobody, and of few', async () => {
    const experiment = await running();
    const { id: experimentId, name } = experiment;
    assert.match((await experimentReport(db, name, { now })).finding, /^Nobody has seen an interleaved list yet/);
    const seen = { type: 'impression', occurredAt: at(1), userId: `${made}/one`, itemId: 'x' } as const;
    await logEvents(
      openEventSink(db),
      [{ ...seen, eventId: randomUUID(), experimentId, armId: armOf(experiment, true) }],
      { now },
    );
    const { finding, interleaving } = await experimentReport(db, name, { now });
    assert.match(finding, /^With 1 user nothing can be concluded yet/);
    assert.equal(interleaving!.preference.value, null);
  });

  test('takes two arms, control and one other, and no exploration', async () => {
    const plan = { name: 'three', datasetId, design: 'interleaving' as const };
    const three = [arm('a', 0.4, true), arm('b', 0.3), arm('c', 0.3)];
    await assert.rejects(createExperiment(db, { ...plan, arms: three }), /needs control and one other arm/);
    await assert.rejects(
      createExperiment(db, { ...plan, arms: [arm('a', 0.5, true), arm('b', 0.5)], settings: { exploration: 0.1 } }),
      /settings\.exploration: An interleaved list cannot be explored/,
    );
  });
});
