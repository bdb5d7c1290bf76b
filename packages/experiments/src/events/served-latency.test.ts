import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestDatabase } from '@duet/db/testing';
import { createExperiment } from '../plan/experiment.ts';
import { openLatencyLog, readServed } from './served-latency.ts';

test('an arm’s latency is right to 5 %, from however many processes; an arm that served nothing has none', async () => {
  await using db = await createTestDatabase();
  const { id: datasetId } = await db.prisma.dataset.create({ data: { name: 'shop', settings: {} } });
  await db.prisma.item.create({ data: { datasetId, externalId: 'tea' } });
  const { id: modelId } = await db.prisma.model.create({ data: { datasetId, name: 'm', kind: 'dat', parameters: {} } });
  const arm = (name: string, control = false) => ({ name, modelId, weight: 0.5, control });
  const experiment = await createExperiment(db, { name: 'e', datasetId, arms: [arm('a', true), arm('b')] });
  const [a, b] = experiment.arms.map(({ id }) => id);
  const onError = (error: unknown) => assert.fail(String(error));
  {
    await using first = openLatencyLog(db, { onError });
    await using second = openLatencyLog(db, { onError });
    for (let ms = 1; ms <= 1000; ms++) (ms % 2 ? first : second).record(a!, ms / 10);
    await first.flush();
    // One of an experiment that was deleted since.
    second.record('01a20f47-6a7c-710a-8ce2-9bb0d584dad6', 5);
  }
  const served = await readServed(db, experiment.id);
  const { p50, p95, p99 } = served.get(a!)!.latencyMs!;
  for (const [actual, exact] of [[p50, 50] as const, [p95, 95] as const, [p99, 99] as const]) {
    assert.ok(Math.abs(actual / exact - 1) < 0.05, `${actual}, not ${exact}`);
  }
  assert.deepEqual(served.get(b!), { itemsShown: 0, catalogue: 1, latencyMs: null });
});
