import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { assignUser } from '../assign/assign-user.ts';
import type { EventInput } from '../events/event-schema.ts';
import { type EventSink, openEventSink } from '../events/event-writer.ts';
import { logEvents } from '../events/log-events.ts';
import { createExperiment, type ExperimentWithArms } from '../plan/experiment.ts';
import { parseSettings } from '../plan/experiment-settings.ts';
import { rollUp } from '../rollup/rollup.ts';
import { identifyUser } from './identify.ts';

describe('who logs in', () => {
  const started = new Date(Date.now() - 3_600_000);
  let db: Database;
  let sink: EventSink;
  let experiment: ExperimentWithArms;
  let datasetId: string;
  before(async () => {
    db = await createTestDatabase();
    sink = openEventSink(db);
    datasetId = (await db.prisma.dataset.create({ data: { name: 'shop', settings: {} } })).id;
    const model = await db.prisma.model.create({ data: { datasetId, name: 'm', kind: 'two-tower', parameters: {} } });
    const arm = { modelId: model.id, weight: 0.5 };
    const arms = [
      { ...arm, name: 'a', control: true },
      { ...arm, name: 'b' },
    ];
    experiment = await createExperiment(db, { name: 'log-ins', datasetId, arms });
    const running = { status: 'running' as const, startedAt: started, phaseStartedAt: started };
    await db.prisma.experiment.update({ where: { id: experiment.id }, data: running });
  });
  after(() => db[Symbol.asyncDispose]());

  const armOf = (name: string) => experiment.arms.find((arm) => arm.name === name)!.id;
  const event = (type: EventInput['type'], userId: string, minutes: number, more: Partial<EventInput> = {}) => ({
    ...{ eventId: randomUUID(), type, userId, itemId: 'cup' },
    ...{ occurredAt: new Date(started.getTime() + minutes * 60_000).toISOString(), ...more },
  });
  const shown = (userId: string, arm: string, minutes: number) =>
    event('impression', userId, minutes, { experimentId: experiment.id, armId: armOf(arm) });
  const counted = () =>
    db.prisma.rollupUser.findMany({ where: { experimentId: experiment.id }, orderBy: { userId: 'asc' } });
  const log = (...events: EventInput[]) => logEvents(sink, events, { datasetId });

  test('is counted once, in the arm of the first exposure, with all that they did before', async () => {
    await log(shown('anon-1', 'a', 1), event('click', 'anon-1', 2));
    await log(shown('other', 'b', 1));
    await rollUp(db, experiment.id);
    assert.deepEqual(
      (await counted()).map(({ userId }) => userId),
      ['anon-1', 'other'],
    );
    const { events, arms } = await identifyUser(db, { datasetId, anonymousId: 'anon-1', userId: 'ann' });
    assert.deepEqual([events, arms], [2, { [experiment.id]: { armId: armOf('a'), phase: 1 } }]);
    await rollUp(db, experiment.id);
    const users = await counted();
    assert.deepEqual(
      users.map(({ userId, status, armId }) => [userId, status, armId]),
      [
        ['ann', 'counted', armOf('a')],
        ['other', 'counted', armOf('b')],
      ],
    );
    const days = await db.prisma.rollupUserDay.findMany({ where: { userId: 'ann', category: '' } });
    assert.deepEqual([Number(days[0]!.impressions), Number(days[0]!.clicks)], [1, 1]);
    const sums = await db.prisma.rollupDay.findMany({ where: { experimentId: experiment.id, dimension: '' } });
    assert.equal(
      sums.reduce((sum, { users: n }) => sum + Number(n), 0),
      2,
    );
  });

  test('who was exposed in both arms before counts in neither, and keeps the first', async () => {
    await log(shown('bob', 'b', 5), shown('anon-2', 'a', 6));
    const { arms } = await identifyUser(db, { datasetId, anonymousId: 'anon-2', userId: 'bob' });
    assert.equal(arms[experiment.id]!.armId, armOf('b'));
    await rollUp(db, experiment.id);
    assert.equal((await counted()).find(({ userId }) => userId === 'bob')!.status, 'twoArms');
  });

  test('keeps an arm against the hash, in the phase that it is of', () => {
    const planned = {
      ...{ datasetId, holdout: 0, seed: 's', phase: 1, trafficShare: 1, layer: null, layerFrom: null, layerTo: null },
      ...{ id: experiment.id, simulated: false, settings: parseSettings({}) },
      arms: experiment.arms.map(({ id, name, weight, position }) => ({ id, name, weight, position })),
    };
    const hashed = assignUser([planned], { userId: 'zoe' })!;
    const otherArm = planned.arms.find(({ id }) => id !== hashed.arm.id)!;
    const armsOf = (phase: number) => ({ [experiment.id]: { armId: otherArm.id, phase } });
    const assigned = assignUser([planned], { userId: 'zoe', kept: armsOf(1) })!;
    assert.deepEqual([assigned.arm.id, assigned.reason], [otherArm.id, 'kept']);
    assert.equal(assignUser([planned], { userId: 'zoe', kept: armsOf(2) })!.arm.id, hashed.arm.id);
  });

  test('is not who they were', async () => {
    await assert.rejects(identifyUser(db, { datasetId, anonymousId: 'ann', userId: 'ann' }), { code: 'bad-input' });
  });
});
