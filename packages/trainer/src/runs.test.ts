import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { ownSettings, resolveSettings } from '@duet/models';
import { failAbandonedRuns, requestOfRun, whileHolding } from './runs.ts';

let db: Database;
let datasetId: string;
before(async () => {
  db = await createTestDatabase();
  datasetId = (await db.prisma.dataset.create({ data: { name: 'shop', settings: {} } })).id;
});
after(() => db[Symbol.asyncDispose]());

const running = (kind: string) => db.prisma.trainingRun.create({ data: { datasetId, kind, status: 'running' } });

test('a run that nobody holds any more is failed with the reason, one that is held goes on', async () => {
  const [held, abandoned] = await Promise.all([running('dat'), running('two-tower')]);
  await whileHolding(db, held.id, async () => {
    assert.equal(await failAbandonedRuns(db), 1);
    assert.equal(await failAbandonedRuns(db), 0);
  });
  const rows = await db.prisma.trainingRun.findMany({ where: { id: { in: [held.id, abandoned.id] } } });
  const byId = new Map(rows.map((row) => [row.id, row]));
  assert.equal(byId.get(held.id)?.status, 'running');
  assert.equal(byId.get(abandoned.id)?.status, 'failed');
  assert.match(byId.get(abandoned.id)?.error ?? '', /ended without a word/);
  assert.equal(await failAbandonedRuns(db), 1, 'the lock went with its holder');
});

test('a run that one process works on is not taken up by another', async () => {
  const { id } = await running('dat');
  await whileHolding(db, id, () =>
    assert.rejects(
      whileHolding(db, id, async () => {}),
      { code: 'conflict', message: /Another process is at work/ },
    ),
  );
  await whileHolding(db, id, async () => {});
});

test('a queued run asks for what the admin chose; a begun one for the settings it began with', async () => {
  const queued = await db.prisma.trainingRun.create({
    data: { datasetId, kind: 'dat', preset: 'paper', parameters: { set: { epochs: 2 }, seed: 7, split: 'time:0.8' } },
  });
  const expected = { runId: queued.id, datasetId, kind: 'dat', preset: 'paper', seed: 7, split: 'time:0.8' };
  assert.deepEqual(await requestOfRun(db, queued.id), {
    ...{ ...expected, name: undefined, minutes: undefined, set: { epochs: 2 } },
  });
  const parameters = { epochs: 2, batch: 512, seed: 7, split: 'time:0.8' };
  await db.prisma.trainingRun.update({ where: { id: queued.id }, data: { parameters } });
  assert.deepEqual((await requestOfRun(db, queued.id)).set, { epochs: 2, batch: 512 });
});

test('a run from before a setting was there goes on without it, whatever its preset says by now', async () => {
  const { identityStart, ...known } = ownSettings('dat', resolveSettings('dat', 'best', {}));
  assert.equal(identityStart, true);
  const { id } = await db.prisma.trainingRun.create({
    data: { datasetId, kind: 'dat', preset: 'best', parameters: { ...known, seed: 7, split: 'time:0.8' } as never },
  });
  assert.deepEqual((await requestOfRun(db, id)).set, { ...known, identityStart: false });
});
