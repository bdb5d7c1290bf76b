import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ensureEventPartitions, fingerprintOf } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { exportPerson, forgetPerson } from './user-data.ts';

test('what the database says of a person is exported whole, and erased in every table, of that dataset alone', async () => {
  await using db = await createTestDatabase();
  const { prisma } = db;
  const day = new Date('2026-02-20T00:00:00Z');
  await ensureEventPartitions(db, ['2026-02-20']);
  const hour = (n: number) => new Date(day.getTime() + n * 3_600_000);
  const shop = async (name: string) => {
    const { id: datasetId } = await prisma.dataset.create({ data: { name, settings: {} } });
    const model = await prisma.model.create({ data: { datasetId, name, kind: 'dat', parameters: {} } });
    const settings = { overrides: { ann: 'a', bob: 'a' }, excludedUsers: ['ann', 'qa'], gmvCapQuantile: null };
    const { id: experimentId } = await prisma.experiment.create({ data: { datasetId, name, seed: 's', settings } });
    const split = { experimentId, position: 0, weight: 1, control: true, modelId: model.id };
    const arm = await prisma.arm.create({ data: { ...split, name: 'a' } });
    await prisma.experimentPhase.create({ data: { experimentId, number: 1, startedAt: day, arms: [], settings } });
    await db.pool.query(`INSERT INTO "Rollup" ("experimentId", basis, through) VALUES ($1, '{}', now())`, [
      experimentId,
    ]);
    for (const userId of ['ann', 'bob']) {
      const event = { day, type: 'click', occurredAt: day, userId, itemId: 'cup' } as const;
      await prisma.event.create({ data: { ...event, eventId: crypto.randomUUID(), datasetId } });
      // As an older Duet stored it.
      await prisma.event.create({ data: { ...event, eventId: crypto.randomUUID(), experimentId } });
      const sums = { impressions: 1, clicks: 1, carts: 0, orders: 0, units: 0, gmvMinor: 0, refundMinor: 0 };
      const columns = { ...sums, experimentId, userId, category: '', day };
      await db.pool.query(
        `INSERT INTO "RollupUser" SELECT (jsonb_populate_record(NULL::"RollupUser", (
           SELECT jsonb_object_agg(column_name, CASE WHEN data_type = 'text' THEN '""'::jsonb ELSE '0'::jsonb END)
           FROM information_schema.columns WHERE table_name = 'RollupUser' AND data_type IN ('bigint', 'integer', 'text'))
           || $1)).*`,
        [{ experimentId, userId, armId: arm.id, status: 'counted', firstDay: '2026-02-20', pastSince: null }],
      );
      await prisma.rollupUserDay.create({ data: columns });
      const anonymousId = `visitor who is ${userId}`;
      await prisma.userAlias.create({ data: { datasetId, anonymousId, userId, at: hour(1) } });
      // It arrived after the log-in; whoever comes after it under the same id is somebody else.
      for (const occurredAt of userId === 'ann' ? [day, hour(2)] : []) {
        await prisma.event.create({
          data: { ...event, occurredAt, userId: anonymousId, eventId: crypto.randomUUID(), datasetId },
        });
      }
    }
    await prisma.auditLog.create({
      data: {
        ...{ actor: 'eve', action: 'change', objectKind: 'experiment', objectId: experimentId, before: {} },
        after: { 'settings.overrides.ann': 'a', 'settings.excludedUsers': ['ann', 'qa'], 'settings.plannedDays': 14 },
      },
    });
    return { datasetId, experimentId };
  };
  const [one, other] = [await shop('one'), await shop('other')];
  const ann = { datasetId: one.datasetId, userId: 'ann' };
  const counts = (rows: object) => Object.values(rows).map((of) => (of as unknown[]).length);

  const exported = await exportPerson(db, ann);
  assert.deepEqual(counts(exported), [3, 1, 0, 1, 1]);
  assert.equal(exported.Event[0]!.userId, 'ann');

  const { removed, left } = await forgetPerson(db, ann, { actor: 'eve' });
  assert.deepEqual(removed, {
    Event: 3,
    RollupUserDay: 1,
    InterleavedUserDay: 0,
    RollupUser: 1,
    UserAlias: 1,
    Experiment: 1,
    ExperimentPhase: 1,
    AuditLog: 1,
  });
  assert.deepEqual(new Set(Object.values(left)), new Set([0]));
  assert.deepEqual(counts(await exportPerson(db, ann)), [0, 0, 0, 0, 0]);
  assert.deepEqual(counts(await exportPerson(db, { ...ann, userId: 'bob' })), [2, 1, 0, 1, 1]);
  assert.deepEqual(counts(await exportPerson(db, { ...other, userId: 'ann' })), [3, 1, 0, 1, 1]);

  const others = await prisma.event.count({ where: { userId: 'visitor who is ann', datasetId: one.datasetId } });
  assert.equal(others, 1, 'of whoever came next');
  const { settings, phases } = await prisma.experiment.findUniqueOrThrow({
    where: { id: one.experimentId },
    include: { phases: true },
  });
  for (const settingsNow of [settings, phases[0]!.settings]) {
    assert.deepEqual(settingsNow, { overrides: { bob: 'a' }, excludedUsers: ['qa'], gmvCapQuantile: null });
  }
  const trail = await prisma.auditLog.findMany({ orderBy: { at: 'asc' } });
  const struck = trail.find(({ objectId }) => objectId === one.experimentId)!;
  assert.deepEqual(struck.after, { 'settings.excludedUsers': ['qa'], 'settings.plannedDays': 14 });
  const written = trail.find(({ action }) => action === 'forget user')!;
  assert.equal(written.objectId, fingerprintOf(ann));
  assert.doesNotMatch(JSON.stringify(written), /ann/);
  // Whom nobody knows is forgotten at once.
  assert.equal((await forgetPerson(db, { ...ann, userId: "o'nobody" })).removed.Event, 0);
});
