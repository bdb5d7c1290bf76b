import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Database } from './database.ts';
import { Prisma } from './generated/client.ts';
import { ensureEventPartitions } from './partitions.ts';
import { createTestDatabase } from './testing.ts';

/** One row of every model, related to each other. */
async function fill({ prisma, ...database }: Database) {
  await ensureEventPartitions({ prisma, ...database }, ['2026-02-20']);
  const dataset = await prisma.dataset.create({ data: { name: 'shop', settings: { strict: true } } });
  const datasetId = dataset.id;
  const category = await prisma.category.create({ data: { datasetId, name: 'Tea' } });
  const datasetUser = await prisma.datasetUser.create({ data: { datasetId, externalId: '17850', title: 'tea cup' } });
  const item = await prisma.item.create({
    data: {
      datasetId,
      externalId: '85123A',
      categoryId: category.id,
      priceMinor: 255,
      attributes: { colour: 'white' },
    },
  });
  const model = await prisma.model.create({ data: { datasetId, name: 'dat', kind: 'dat', parameters: { seed: 1 } } });
  const trainingRun = await prisma.trainingRun.create({ data: { datasetId, modelId: model.id, kind: 'dat' } });
  const importRun = await prisma.importRun.create({ data: { datasetId, status: 'done', request: { tables: {} } } });
  const tuning = await prisma.tuning.create({
    data: { datasetId, kind: 'dat', request: { trials: 27 }, fingerprint: '00' },
  });
  const trial = await prisma.trial.create({
    data: { tuningId: tuning.id, number: 0, rung: 0, parameters: { epochs: 3 }, score: 0.12, seconds: 4.5 },
  });
  const index = await prisma.index.create({
    data: {
      modelId: model.id,
      factory: 'Flat',
      engine: 'faiss',
      dimensions: 32,
      size: 3000,
      bytes: 2n ** 40n,
      buildMs: 3,
      recallAt100: 1,
      p50Us: 40.5,
      p99Us: 80,
      active: true,
    },
  });
  const ranker = await prisma.ranker.create({ data: { datasetId, parameters: [0.1, 0.2] } });
  const rule = await prisma.rule.create({
    data: { datasetId, kind: 'pin', itemId: item.externalId, place: 1, note: 'Mother’s Day' },
  });
  const experiment = await prisma.experiment.create({
    data: { datasetId, rankerId: ranker.id, name: 'DAT against two-tower', seed: 's' },
  });
  const arm = await prisma.arm.create({
    data: {
      experimentId: experiment.id,
      name: 'DAT',
      position: 0,
      weight: 0.5,
      control: true,
      modelId: model.id,
      indexId: index.id,
    },
  });
  const experimentPhase = await prisma.experimentPhase.create({
    data: {
      experimentId: experiment.id,
      number: 1,
      startedAt: new Date('2026-02-20T00:00:00Z'),
      arms: [{ id: arm.id }],
      settings: {},
    },
  });
  const auditLog = await prisma.auditLog.create({
    data: { actor: 'ann', action: 'create', objectKind: 'experiment', objectId: experiment.id, after: { name: 'DAT' } },
  });
  const account = await prisma.account.create({ data: { email: 'ann@shop.example', name: 'Ann', role: 'analyst' } });
  const accountLink = await prisma.accountLink.create({
    data: { accountId: account.id, kind: 'invitation', tokenHash: '00', expiresAt: new Date('2026-02-20T00:00:00Z') },
  });
  const adminSession = await prisma.adminSession.create({
    data: { accountId: account.id, expiresAt: new Date('2026-02-20T00:00:00Z') },
  });
  const installation = await prisma.installation.create({ data: { id: crypto.randomUUID() } });
  const apiKey = await prisma.apiKey.create({
    data: { name: 'shop', kind: 'publishable', datasetId, prefix: 'pk_x', hash: '00', scopes: ['events'] },
  });
  const userAlias = await prisma.userAlias.create({ data: { datasetId, anonymousId: 'visitor-1', userId: 'u' } });
  const categoryAlias = await prisma.categoryAlias.create({ data: { datasetId, name: 'Lamps', to: 'Lights' } });
  const bulkRun = await prisma.bulkRun.create({ data: { datasetId, request: { of: 'users' } } });
  const erasure = await prisma.erasure.create({ data: { datasetId, fingerprint: '00', removed: { Event: 3 } } });
  const signingSecret = await prisma.signingSecret.create({ data: { datasetId, secret: 'vs_x' } });
  const event = await prisma.event.create({
    data: {
      day: new Date('2026-02-20'),
      eventId: '01a20f47-6a7c-710a-8ce2-9bb0d584dad6',
      type: 'order',
      occurredAt: new Date('2026-02-20T23:00:00.123Z'),
      userId: '17850',
      itemId: item.externalId,
      experimentId: experiment.id,
      armId: arm.id,
      valueMinor: 2n ** 53n + 1n,
    },
  });
  const day = new Date('2026-02-20');
  const experimentId = experiment.id;
  const rollup = await prisma.rollup.create({ data: { experimentId, basis: { phase: 1 }, through: day } });
  const before = { preImpressions: 3n, preClicks: 2n, preOrders: 1n, preGmvMinor: 2n ** 53n + 1n };
  const rollupUser = await prisma.rollupUser.create({
    data: {
      ...{ experimentId, userId: '17850', status: 'counted', armId: arm.id, firstDay: day },
      ...{ device: 'phone', visitor: 'new', lateEvents: 0, ...before },
    },
  });
  const rollupUserDay = await prisma.rollupUserDay.create({
    data: {
      ...{ experimentId, userId: '17850', category: '', day, impressions: 5n, clicks: 1n, carts: 1n },
      ...{ orders: 1n, units: 2n, gmvMinor: 2n ** 53n + 1n, refundMinor: 0n },
    },
  });
  const rollupDay = await prisma.rollupDay.create({
    data: {
      ...{ experimentId, phase: 1, armId: arm.id, dimension: '', segment: '', day, users: 1n },
      moments: [new Prisma.Decimal('81129638414606699710187514626049')],
    },
  });
  const rollupItem = await prisma.rollupItem.create({
    data: { experimentId, phase: 1, armId: arm.id, itemId: item.externalId },
  });
  const seen = { controlImpressions: 5n, treatmentImpressions: 4n };
  const interleavedUserDay = await prisma.interleavedUserDay.create({
    data: { ...{ experimentId, userId: '17850', day, ...seen }, controlClicks: 1n, treatmentClicks: 2n },
  });
  const interleavedDay = await prisma.interleavedDay.create({
    data: {
      ...{ experimentId, phase: 1, day, users: 1n, wins: 1n, losses: 0n, ...seen },
      moments: [2, 3, 4, 9, 6].map((sum) => new Prisma.Decimal(sum)),
    },
  });
  const servedLatency = await prisma.servedLatency.create({ data: { armId: arm.id, bucket: 80, count: 2n ** 40n } });
  const living = await fillLiving({ prisma, ...database }, datasetId, model.id);
  return {
    ...living,
    ...{ rollup, rollupUser, rollupUserDay, rollupDay, rollupItem, servedLatency },
    ...{ interleavedUserDay, interleavedDay },
    ...{ dataset, datasetUser, category, item, model, trainingRun, importRun, tuning, trial, index, ranker, rule },
    ...{
      experiment,
      experimentPhase,
      auditLog,
      arm,
      account,
      accountLink,
      adminSession,
      apiKey,
      installation,
      signingSecret,
      userAlias,
      bulkRun,
      erasure,
      categoryAlias,
      event,
    },
  };
}

