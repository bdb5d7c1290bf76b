import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openModel } from '@duet/artifact';
import { importDataset } from '@duet/datasets';
import { evaluateBaseline } from './evaluation/judge.ts';
import { createTrainer } from './testing/trainer.ts';
import { trainModel } from './train.ts';

let ctx: Awaited<ReturnType<typeof createTrainer>>;
before(async () => {
  ctx = await createTrainer();
});
after(() => ctx[Symbol.asyncDispose]());

const set = { epochs: 2, layers: [8], augmentedDims: 8, batch: 16, negatives: 8 };

/** Twelve users with six of nine items each, in an order; the rows are `user,item,position` and more. */
const rows = Array.from(
  { length: 72 },
  (_, i) => `u${i % 12},i${(i * 5 + Math.floor(i / 12)) % 9},${Math.floor(i / 12)}`,
);

async function dataset(name: string, interactions: string[], items?: string[]): Promise<string> {
  const write = async (file: string, lines: string[]) => {
    await writeFile(path.join(ctx.dataDir, `${name}-${file}.csv`), lines.join('\n'));
    return path.join(ctx.dataDir, `${name}-${file}.csv`);
  };
  const { datasetId } = await importDataset(ctx, {
    name,
    interactions: await write('interactions', interactions),
    ...(items && { items: await write('items', items) }),
  });
  return datasetId;
}

describe('data that leave nothing to do are refused with the reason, and the run is recorded as failed', () => {
  test('a split that leaves nobody to judge by', async () => {
    const lines = ['user,item,position', 'a,x,0', 'b,y,0', 'b,x,1'];
    const datasetId = await dataset('nobody', lines);
    const refused = { code: 'bad-input', message: /split leave-last-out leaves no user to evaluate/ };
    await assert.rejects(trainModel(ctx, { datasetId, kind: 'dat', set }), refused);
    await assert.rejects(evaluateBaseline(ctx, { datasetId, kind: 'popularity' }), refused);
    const run = await ctx.db.prisma.trainingRun.findFirstOrThrow({ where: { datasetId } });
    assert.equal(run.status, 'failed');
    assert.match(run.error!, /leaves no user to evaluate/);
  });

  test('a split whose training part is empty', async () => {
    const datasetId = await dataset('untrained', ['user,item,split', 'a,x,test', 'b,y,test']);
    await assert.rejects(trainModel(ctx, { datasetId, kind: 'dat', set }), {
      code: 'bad-input',
      message: /leaves no user to evaluate/,
    });
  });
});

test('a category with one item, and items of none, are left out of the alignment', async () => {
  const categories = ['item,category', ...[0, 1, 2, 3].map((i) => `i${i},Many`), 'i4,Two', 'i5,Two', 'i6,One'];
  const datasetId = await dataset('categories', ['user,item,position', ...rows], categories);
  const { evaluation } = await trainModel(ctx, { datasetId, kind: 'dat', set: { ...set, alignment: 0.1 } });
  assert.ok(Number.isFinite(evaluation!.metrics.MRR));
  const run = await ctx.db.prisma.trainingRun.findFirstOrThrow({ where: { datasetId } });
  const curve = run.curve as { loss: Record<string, number> }[];
  assert.ok(curve.every(({ loss }) => Number.isFinite(loss.alignment) && loss.alignment! >= 0));
});

test('where all items are of one category there is nothing to align', async () => {
  const one = ['item,category', ...[0, 1, 2, 3, 4, 5, 6, 7, 8].map((i) => `i${i},All`)];
  const datasetId = await dataset('one', ['user,item,position', ...rows], one);
  await trainModel(ctx, { datasetId, kind: 'dat', set: { ...set, alignment: 0.1 } });
  const run = await ctx.db.prisma.trainingRun.findFirstOrThrow({ where: { datasetId } });
  assert.ok((run.curve as { loss: object }[]).every(({ loss }) => !('alignment' in loss)));
});

test('a user without a history in training is answered as a stranger of the same attributes, and is evaluated', async () => {
  const split = rows.map((row) => `${row},train`);
  const datasetId = await dataset('newcomer', ['user,item,position,split', ...split, 'new,i1,0,test', 'u1,i1,9,test']);
  const { modelId, evaluation } = await trainModel(ctx, { datasetId, kind: 'dat', set });
  assert.equal(evaluation!.users, 1 + Number(!rows.some((row) => row.startsWith('u1,i1,'))));
  await using model = await openModel(ctx.dataDir, modelId, ctx.executor);
  const { vectors, known } = await model.encodeUsers(['new', 'stranger', 'u1']);
  assert.deepEqual(known, [false, false, true]);
  assert.deepEqual(vectors.subarray(0, 8), vectors.subarray(8, 16));
  assert.deepEqual(model.seen('new'), []);
});
