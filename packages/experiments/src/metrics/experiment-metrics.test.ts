import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { metrics, readMetrics } from './experiment-metrics.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'duet-metrics-'));
});
after(() => rm(folder, { recursive: true }));

const written = async (content: unknown) => {
  const file = path.join(folder, 'metrics.json');
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
};
const shopMetric = {
  key: 'ordersPerClick',
  title: 'orders per click',
  unit: 'share',
  direction: 'up',
  numerator: 'orders',
  denominator: 'clicks',
};

test('a shop’s own metrics come after Duet’s', async () => {
  assert.deepEqual(await readMetrics(), metrics);
  assert.deepEqual(await readMetrics(await written([shopMetric])), [...metrics, shopMetric]);
});

test('a file of metrics that is wrong is refused by name, place and reason', async () => {
  const cases: [content: unknown, reason: RegExp][] = [
    ['{', /metrics\.json.*no JSON/],
    [[{ ...shopMetric, numerator: 'profit' }], /0\.numerator.*Measures are impressions, clicks/],
    [[{ ...shopMetric, key: 'ctr' }], /two metrics "ctr"/],
    [[{ ...shopMetric, formula: 'a/b' }], /formula/],
  ];
  for (const [content, reason] of cases) await assert.rejects(readMetrics(await written(content)), reason);
  await assert.rejects(readMetrics(path.join(folder, 'none.json')), /none\.json.*cannot be read/);
});