/** What a dataset lives by. */
async function fillLiving({ prisma }: Database, datasetId: string, modelId: string) {
  const datasetPart = await prisma.datasetPart.create({
    data: {
      datasetId,
      source: 'file',
      origin: { file: 'orders.csv' },
      interactions: 3,
      bytes: 2n ** 40n,
      sha256: '00',
    },
  });
  const snapshot = await prisma.snapshot.create({
    data: {
      ...{ datasetId, number: 1, partIds: [datasetPart.id], fingerprint: '00', catalogueVersion: 2n ** 40n },
      ...{ interactions: 3, users: 2, items: 2 },
    },
  });
  const eventFold = await prisma.eventFold.create({ data: { datasetId, through: new Date('2026-02-20T00:00:00Z') } });
  const registeredModel = await prisma.registeredModel.create({
    data: {
      datasetId,
      name: 'dat-nightly',
      kind: 'dat',
      schedule: '0 3 * * *',
      timeZone: 'Europe/London',
      championId: modelId,
    },
  });
  const registeredModelId = registeredModel.id;
  const deployment = await prisma.deployment.create({ data: { datasetId, registeredModelId, changedBy: 'ann' } });
  const championChange = await prisma.championChange.create({
    data: { registeredModelId, toModelId: modelId, actor: 'worker', reason: 'the first' },
  });
  const refreshRun = await prisma.refreshRun.create({
    data: { datasetId, registeredModelId, snapshotId: snapshot.id, modelId, gate: { passed: true, checks: [] } },
  });
  const healthCheck = await prisma.healthCheck.create({
    data: { datasetId, name: 'rows-a-day', state: 'warn', value: 0.5, sentence: 'Half of the usual.' },
  });
  const alert = await prisma.alert.create({
    data: { datasetId, kind: 'data-stopped', key: `data-stopped/${datasetId}`, sentence: 'No event for a day.' },
  });
  const alertDestination = await prisma.alertDestination.create({
    data: { datasetId, name: 'pager', url: 'https://pager.example/duet', secret: 'signs', kinds: ['data-stopped'] },
  });
  const answerCount = await prisma.answerCount.create({
    data: {
      ...{ datasetId, at: new Date('2026-02-20T00:10:00Z'), placement: 'home', armId: '', modelId },
      ...{ source: 'model', answers: 3n, empty: 1n },
    },
  });
  const pendingInteraction = await prisma.pendingInteraction.create({
    data: { datasetId, row: { user: '17850', item: '21730' } },
  });
  return {
    ...{ datasetPart, snapshot, eventFold, registeredModel, deployment, championChange, refreshRun, healthCheck },
    ...{ alert, alertDestination, answerCount, pendingInteraction },
  };
}

