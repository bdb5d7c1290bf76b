import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createLogger, DuetError } from '@duet/base';
import { holdLock, openJobQueue } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { queueRefresh } from '@duet/pipeline';
import { keepUp } from './upkeep.ts';

test('what killed imports and failed jobs have left is cleared, what goes on is not, and a due backup is made', async () => {
  await using db = await createTestDatabase();
  const folder = mkdtempSync(path.join(tmpdir(), 'duet-upkeep-'));
  const dataDir = path.join(folder, 'data');
  const importing = async (name: string) => {
    const { id } = await db.prisma.dataset.create({ data: { name: `${name} (importing)`, settings: {} } });
    const left = path.join(dataDir, 'datasets', `${id}.importing`);
    mkdirSync(left, { recursive: true });
    return { id, left };
  };
  const shop = await db.prisma.dataset.create({ data: { name: 'shop', settings: {}, status: 'done' } });
  const earlier = new Date(Date.now() - 120_000);
  const queued = (createdAt: Date) =>
    db.prisma.trainingRun.create({ data: { datasetId: shop.id, kind: 'item-knn', status: 'queued', createdAt } });
  const [failed, never, waiting, recent] = [
    await queued(earlier),
    await queued(earlier),
    await queued(earlier),
    await queued(new Date()),
  ];
  try {
    {
      await using queue = await openJobQueue(db);
      const id = await queue.send({ kind: 'train', runId: failed.id });
      await queue.work({
        train: async () => {
          throw new DuetError('bad-input', 'item-knn is evaluated, not trained.');
        },
      });
      const state = async () => (await db.pool.query('SELECT state FROM pgboss.job WHERE id = $1', [id])).rows[0].state;
      while ((await state()) !== 'failed') await pause(50);
    }
    await using queue = await openJobQueue(db);
    await queue.send({ kind: 'train', runId: waiting.id });
    const killed = await importing('killed');
    const going = await importing('going');
    await using held = await holdLock(db, 'duet import going');
    assert.ok(held);

    const config = { dataDir, backupDir: path.join(folder, 'backups'), backupHours: 24, backupKeep: 2 };
    const logger = createLogger({ logLevel: 'silent' }, 'worker');
    using _upkeep = await keepUp({ db, config, metrics: [], logger });
    const errors = await db.prisma.trainingRun.findMany({ select: { id: true, status: true, error: true } });
    const of = (id: string) => errors.find((run) => run.id === id);
    assert.deepEqual(of(failed.id), { id: failed.id, status: 'failed', error: 'item-knn is evaluated, not trained.' });
    assert.equal(of(never.id)?.error, 'It never came into the queue.');
    assert.equal(of(waiting.id)?.status, 'queued');
    assert.equal(of(recent.id)?.status, 'queued');
    assert.equal(await db.prisma.dataset.count({ where: { id: killed.id } }), 0);
    assert.equal(existsSync(killed.left), false);
    assert.equal(await db.prisma.dataset.count({ where: { id: going.id } }), 1);
    assert.equal(existsSync(going.left), true);
    const made = () => (existsSync(config.backupDir) ? readdirSync(config.backupDir) : []);
    while (!made().some((name) => name.endsWith('.zst'))) await pause(50);
    assert.match(made().join(), /^duet-[-\dTZ]+\.tar\.zst$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a schedule that comes while its last refresh still runs is passed over, and is followed once that is done or dead', async () => {
  await using db = await createTestDatabase();
  await using _queue = await openJobQueue(db);
  const { prisma } = db;
  const { id: datasetId } = await prisma.dataset.create({ data: { name: 'shop', settings: {}, status: 'done' } });
  const yesterday = new Date(Date.now() - 86_400_000);
  const { id: registeredModelId } = await prisma.registeredModel.create({
    data: { datasetId, name: 'nightly', kind: 'two-tower', schedule: '* * * * *', createdAt: yesterday },
  });
  const { id } = await prisma.refreshRun.create({
    data: { datasetId, registeredModelId, status: 'running', createdAt: yesterday },
  });
  const config = { dataDir: tmpdir(), backupDir: undefined, backupHours: 24, backupKeep: 2 };
  const logged: string[] = [];
  const logger = createLogger({ logLevel: 'silent' }, 'worker');
  logger.warn = logger.info = (...args: unknown[]) => void logged.push(String(args.at(-1)));
  const runs = () => prisma.refreshRun.findMany({ orderBy: { createdAt: 'asc' } });
  /** The worker's next look, up to the moment that it says something. */
  const lookUntil = async (says: string) => {
    logged.length = 0;
    using _upkeep = await keepUp({ db, config, metrics: [], logger });
    while (!logged.some((text) => text.includes(says))) await pause(20);
  };
  {
    // As the process does that refreshes it.
    await using _held = await holdLock(db, `duet refresh ${registeredModelId}`);
    await lookUntil('passed over');
  }
  assert.deepEqual(
    (await runs()).map((run) => [run.id, run.status]),
    [[id, 'running']],
  );
  // That process is gone now: its refresh is told of, and gone on with.
  await lookUntil('its refresh is due: queued');
  assert.ok(logged.includes('refreshes were marked as failed: nobody works on them'));
  const [alert] = await prisma.alert.findMany({ where: { datasetId } });
  assert.match(alert!.sentence, /^The refresh of "nightly" failed: The process that made it ended without a word/);
  assert.deepEqual(
    (await runs()).map((run) => [run.id, run.status, run.error]),
    [[id, 'queued', null]],
  );
  await assert.rejects(queueRefresh(db, { id: registeredModelId, datasetId }, { actor: 'ann' }), { code: 'conflict' });
  await db.pool.query('DELETE FROM pgboss.job');
  await prisma.refreshRun.update({ where: { id }, data: { status: 'done', createdAt: yesterday } });
  await lookUntil('its refresh is due: queued');
  const [, next, ...more] = await runs();
  assert.deepEqual([next?.status, next?.actor, more.length], ['queued', 'schedule', 0]);
});
