import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import {
  createExperiment,
  type ExperimentInput,
  ensureExperiment,
  findExperiment,
  startExperiment,
  stopExperiment,
} from './experiment.ts';

let db: Database;
let datasetId: string;
let modelId: string;
let strange: string;
before(async () => {
  db = await createTestDatabase();
  const dataset = (name: string) => db.prisma.dataset.create({ data: { name, settings: {} } });
  const model = (of: string) =>
    db.prisma.model.create({ data: { datasetId: of, name: 'm', kind: 'two-tower', parameters: {} } });
  datasetId = (await dataset('shop')).id;
  modelId = (await model(datasetId)).id;
  strange = (await model((await dataset('other shop')).id)).id;
});
after(() => db[Symbol.asyncDispose]());

const input = (name: string, arms: Partial<ExperimentInput['arms'][number]>[] = [{}, {}]): ExperimentInput => ({
  name,
  datasetId,
  arms: arms.map((arm, i) => ({ name: `arm ${i}`, modelId, weight: 1 / arms.length, control: i === 0, ...arm })),
});

test('an experiment keeps its arms in the order given, and takes its name for a seed', async () => {
  const { status, seed, arms } = await createExperiment(
    db,
    input('new', [{ name: 'z' }, { name: 'a' }, { name: 'm' }]),
  );
  assert.deepEqual([status, seed, arms.map(({ name }) => name)], ['draft', 'new', ['z', 'a', 'm']]);
});

test('an experiment that would prove nothing is refused with its field', async () => {
  const refused = (bad: ExperimentInput, message: RegExp) => assert.rejects(createExperiment(db, bad), message);
  await refused(input('bad', [{}]), /field arms: An experiment needs at least two arms/);
  await refused(input('bad', [{ weight: 0.6 }, { weight: 0.6 }]), /weights of the arms must sum to 1/);
  await refused(input('bad', [{}, { control: true }]), /Exactly one arm must be the control/);
  await refused(input('bad', [{ control: false }, {}]), /Exactly one arm must be the control/);
  await refused(input('bad', [{ name: 'x' }, { name: 'x' }]), /Two arms have the same name/);
  await refused(input('bad', [{}, { modelId: randomUUID() }]), /field arms\.1\.modelId: Dataset "shop" has no model/);
  await refused(input('bad', [{}, { modelId: strange }]), /field arms\.1\.modelId: Dataset "shop" has no model/);
  await refused(input('bad', [{ indexId: randomUUID() }, {}]), /field arms\.0\.indexId/);
  await refused({ ...input('bad'), rankerId: randomUUID() }, /field rankerId/);
  await refused({ ...input('bad'), datasetId: randomUUID() }, /There is no dataset/);
  await refused({ ...input('bad'), trafficShare: 1.1 }, /field trafficShare/);
  await createExperiment(db, input('twice'));
  await refused(input('twice'), /There is already an experiment "twice"/);
});

test('ensuring an experiment twice makes one, and never changes what it compares', async () => {
  const first = await ensureExperiment(db, input('ensured'));
  assert.equal((await ensureExperiment(db, input('ensured'))).id, first.id);
  await assert.rejects(
    ensureExperiment(db, input('ensured', [{ weight: 0.4 }, { weight: 0.6 }])),
    /exists with other arms/,
  );
  await assert.rejects(ensureExperiment(db, { ...input('ensured'), seed: 'x' }), /exists with another seed/);
});

test('an experiment goes from draft to running to stopped, and not back', async () => {
  const now = new Date('2026-03-10T12:00:00Z');
  const { id } = await createExperiment(db, input('life'));
  await assert.rejects(stopExperiment(db, 'life'), /is a draft/);
  assert.deepEqual((await startExperiment(db, 'life', { now })).startedAt, now);
  assert.deepEqual((await startExperiment(db, id)).startedAt, now, 'a second start changes nothing');
  assert.equal((await stopExperiment(db, id, { now })).status, 'stopped');
  assert.deepEqual((await stopExperiment(db, id)).stoppedAt, now, 'a second stop changes nothing');
  await assert.rejects(startExperiment(db, 'life'), /is stopped and cannot start again/);
  assert.equal((await findExperiment(db, 'life')).id, id);
  await assert.rejects(findExperiment(db, randomUUID()), /There is no experiment/);
});
