import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { auditTrail, type Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { addVersion, promote, rollback, versionsOf } from './champion.ts';
import { deploy, listDeployments, undeploy } from './deployment.ts';
import { changeRegisteredModel, findRegisteredModel, registerModel } from './registered-model.ts';
import { checkSchedule, lastDue, nextDue } from './schedule.ts';

const ann = { actor: 'ann' };

async function shop(database: Database, name = 'shop') {
  const { id: datasetId } = await database.prisma.dataset.create({ data: { name, settings: {} } });
  const registered = await registerModel(database, datasetId, { name: 'nightly', kind: 'dat' }, ann);
  /** A trained model as the registered model's next version, with an index unless it is said not to have one. */
  const version = async ({ indexed = true } = {}) => {
    const data = { datasetId, name: 'dat', kind: 'dat', parameters: {} };
    const { id: modelId } = await database.prisma.model.create({ data });
    if (indexed) {
      const figures = { factory: 'Flat', engine: 'faiss', dimensions: 4, size: 3, bytes: 48n, buildMs: 1 };
      const measured = { recallAt100: 1, p50Us: 1, p99Us: 1, active: true };
      await database.prisma.index.create({ data: { modelId, ...figures, ...measured } });
    }
    return database.prisma.$transaction((tx) => addVersion(tx, registered.id, modelId));
  };
  return { datasetId, registered, version };
}

describe('the registry of models', { concurrency: true }, () => {
  test('registers a model by a name that its dataset has once, with settings that its kind has', async () => {
    await using database = await createTestDatabase();
    const { datasetId } = await shop(database);
    const again = registerModel(database, datasetId, { name: 'nightly', kind: 'two-tower' }, ann);
    await assert.rejects(again, { code: 'conflict' });
    const refused: [Parameters<typeof registerModel>[2], string][] = [
      [{ name: 'No Name', kind: 'dat' }, 'name'],
      [{ name: 'x', kind: 'popularity' }, 'kind'],
      [{ name: 'x', kind: 'dat', schedule: 'at night' }, 'schedule'],
      [{ name: 'x', kind: 'dat', schedule: '0 3 * * *', timeZone: 'Mars' }, 'timeZone'],
      [{ name: 'x', kind: 'dat', gate: { margin: 2 } }, 'gate.margin'],
    ];
    for (const [request, field] of refused) {
      await assert.rejects(registerModel(database, datasetId, request, ann), { code: 'bad-input', where: { field } });
    }
    await assert.rejects(registerModel(database, datasetId, { name: 'x', kind: 'dat', parameters: { nope: 1 } }), {
      code: 'bad-input',
    });
    const missing = findRegisteredModel(database, datasetId, 'weekly');
    await assert.rejects(missing, { code: 'not-found', fix: 'Choose one of nightly.' });
  });

  test('writes down who changed what of a registered model', async () => {
    await using database = await createTestDatabase();
    const { registered } = await shop(database);
    await changeRegisteredModel(database, registered.id, { schedule: '0 3 * * *', gate: { margin: 0.1 } }, ann);
    const [newest] = await auditTrail(database, 'registered-model', registered.id);
    assert.equal(newest?.actor, 'ann');
    assert.deepEqual(newest?.before, { schedule: null, 'gate.margin': 0.05 });
    assert.deepEqual(newest?.after, { schedule: '0 3 * * *', 'gate.margin': 0.1 });
  });

  test('deploys the first champion, and goes back from the third to the second to the first', async () => {
    await using database = await createTestDatabase();
    const { datasetId, registered, version } = await shop(database);
    await assert.rejects(promote(database, registered), { code: 'not-found' });
    await version();
    const first = await promote(database, registered, {}, ann);
    assert.deepEqual([first.version, first.before, first.deployed], [1, null, true]);
    await version();
    await version();
    const second = await promote(database, registered, { version: 2 }, ann);
    assert.deepEqual([second.before?.version, second.deployed], [1, false]);
    await promote(database, registered, {}, ann);
    assert.equal((await rollback(database, registered, {}, ann)).version, 2);
    assert.equal((await rollback(database, registered, {}, ann)).version, 1);
    await assert.rejects(rollback(database, registered, {}, ann), { code: 'conflict' });
    const [deployment] = await listDeployments(database, datasetId);
    assert.deepEqual([deployment?.placement, deployment?.champion?.version], ['', 1]);
    const versions = await versionsOf(database, registered.id);
    assert.deepEqual(
      versions.map((one) => one.version),
      [3, 2, 1],
    );
  });

  test('promotes neither what has no index nor what is the champion', async () => {
    await using database = await createTestDatabase();
    const { registered, version } = await shop(database);
    await version({ indexed: false });
    await assert.rejects(promote(database, registered), { code: 'conflict', message: /no index/ });
    await version();
    await promote(database, registered);
    await assert.rejects(promote(database, registered), { code: 'conflict', message: /champion already/ });
  });

  test('deploys at a placement what has a champion, and takes it back', async () => {
    await using database = await createTestDatabase();
    const { datasetId, registered, version } = await shop(database);
    await assert.rejects(deploy(database, registered, {}, ann), { code: 'conflict' });
    await version();
    await promote(database, registered, {}, ann);
    const current = await findRegisteredModel(database, datasetId, 'nightly');
    await assert.rejects(deploy(database, current, { placement: 'a b' }, ann), { code: 'bad-input' });
    await deploy(database, current, { placement: 'home' }, ann);
    assert.deepEqual(
      (await listDeployments(database, datasetId)).map(({ placement }) => placement),
      ['', 'home'],
    );
    await undeploy(database, datasetId, 'home', ann);
    await assert.rejects(undeploy(database, datasetId, 'home', ann), { code: 'not-found' });
    const actions = (await auditTrail(database, 'dataset', datasetId)).map(({ action }) => action);
    assert.deepEqual(actions, ['undeploy', 'deploy', 'deploy']);
  });

  test('numbers versions without a gap, also when two are added at once', async () => {
    await using database = await createTestDatabase();
    const { version } = await shop(database);
    const numbers = await Promise.all(Array.from({ length: 8 }, () => version()));
    assert.deepEqual(
      numbers.toSorted((a, b) => a - b),
      [1, 2, 3, 4, 5, 6, 7, 8],
    );
  });
});

describe('a schedule', () => {
  test('is read in its time zone, over the change to summer time', () => {
    const schedule = { cron: '30 3 * * *', timeZone: 'Europe/London' };
    // British Summer Time began on 29 March 2026 at 01:00 UTC.
    assert.equal(nextDue(schedule, new Date('2026-03-28T00:00:00Z')).toISOString(), '2026-03-28T03:30:00.000Z');
    assert.equal(nextDue(schedule, new Date('2026-03-28T12:00:00Z')).toISOString(), '2026-03-29T02:30:00.000Z');
    assert.equal(lastDue(schedule, new Date('2026-03-29T02:30:00Z')).toISOString(), '2026-03-29T02:30:00.000Z');
    assert.equal(lastDue(schedule, new Date('2026-03-29T02:29:59Z')).toISOString(), '2026-03-28T03:30:00.000Z');
  });

  test('has five fields', () => {
    for (const cron of ['0 0 3 * * *', '* * *', '61 3 * * *', '0 3 * * mars']) {
      assert.throws(() => checkSchedule({ cron, timeZone: 'UTC' }), {
        code: 'bad-input',
        where: { field: 'schedule' },
      });
    }
  });
});
