import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, test } from 'node:test';
import { repositoryRoot } from '@duet/base';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { createExperiment, startExperiment, stopExperiment } from '@duet/experiments';
import { decide } from './decide.ts';
import { listDeployments } from './deployment.ts';

const ann = { actor: 'ann' };

/**
 * A dataset as the first release had it: models with an index each, nothing registered. @returns their ids, oldest
 * first
 */
async function oldShop({ prisma }: Database, name: string, kinds: readonly string[]) {
  const { id: datasetId } = await prisma.dataset.create({ data: { name, settings: {}, status: 'done' } });
  const models: string[] = [];
  for (const [i, kind] of kinds.entries()) {
    const parameters = { epochs: 3, seed: 1, split: 'time:0.8' };
    const createdAt = new Date(Date.UTC(2026, 0, 1 + i));
    const { id: modelId } = await prisma.model.create({ data: { datasetId, name: kind, kind, parameters, createdAt } });
    const figures = { factory: 'Flat', engine: 'faiss', dimensions: 4, size: 3, bytes: 48n, buildMs: 1 };
    await prisma.index.create({ data: { modelId, ...figures, recallAt100: 1, p50Us: 1, p99Us: 1, active: true } });
    models.push(modelId);
  }
  const arms = models.map((modelId, i) => ({
    ...{ name: kinds[i]!, modelId, weight: 1 / models.length, control: i === 0 },
  }));
  return { datasetId, models, arms };
}

const migration = await readFile(
  path.join(repositoryRoot(), 'prisma/migrations/20261130081000_deploy_what_serves/migration.sql'),
  'utf8',
);

describe('what served before there were deployments', { concurrency: true }, () => {
  test('is deployed by the migration: what runs, else what was decided, else the newest; arms stay as they are', async () => {
    await using database = await createTestDatabase();
    const running = await oldShop(database, 'running', ['two-tower', 'dat']);
    await createExperiment(database, { name: 'runs', datasetId: running.datasetId, arms: running.arms });
    await startExperiment(database, 'runs');
    const decided = await oldShop(database, 'decided', ['two-tower', 'dat', 'mind']);
    await createExperiment(database, { name: 'over', datasetId: decided.datasetId, arms: decided.arms });
    await database.prisma.experiment.update({
      where: { name: 'over' },
      data: { status: 'decided', decision: 'dat', decidedAt: new Date() },
    });
    const newest = await oldShop(database, 'newest', ['two-tower', 'dat']);
    const untrained = await oldShop(database, 'untrained', []);

    const arms = () => database.prisma.arm.findMany({ orderBy: { id: 'asc' } });
    const before = await arms();
    await database.pool.query(migration);
    const champion = async ({ datasetId }: { datasetId: string }) =>
      (await listDeployments(database, datasetId)).map(({ placement, model, champion: of }) => [
        ...[placement, model.name, of?.version, of?.modelId],
      ]);
    assert.deepEqual(await champion(running), [['', 'two-tower', 1, running.models[0]]]);
    assert.deepEqual(await champion(decided), [['', 'dat', 1, decided.models[1]]]);
    assert.deepEqual(await champion(newest), [['', 'dat', 1, newest.models[1]]]);
    assert.deepEqual(await champion(untrained), []);
    assert.deepEqual(await arms(), before);
    const { parameters } = await database.prisma.registeredModel.findFirstOrThrow();
    assert.deepEqual(parameters, { epochs: 3 });
    await database.pool.query(migration);
    assert.equal(await database.prisma.registeredModel.count(), 3, 'what is deployed stays');
  });

  test('is followed by what an experiment is decided for: its arm’s model becomes a champion, and is deployed', async () => {
    await using database = await createTestDatabase();
    const { datasetId, arms, models } = await oldShop(database, 'shop', ['two-tower', 'dat']);
    const targeting = [{ attribute: 'placement', in: ['home'] }];
    for (const settings of [{}, { targeting }]) {
      const name = `test ${JSON.stringify(settings)}`;
      await createExperiment(database, { name, datasetId, arms, settings });
      await startExperiment(database, name);
      await stopExperiment(database, name);
      const arm = 'targeting' in settings ? 'two-tower' : 'dat';
      const { deployed } = await decide(database, name, { arm, note: 'it earns more' }, ann);
      assert.equal(deployed?.name, arm);
    }
    const now = (await listDeployments(database, datasetId)).map((of) => [of.placement, of.champion?.modelId]);
    assert.deepEqual(now, [
      ['', models[1]],
      ['home', models[0]],
    ]);
  });

  test('is changed by no simulated experiment, nor by one that could not tell', async () => {
    await using database = await createTestDatabase();
    const { datasetId, arms } = await oldShop(database, 'shop', ['two-tower', 'dat']);
    for (const [simulated, arm] of [
      [true, 'dat'],
      [false, 'none'],
    ] as const) {
      await createExperiment(database, { name: arm, datasetId, arms, simulated });
      await startExperiment(database, arm);
      await stopExperiment(database, arm);
      assert.equal((await decide(database, arm, { arm }, ann)).deployed, undefined);
    }
    assert.deepEqual(await listDeployments(database, datasetId), []);
  });
});
