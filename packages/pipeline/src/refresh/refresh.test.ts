import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ensureEventPartitions, openJobQueue, type RegisteredModel } from '@duet/db';
import { createTinyShop, type TinyShop } from '@duet/ranking/testing';
import { listAlerts } from '../alerts/alerts.ts';
import { promote } from '../registry/champion.ts';
import { listDeployments } from '../registry/deployment.ts';
import { changeRegisteredModel, registerModel } from '../registry/registered-model.ts';
import { failCutRefreshes } from './cut.ts';
import { dueModels } from './due.ts';
import { refreshModel } from './refresh.ts';

const ann = { actor: 'ann' };

describe('a refresh', () => {
  let shop: TinyShop;
  let registered: RegisteredModel;

  before(async () => {
    shop = await createTinyShop();
    await shop.db.prisma.deployment.deleteMany();
    registered = await registerModel(
      shop.db,
      shop.datasetId,
      // Small lists of a small shop: what is checked here is the walk, not how good the model is.
      { name: 'nightly', kind: 'two-tower', preset: 'fast', parameters: { epochs: 1 }, gate: { margin: 0.5 } },
      ann,
    );
  });
  after(() => shop[Symbol.asyncDispose]());
  /** Shoppers who saw a list just now. */
  const seen = async (...userIds: string[]) => {
    const occurredAt = new Date();
    const day = occurredAt.toISOString().slice(0, 10);
    await ensureEventPartitions(shop.db, [day]);
    for (const userId of userIds) {
      await shop.db.prisma.event.create({
        data: {
          ...{ day: new Date(day), eventId: crypto.randomUUID(), type: 'impression', userId, itemId: 'i1' },
          ...{ occurredAt, receivedAt: occurredAt, datasetId: shop.datasetId, placement: 'home' },
        },
      });
    }
  };

  const runs = () => shop.db.prisma.refreshRun.findMany({ orderBy: { createdAt: 'asc' } });
  const champion = async () =>
    (
      await shop.db.prisma.registeredModel.findUniqueOrThrow({
        where: { id: registered.id },
        include: { champion: true },
      })
    ).champion?.version;

  test('measures a twin, learns everything, indexes, and makes the first version the champion, which is deployed', async () => {
    const result = await refreshModel(shop, registered, ann);
    assert.deepEqual([result.version, result.promoted, await champion()], [1, true, 1]);
    assert.ok(result.metrics['HR@50']! > 0);
    const version = await shop.db.prisma.model.findUniqueOrThrow({ where: { id: result.modelId } });
    assert.equal((version.parameters as { split: string }).split, 'none');
    assert.equal((await listDeployments(shop.db, shop.datasetId))[0]?.model.name, 'nightly');
    const [run] = await runs();
    const stages = run!.stages as { name: string; sentence: string; finishedAt: string | null }[];
    assert.deepEqual(
      stages.map(({ name }) => name),
      ['data', 'measure', 'refit', 'index', 'gate', 'shadow'],
    );
    assert.ok(stages.every(({ sentence, finishedAt }) => sentence !== '' && finishedAt !== null));
  });

  test('goes on with one that was cut, and does nothing twice', async () => {
    const stop = new AbortController();
    const progress = ({ step }: { step: string }) => {
      if (step.startsWith('index')) stop.abort(new Error('cut'));
    };
    await assert.rejects(refreshModel({ ...shop, progress, signal: stop.signal }, registered, ann), /cut/);
    await seen('u1', 'u2', 'u3');
    const trainings = await shop.db.prisma.trainingRun.count();
    const cut = (await runs()).at(-1)!;
    assert.equal(cut.status, 'running');
    {
      await using _queue = await openJobQueue(shop.db, { supervise: false });
      await shop.db.pool.query(
        `UPDATE "RefreshRun" SET "createdAt" = "createdAt" - interval '2 min', "startedAt" = "startedAt" - interval '2 min'`,
      );
      assert.equal(await failCutRefreshes(shop.db), 1);
    }
    assert.equal((await runs()).at(-1)?.status, 'failed');
    const result = await refreshModel(shop, registered, ann);
    assert.deepEqual([result.version, await shop.db.prisma.trainingRun.count()], [2, trainings]);
    assert.equal((await runs()).length, 2);
    assert.ok(result.gate.checks.some(({ name }) => name === 'champion'));
    const shadow = result.gate.checks.filter(({ name }) => name.startsWith('shadow-'));
    assert.deepEqual([shadow.length, shadow.every(({ passed }) => passed)], [3, true]);
    assert.match(shadow[1]!.sentence, /^0 of 3 requests of the last hour get no item, 0 by the champion/);
    assert.deepEqual([result.promoted, await champion()], [true, 2]);
  });

  test('holds back what does not pass the gate, with the reason, and leaves the champion', async () => {
    await changeRegisteredModel(shop.db, registered.id, { gate: { coverage: 1 } }, ann);
    const result = await refreshModel(shop, registered, ann);
    assert.equal(result.promoted, false);
    assert.match(result.sentence, /^Version 3 is held back\. .*catalogue is among somebody's first 20/);
    assert.equal(await champion(), 2);
  });

  test('waits for a person where the registered model says so', async () => {
    const patch = { gate: { margin: 0.5 }, promotion: 'ask', fullEvery: 5 } as const;
    await changeRegisteredModel(shop.db, registered.id, patch, ann);
    const result = await refreshModel(shop, registered, ann);
    const { stages } = (await runs()).at(-1)!;
    const refit = (stages as { name: string; sentence: string }[]).find(({ name }) => name === 'refit');
    assert.match(refit!.sentence, /learnt from every interaction, from the weights of version 2 on/);
    assert.deepEqual([result.gate.passed, result.promoted, await champion()], [true, false, 2], result.sentence);
    assert.match(result.sentence, /waits for somebody/);
    const open = async () =>
      (await listAlerts(shop.db, shop.datasetId)).flatMap(({ kind, closedAt }) => (closedAt === null ? [kind] : []));
    assert.deepEqual(await open(), ['promotion-waits']);
    await promote(shop.db, registered, { version: result.version, reason: 'It looks good.' }, ann);
    assert.deepEqual(await open(), []);
  });

  test('is one at a time', async () => {
    const both = await Promise.allSettled([refreshModel(shop, registered, ann), refreshModel(shop, registered, ann)]);
    assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    const refused = both.find((one) => one.status === 'rejected');
    assert.equal((refused!.reason as { code: string }).code, 'conflict');
  });

  test('is due once after its schedule named it, however often it was missed', async () => {
    const day = 86_400_000;
    await changeRegisteredModel(shop.db, registered.id, { schedule: '0 3 * * *' }, ann);
    const [last] = (await runs()).slice(-1);
    const days = (n: number) => new Date(last!.createdAt.getTime() + n * day);
    assert.equal((await dueModels(shop.db, days(0))).length, 0);
    const [due, ...more] = await dueModels(shop.db, days(5));
    assert.deepEqual([due?.registered.id, due?.running, more.length], [registered.id, false, 0]);
    assert.equal(due?.at.getUTCHours(), 3);
    await shop.db.prisma.refreshRun.update({ where: { id: last!.id }, data: { status: 'running' } });
    assert.equal((await dueModels(shop.db, days(5)))[0]?.running, true);
  });
});
