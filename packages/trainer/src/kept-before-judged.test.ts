import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openModel } from '@duet/artifact';
import { loadExamples } from '@duet/datasets/testing';
import { evaluateBaseline, evaluateModel } from './evaluation/judge.ts';
import { requestOfRun } from './runs.ts';
import { createTrainer } from './testing/trainer.ts';
import { trainModel } from './train.ts';
import type { TrainerContext } from './trainer-context.ts';

let ctx: TrainerContext & AsyncDisposable;
let datasetId: string;
before(async () => {
  ctx = await createTrainer();
  datasetId = (await loadExamples(ctx)).smallByIds;
});
after(() => ctx[Symbol.asyncDispose]());

const set = { epochs: 1, negatives: 64 };

test('a training whose evaluation fails leaves its model, which is measured when the run is taken up', async () => {
  const request = { datasetId, kind: 'two-tower', set };
  const failing = ({ unit }: { unit: string }) => {
    if (unit === 'users') throw new Error('no memory is left');
  };
  await assert.rejects(trainModel({ ...ctx, progress: failing }, request), /no memory is left/);
  const { prisma } = ctx.db;
  const run = await prisma.trainingRun.findFirstOrThrow({ orderBy: { createdAt: 'desc' } });
  assert.deepEqual([run.status, run.error], ['failed', 'no memory is left']);
  await using model = await openModel(ctx.dataDir, run.modelId!, ctx.executor);
  assert.equal(model.kind, 'two-tower');
  assert.deepEqual((await prisma.model.findUniqueOrThrow({ where: { id: model.id } })).metrics, {});

  const units = new Set<string>();
  const heard = { ...ctx, progress: ({ unit }: { unit: string }) => units.add(unit) };
  const again = await trainModel(heard, await requestOfRun(ctx.db, run.id));
  assert.equal(again.modelId, run.modelId);
  assert.deepEqual([...units], ['users'], 'nothing is trained again');
  const whole = await trainModel(ctx, request);
  assert.deepEqual(again.evaluation, whole.evaluation);
  const { metrics } = await prisma.model.findUniqueOrThrow({ where: { id: run.modelId! } });
  assert.deepEqual(metrics, { [again.evaluation!.split]: again.evaluation });
  assert.equal((await prisma.trainingRun.findUniqueOrThrow({ where: { id: run.id } })).status, 'done');
});

test('an evaluation ranks for no more users than it may, the same for every model', async () => {
  const all = await evaluateBaseline(ctx, { datasetId, kind: 'popularity' });
  const limit = Math.floor(all.evaluation.users / 2);
  const drawn = await evaluateBaseline(ctx, { datasetId, kind: 'popularity', evaluationUsers: limit });
  assert.deepEqual([drawn.evaluation.users, drawn.evaluation.drawnFrom], [limit, all.evaluation.users]);
  assert.equal(all.evaluation.drawnFrom, undefined);
  const { modelId, rankings } = await trainModel(ctx, { datasetId, kind: 'wals', evaluationUsers: limit });
  assert.deepEqual(rankings!.user, drawn.rankings.user);
  const { evaluation } = await evaluateModel(ctx, { modelId, evaluationUsers: Number.POSITIVE_INFINITY });
  assert.equal(evaluation.users, all.evaluation.users);
});
