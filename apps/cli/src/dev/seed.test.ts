import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '@duet/base';
import { createTestDatabase } from '@duet/db/testing';
import { Steps } from '../start/steps.ts';
import { seed } from './seed.ts';

test('a seeded folder has all that the apps need, and is left as it is the next time', async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'duet-seed-'));
  await using db = await createTestDatabase();
  const config = loadConfig({ DUET_DATA_DIR: dataDir });
  const steps = new Steps();
  await seed(config, db.url, steps);
  const experiments = await db.prisma.experiment.findMany({
    include: { arms: { include: { registeredModel: true } } },
  });
  assert.deepEqual(
    experiments.map(({ status, arms }) => [status, arms.map(({ registeredModel }) => registeredModel?.name).sort()]),
    [['running', ['dat', 'two-tower']]],
  );
  const indexes = await db.prisma.index.findMany({ where: { active: true } });
  assert.deepEqual((await readdir(path.join(dataDir, 'indexes'))).sort(), indexes.map(({ id }) => id).sort());
  assert.equal(indexes.length, 2);
  assert.deepEqual((await readdir(path.join(dataDir, 'keys'))).sort(), [
    ...['admin-api.key', 'admin-password.key', 'storefront-api.key', 'storefront-pages.key'],
    'storefront-signing.key',
  ]);

  const again = new Steps();
  await seed(config, db.url, again);
  assert.ok(again.records.every(({ worked }) => !worked));
  await rm(dataDir, { recursive: true });
});
