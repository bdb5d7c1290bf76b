import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { registerHooks } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { createTestDatabase } from '@duet/db/testing';
import type { EventInput } from '../events/event-schema.ts';

/**
 * What somebody would add to the end of the table in measures.ts: one measure that is kept, and one made of another.
 */
const entries = `
  returns: { daily: count(\`"type" = 'refund'\`) },
  clicksSquared: { derived: (soFar) => \`\${soFar('clicks')} * \${soFar('clicks')}\` },
`;
/** And the migration of the one that is kept. */
const migration = 'ALTER TABLE "RollupUserDay" ADD COLUMN "returns" bigint NOT NULL DEFAULT 0';

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!url.endsWith('/metrics/measures.ts')) return loaded;
    const end = '} as const satisfies Record<string, Source>;';
    const [before, after, more] = String(loaded.source).split(end);
    assert.ok(after !== undefined && more === undefined);
    return { ...loaded, source: `${before}${entries}${end}${after}` };
  },
});

test('a measure is one entry and its migration, a metric one object: both come out of a report', async (t) => {
  const { logEvents } = await import('../events/log-events.ts');
  const { openEventSink } = await import('../events/event-writer.ts');
  const { startExperiment } = await import('../lifecycle/lifecycle.ts');
  const { readMetrics } = await import('../metrics/experiment-metrics.ts');
  const { createExperiment } = await import('../plan/experiment.ts');
  const { experimentReport } = await import('../report/report.ts');

  await using db = await createTestDatabase();
  await db.pool.query(migration);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'duet-metrics-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'metrics.json');
  const like = { unit: 'count', direction: 'down' };
  await writeFile(
    file,
    JSON.stringify([
      { key: 'returnsPerOrder', title: 'returns per order', numerator: 'returns', denominator: 'orders', ...like },
      { key: 'squares', title: 'clicks squared', numerator: 'clicksSquared', denominator: 'users', ...like },
    ]),
  );

  const { id: datasetId } = await db.prisma.dataset.create({ data: { name: 's', currency: 'GBP', settings: {} } });
  const model = await db.prisma.model.create({ data: { datasetId, name: 'm', kind: 'dat', parameters: {} } });
  const arm = (name: string, control: boolean) => ({ name, modelId: model.id, weight: 0.5, control });
  const metrics = await readMetrics(file);
  const plan = { name: 'new', datasetId, arms: [arm('a', true), arm('b', false)], primaryMetric: 'squares' };
  const { id, arms } = await createExperiment(db, plan, { metrics });
  const start = Date.parse('2026-03-02T00:00:00Z');
  await startExperiment(db, 'new', { now: new Date(start) });
  // 200 users an arm: user i of arm b clicks i % 3 times; every second one orders twice and sends one of them back.
  const events = arms.flatMap(({ id: armId, name }) =>
    Array.from({ length: 200 }, (_, i) => {
      const userId = `${name}${i}`;
      const did = (type: EventInput['type'], hour: number, more: Partial<EventInput> = {}): EventInput => ({
        ...{
          eventId: randomUUID(),
          type,
          userId,
          itemId: 'x',
          occurredAt: new Date(start + hour * 3_600_000).toISOString(),
        },
        ...more,
      });
      const money = { valueMinor: 500, currency: 'GBP' };
      const clicks = name === 'b' ? i % 3 : 0;
      return [
        did('impression', 1, { experimentId: id, armId }),
        ...Array.from({ length: clicks }, (_, click) => did('click', 2 + click)),
        ...(i % 2 === 0
          ? [did('order', 5, { orderId: '1', ...money }), did('order', 6, { orderId: '2', ...money })]
          : []),
        ...(i % 2 === 0 && name === 'b' ? [did('refund', 30, { orderId: '2', ...money })] : []),
      ];
    }).flat(),
  );
  const now = new Date(start + 48 * 3_600_000);
  const { rejected } = await logEvents(openEventSink(db), events, { now });
  assert.deepEqual(rejected, []);

  const report = await experimentReport(db, id, { now, metrics });
  const [a, b] = report.arms;
  assert.deepEqual([a!.metrics.returnsPerOrder!.value, b!.metrics.returnsPerOrder!.value], [0, 0.5]);
  // Σ (i % 3)² over 200 users: 67 ones and 66 fours.
  assert.deepEqual([a!.metrics.squares!.value, b!.metrics.squares!.value], [0, (67 + 4 * 66) / 200]);
  assert.ok(b!.lift!.squares!.p! < 1e-9);
  assert.match(report.conclusion, /clicks squared/);
});