describe('the schema', { concurrency: true }, () => {
  test('gives back what was written, for every model', async () => {
    await using database = await createTestDatabase();
    const written = await fill(database);
    const models = Object.values(Prisma.ModelName).map((name) => name[0]!.toLowerCase() + name.slice(1));
    assert.deepEqual(Object.keys(written).sort(), models.sort());
    for (const [name, row] of Object.entries(written)) {
      const model = database.prisma[name as 'item'];
      assert.deepEqual(await model.findMany(), [row], name);
    }
  });

  test('deletes with a dataset what belongs to it, yet no model that an arm serves', async () => {
    await using database = await createTestDatabase();
    const { dataset, model } = await fill(database);
    const { prisma } = database;
    await assert.rejects(prisma.model.delete({ where: { id: model.id } }), { code: 'P2003' });
    await prisma.dataset.delete({ where: { id: dataset.id } });
    const left = await Promise.all([
      prisma.item.count(),
      prisma.arm.count(),
      prisma.index.count(),
      prisma.event.count(),
      prisma.auditLog.count(),
    ]);
    assert.deepEqual(left, [0, 0, 0, 1, 1]);
  });

  test('holds one active index per model, one control per experiment, one open alert of a kind, and shares between 0 and 1', async () => {
    await using database = await createTestDatabase();
    const { alert, arm, experiment, index } = await fill(database);
    const { prisma } = database;
    const { id: _index, curve: _curve, candidates: _candidates, ...others } = index;
    const second = { ...others, version: 2 };
    await assert.rejects(prisma.index.create({ data: second }), { code: 'P2002' });
    await prisma.index.create({ data: { ...second, active: false } });
    const { id: _arm, ...other } = { ...arm, name: 'two-tower', position: 1, settings: {} };
    await assert.rejects(prisma.arm.create({ data: other }), { code: 'P2002' });
    await prisma.arm.create({ data: { ...other, control: false } });
    await assert.rejects(prisma.arm.update({ where: { id: arm.id }, data: { weight: 1.5 } }), /Arm_weight_check/);
    const negativeShare = { where: { id: experiment.id }, data: { trafficShare: -0.1 } };
    await assert.rejects(prisma.experiment.update(negativeShare), /Experiment_trafficShare_check/);
    const slice = { where: { id: experiment.id }, data: { layerFrom: 6000, layerTo: 5000 } };
    await assert.rejects(prisma.experiment.update(slice), /Experiment_layer_check/);
    const { id: _alert, ...again } = { ...alert, detail: {} };
    await assert.rejects(prisma.alert.create({ data: again }), { code: 'P2002' });
    await prisma.alert.update({ where: { id: alert.id }, data: { closedAt: new Date() } });
    await prisma.alert.create({ data: again });
    const holdout = { where: { id: experiment.datasetId }, data: { holdout: 1 } };
    await assert.rejects(prisma.dataset.update(holdout), /Dataset_holdout_check/);
  });
});
