import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestDatabase } from '@duet/db/testing';
import { readinessOf } from '../lifecycle/launch.ts';
import { startExperiment, startPhase } from '../lifecycle/lifecycle.ts';
import { setExperiment } from '../lifecycle/set-experiment.ts';
import { createExperiment } from '../plan/experiment.ts';
import { subjectOf } from './subject.ts';

test('an arm follows its registered model while the experiment runs, and the report marks each change in its phase', async () => {
  await using db = await createTestDatabase();
  const { prisma } = db;
  const { id: datasetId } = await prisma.dataset.create({ data: { name: 'shop', settings: {}, status: 'done' } });
  const { id: registeredModelId } = await prisma.registeredModel.create({
    data: { datasetId, name: 'nightly', kind: 'dat' },
  });
  const version = async (n: number) => {
    const registration = n === 0 ? {} : { registeredModelId, version: n };
    const { id } = await prisma.model.create({
      data: { datasetId, name: 'dat', kind: 'dat', parameters: {}, ...registration },
    });
    return id;
  };
  const [pinned, first, second, third] = [await version(0), await version(1), await version(2), await version(3)];
  const champion = async (toModelId: string, fromModelId: string | null, at: string) => {
    await prisma.registeredModel.update({ where: { id: registeredModelId }, data: { championId: toModelId } });
    await prisma.championChange.create({
      data: { registeredModelId, fromModelId, toModelId, actor: 'schedule', at: new Date(at) },
    });
  };
  const control = { name: 'control', modelId: pinned, weight: 0.5, control: true };
  const follows = { name: 'nightly', registeredModelId, weight: 0.5 };
  const wrong = (arm: object) =>
    createExperiment(db, { name: 'wrong', datasetId, arms: [control, { ...follows, ...arm }] });
  await assert.rejects(wrong({ modelId: pinned }), /one of the two/);
  await assert.rejects(wrong({ registeredModelId: null }), /one of the two/);
  await assert.rejects(wrong({ indexId: pinned }), /Only an arm that pins a model/);
  await assert.rejects(wrong({ registeredModelId: pinned }), /has no registered model/);

  const experiment = await createExperiment(db, { name: 'test', datasetId, arms: [control, follows] });
  const { obstacles } = await readinessOf(db, experiment);
  assert.match(obstacles.join(' '), /"nightly", which arm "nightly" follows, has no champion: npx duet refresh/);

  await champion(first, null, '2026-03-01T03:00:00Z');
  await startExperiment(db, 'test', { now: new Date('2026-03-02T00:00:00Z') });
  await champion(second, first, '2026-03-03T03:00:00Z');
  await assert.rejects(
    setExperiment(db, 'test', { arms: [control, { ...follows, modelId: second, registeredModelId: null }] }),
    {
      code: 'conflict',
    },
  );
  const running = await subjectOf(db, experiment.id);
  const armId = experiment.arms[1]!.id;
  const change = {
    at: '2026-03-03T03:00:00.000Z',
    day: '2026-03-03',
    before: 1,
    version: 2,
    actor: 'schedule',
    reason: '',
  };
  assert.deepEqual(running.championChanges, [{ armId, ...change }]);
  assert.deepEqual(
    running.arms.map(({ modelId, follows: name }) => [modelId, name]),
    [
      [pinned, null],
      [second, 'nightly'],
    ],
  );

  await startPhase(db, 'test', {}, { now: new Date('2026-03-05T00:00:00Z') });
  await champion(third, second, '2026-03-06T03:00:00Z');
  const past = await subjectOf(db, experiment.id, 1);
  assert.deepEqual([past.championChanges.length, past.arms[1]!.modelId], [1, second]);
  const now = await subjectOf(db, experiment.id);
  assert.deepEqual([now.championChanges.map((one) => one.version), now.arms[1]!.modelId], [[3], third]);
});
