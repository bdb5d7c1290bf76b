import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openModel } from '@duet/artifact';
import { situationReader } from '@duet/artifact/inputs';
import { type Interactions, importDataset } from '@duet/datasets';
import { evaluateModel } from '../evaluation/judge.ts';
import { createTrainer } from '../testing/trainer.ts';
import { trainModel } from '../train.ts';
import { buildContext, contextOfRows } from './build-context.ts';

/** Four interactions on a Thursday (1 January 1970, 00:00 UTC) and the day after, by device. */
const x: Interactions = {
  users: ['u'],
  items: ['i'],
  user: new Int32Array(4),
  item: new Int32Array(4),
  time: Float64Array.of(0, 3 * 3600, 24 * 3600, 27 * 3600),
  weight: new Float32Array(4),
  valueMinor: new Float64Array(4),
  context: { device: { values: ['desk', 'phone', 'tv'], code: Int32Array.of(1, 1, 0, -1) } },
};

describe('the situation of a request', () => {
  test('is its declared columns, and its hour and weekday in UTC where all are asked for', () => {
    const all = Int32Array.of(0, 1, 2, 3);
    const { 'context.hour': hour, 'context.weekday': weekday, 'context.device': device } = buildContext(x, all, 'all');
    assert.deepEqual(hour, { vocabulary: ['0', '3'], row: Int32Array.of(1, 2, 1, 2) });
    assert.deepEqual(weekday, { vocabulary: ['4', '5'], row: Int32Array.of(1, 1, 2, 2) });
    // One desk is too few to learn from.
    assert.deepEqual(device, { vocabulary: ['phone'], row: Int32Array.of(1, 1, 0, 0) });
    assert.deepEqual(Object.keys(buildContext(x, all, 'declared')), ['context.device']);
    assert.deepEqual(buildContext(x, all, 'none'), {});
    assert.deepEqual(Object.keys(buildContext({ ...x, clock: 'position' }, all, 'all')), ['context.device']);
  });

  test('has the vocabulary of the rows that are learnt from', () => {
    const context = buildContext(x, Int32Array.of(2, 3), 'all');
    assert.deepEqual(context['context.weekday'], { vocabulary: ['5'], row: Int32Array.of(0, 0, 1, 1) });
    assert.deepEqual(context['context.device']!.vocabulary, []);
  });

  test('is heard the same from a row and from what a request says; what is not said or unheard of is row 0', () => {
    const context = buildContext(x, Int32Array.of(0, 1, 2, 3), 'all');
    const hear = situationReader(context);
    const heard = hear({ time: 27 * 3600 + 59, values: { device: 'phone' } });
    assert.deepEqual(heard, { 'context.device': 1, 'context.hour': 2, 'context.weekday': 2 });
    assert.deepEqual(hear({ time: 27 * 3600, values: { device: 'watch' } })['context.device'], 0);
    assert.deepEqual(Object.values(hear(undefined)), [0, 0, 0]);
    const bags = contextOfRows(context, Int32Array.of(3, -1));
    assert.deepEqual([...bags['context.hour']!.row], [2, 0]);
  });
});

describe('a model that hears of the situation', () => {
  let ctx: Awaited<ReturnType<typeof createTrainer>>;
  before(async () => {
    ctx = await createTrainer();
  });
  after(() => ctx[Symbol.asyncDispose]());

  test('finds what a situation alone decides, and answers the same from its artifact', async () => {
    // Everybody takes small things on the phone and large ones at the desk; which of the sixty is chance.
    const rows = Array.from({ length: 2400 }, (_, i) => {
      const device = i % 7 < 3 ? 'phone' : 'desk';
      const item = (Math.imul(i + 1, 0x9e3779b1) >>> 8) % 60;
      return `u${i % 80},${device === 'phone' ? 'small' : 'large'}${item},${i},${device}`;
    });
    const file = path.join(ctx.dataDir, 'devices.csv');
    await writeFile(file, ['user,item,time,device', ...rows].join('\n'));
    const { datasetId } = await importDataset(ctx, { name: 'devices', interactions: file, context: ['device'] });
    const set = { epochs: 10, layers: [16], batch: 128, negatives: 64, history: 0, tableLearningRate: 0.02 };
    const train = (context: string) =>
      trainModel(ctx, { datasetId, kind: 'two-tower', set: { ...set, context }, split: 'leave-last-out' });
    const deaf = await train('none');
    const { modelId, evaluation } = await train('declared');
    // A user has had about fifteen of each sixty: the 45 others of the situation fit into 50, and half as many rank
    // above.
    assert.equal(evaluation!.metrics['HR@50'], 1);
    assert.ok(deaf.evaluation!.metrics['HR@50']! < 0.95);
    assert.ok(evaluation!.metrics.MRR! > 1.3 * deaf.evaluation!.metrics.MRR!);
    const again = await evaluateModel(ctx, { modelId });
    assert.ok(Math.abs(again.evaluation.metrics.MRR! - evaluation!.metrics.MRR!) < 1e-9);

    await using model = await openModel(ctx.dataDir, modelId, ctx.executor);
    const [phone, desk] = ['phone', 'desk'].map((device) => ({ values: { device } }));
    const { vectors } = await model.encodeUsers(['u1', 'u1'], [phone, desk]);
    const dims = model.dimensions;
    const best = [0, 1].map((user) => {
      const scores = model.items.map((_, item) => {
        let sum = 0;
        for (let d = 0; d < dims; d++) sum += vectors[user * dims + d]! * model.itemVectors[item * dims + d]!;
        return sum;
      });
      return model.items[scores.indexOf(Math.max(...scores))]!.slice(0, 5);
    });
    assert.deepEqual(best, ['small', 'large']);
    assert.notEqual(model.situationKey(phone!), model.situationKey(desk!));
    assert.equal(model.situationKey({ time: 5 }), model.situationKey({}));
  });
});
