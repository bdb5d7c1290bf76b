import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { createExperiment, type ExperimentInput, findExperiment } from '../plan/experiment.ts';
import { launchExperiment, readinessOf } from './launch.ts';
import { setExperiment } from './set-experiment.ts';

let db: Database;
let input: (name: string, other?: Partial<ExperimentInput>) => ExperimentInput;
before(async () => {
  db = await createTestDatabase();
  const { id: datasetId } = await db.prisma.dataset.create({ data: { name: 'shop', settings: {} } });
  const model = await db.prisma.model.create({ data: { datasetId, name: 'm', kind: 'dat', parameters: {} } });
  const figures = { dimensions: 1, size: 1, bytes: 4, buildMs: 1, recallAt100: 1, p50Us: 1, p99Us: 1 };
  await db.prisma.index.create({
    data: { ...figures, modelId: model.id, factory: 'Flat', engine: 'exact', active: true },
  });
  input = (name, other = {}) => ({
    ...{ name, datasetId, settings: { gmvCapQuantile: null } },
    arms: [
      { name: 'a', modelId: model.id, weight: 0.5, control: true },
      { name: 'b', modelId: model.id, weight: 0.5 },
    ],
    ...other,
  });
});
after(() => db[Symbol.asyncDispose]());

test('an experiment that would get no user is refused, with who holds them and what mends it', async () => {
  const context = { db, dataDir: '' };
  await createExperiment(db, input('first'));
  await launchExperiment(context, 'first');
  await createExperiment(db, input('second', { trafficShare: 0.5 }));
  await assert.rejects(launchExperiment(context, 'second'), /would get no user: "first" \(100 %\).*lower its traffic/);

  await setExperiment(db, 'first', { trafficShare: 0.6 });
  const { obstacles, remarks } = await readinessOf(db, await findExperiment(db, 'second'));
  assert.deepEqual(obstacles, []);
  // (1 − 0.6) × 0.5 = 20 %, of 10,000 users drawn.
  const [, share, first] = /would get ([\d.]+) % of all users: "first" \(([\d.]+) %\)/.exec(remarks[0]!)!;
  assert.ok(Math.abs(Number(share) - 20) < 2 && Math.abs(Number(first) - 60) < 2, remarks[0]);
  assert.equal((await launchExperiment(context, 'second')).status, 'running');
});
