import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { auditTrail, type Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import type { EventInput } from '../events/event-schema.ts';
import { openEventSink } from '../events/event-writer.ts';
import { logEvents } from '../events/log-events.ts';
import { createExperiment, type ExperimentInput, findExperiment } from '../plan/experiment.ts';
import { startExperiment, startPhase } from './lifecycle.ts';
import { applyStopRules } from './stop-rules.ts';

let db: Database;
let datasetId: string;
let modelId: string;
before(async () => {
  db = await createTestDatabase();
  datasetId = (await db.prisma.dataset.create({ data: { name: 'shop', settings: {} } })).id;
  modelId = (await db.prisma.model.create({ data: { datasetId, name: 'm', kind: 'dat', parameters: {} } })).id;
});
after(() => db[Symbol.asyncDispose]());

const start = new Date('2026-03-10T00:00:00Z');
const hours = (n: number) => new Date(start.getTime() + n * 3_600_000);

async function running(name: string, settings: ExperimentInput['settings'] = {}, simulated = false) {
  const arms = [
    { name: 'old', modelId, weight: 0.5, control: true },
    { name: 'new', modelId, weight: 0.5 },
  ];
  await createExperiment(db, { name, datasetId, arms, settings, simulated }, { now: start });
  return startExperiment(db, name, { now: start });
}

/** Each arm's users see ten items and click on so many of them. */
async function shown(name: string, arms: { users: number; clicks: (user: number) => number }[]): Promise<void> {
  const experiment = await findExperiment(db, name);
  const events = arms.flatMap(({ users, clicks }, place) =>
    Array.from({ length: users }, (_, user) => {
      const at = (item: number): EventInput => ({
        ...{ eventId: randomUUID(), type: 'impression', occurredAt: hours(1).toISOString(), itemId: `i${item}` },
        ...{ userId: `${name}/${place}/${user}`, experimentId: experiment.id, armId: experiment.arms[place]!.id },
      });
      const seen = Array.from({ length: 10 }, (_, item) => at(item));
      const clicked = seen.slice(0, clicks(user)).map((event) => ({
        ...event,
        eventId: randomUUID(),
        type: 'click' as const,
        occurredAt: hours(2).toISOString(),
      }));
      return [...seen, ...clicked];
    }).flat(),
  );
  for (let i = 0; i < events.length; i += 1000)
    await logEvents(openEventSink(db), events.slice(i, i + 1000), { now: hours(2) });
}

test('a guardrail that is broken beyond doubt stops the experiment, by the worker, with the reason', async () => {
  const guardrails = [{ metric: 'ctr', maxRelativeLoss: 0.05 }];
  await running('harmful', { guardrails });
  await running('harmless', { guardrails });
  // Half the clicks are lost in one, and none in the other.
  await shown('harmful', [
    { users: 300, clicks: (user) => 3 + (user % 3) },
    { users: 300, clicks: (user) => 1 + (user % 3) },
  ]);
  await shown('harmless', [
    { users: 300, clicks: (user) => 3 + (user % 3) },
    { users: 300, clicks: (user) => 3 + (user % 3) },
  ]);
  // As clearly worse, in so few that no interval is to be trusted.
  await running('hardly begun', { guardrails });
  await shown('hardly begun', [
    { users: 12, clicks: (user) => 9 + (user % 2) },
    { users: 12, clicks: (user) => Number(user === 0) },
  ]);
  const applied = await applyStopRules(db, { now: hours(3) });
  assert.deepEqual(
    applied.map(({ experiment, rule, subject, action }) => [experiment, rule, subject, action]),
    [['harmful', 'guardrail', 'ctr new', 'stop']],
  );
  const stopped = await findExperiment(db, 'harmful');
  assert.deepEqual([stopped.status, stopped.stoppedAt], ['stopped', hours(3)]);
  const [entry] = await auditTrail(db, 'experiment', stopped.id);
  assert.deepEqual([entry!.actor, entry!.action], ['worker', 'stop']);
  assert.match(entry!.note, /new harms the click-through rate: its lift lies between -\d+\.\d % and -\d+\.\d %/);
  assert.equal((await findExperiment(db, 'harmless')).status, 'running');
});

test('a split that went wrong warns, once a phase, however often and by however many workers it is looked at', async () => {
  const { id } = await running('uneven');
  await shown('uneven', [
    { users: 400, clicks: () => 1 },
    { users: 200, clicks: () => 1 },
  ]);
  // χ² = 11.6, p < 0.001, which comes and goes by chance where one looks every minute: no evidence.
  await running('at a bad moment');
  await shown('at a bad moment', [
    { users: 67, clicks: () => 1 },
    { users: 33, clicks: () => 1 },
  ]);
  const looks = await Promise.all([1, 2, 3].map(() => applyStopRules(db, { now: hours(3) })));
  assert.ok(!looks.flat().some(({ experiment }) => experiment === 'at a bad moment'));
  const outcomes = looks.flat().filter(({ experiment }) => experiment === 'uneven');
  assert.deepEqual(
    outcomes.map(({ rule, action }) => [rule, action]),
    [['srm', 'warn']],
  );
  assert.match(outcomes[0]!.says, /400 in old, 200 in new; always-valid p = /);
  assert.equal((await findExperiment(db, id)).status, 'running');
  await startPhase(db, id, {}, { now: hours(4) });
  assert.deepEqual(
    (await applyStopRules(db, { now: hours(5) })).filter(({ experiment }) => experiment === 'uneven'),
    [],
    'the new phase has no users yet',
  );
});

test('the planned end warns or stops as the settings say, and never stops a simulation', async () => {
  await running('ends', { plannedDays: 1, stopRules: { plannedEnd: 'stop' } });
  await running('lasts', { plannedDays: 1 });
  await running('simulated', { plannedDays: 1, stopRules: { plannedEnd: 'stop' } }, true);
  const of = (applied: Awaited<ReturnType<typeof applyStopRules>>) =>
    applied.flatMap(({ experiment, rule, action }) => (rule === 'plannedEnd' ? [`${experiment} ${action}`] : []));
  assert.deepEqual(of(await applyStopRules(db, { now: hours(23) })), []);
  assert.deepEqual(of(await applyStopRules(db, { now: hours(24) })), ['ends stop', 'lasts warn']);
  assert.deepEqual(of(await applyStopRules(db, { now: hours(25) })), []);
  const states = await Promise.all(['ends', 'lasts', 'simulated'].map((name) => findExperiment(db, name)));
  assert.deepEqual(
    states.map(({ status }) => status),
    ['stopped', 'running', 'running'],
  );
});
