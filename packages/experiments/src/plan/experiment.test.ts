import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { createExperiment, type ExperimentInput, ensureExperiment } from './experiment.ts';

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
