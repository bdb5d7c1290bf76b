import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { userHistories } from '@duet/artifact/inputs';
import { silent } from '@duet/base';
import { loadExamples } from '@duet/datasets/testing';
import { resolveSettings, type TrainingSettings } from '@duet/models';
import { loadTrainingData } from '../data.ts';
import { evaluateVectors } from '../evaluation/evaluate.ts';
import { fitModel } from '../fit.ts';
import { requestOfRun } from '../runs.ts';
import { createTrainer } from '../testing/trainer.ts';
import { trainModel } from '../train.ts';
import { trialSplit } from '../tuning/trial.ts';
import { type CurvePoint, checkpointPath } from './checkpoint.ts';

let ctx: Awaited<ReturnType<typeof createTrainer>>;
let datasetId: string;

before(async () => {
  ctx = await createTrainer();
  datasetId = (await loadExamples(ctx)).smallByIds;
});
after(() => ctx[Symbol.asyncDispose]());

test('with patience, training ends soon after its best epoch and keeps the weights of that', async () => {
  const data = await loadTrainingData(ctx, datasetId);
  const split = trialSplit(data, 'time:0.8');
  const { executor } = ctx;
  // Far too fast, so that later epochs only overfit.
  const set = { epochs: 30, patience: 2, tableLearningRate: 0.5, learningRate: 0.01, negatives: 64, layers: [32] };
  const settings = resolveSettings('two-tower', 'fast', set) as TrainingSettings;
  let curve: CurvePoint[] = [];
  await using fitted = await fitModel({
    ...{ executor, data, settings, kind: 'two-tower', train: split.train, watched: split },
    ...{ seed: 1, progress: silent, label: 'train' },
    onEpoch: async (points) => {
      curve = points;
    },
  });
  const scores = curve.map(({ validation }) => validation['NDCG@100']!);
  const best = scores.indexOf(Math.max(...scores));
  assert.equal(curve.length, best + 1 + 2);
  assert.ok(curve.length < 30);
  const { evaluation } = await evaluateVectors(executor, {
    ...{ encoder: fitted.encoder, items: fitted.itemVectors, split, catalogue: data.catalogue },
    histories: userHistories(data.interactions, split.train),
  });
  assert.equal(evaluation.metrics['NDCG@100'], scores[best]);
});

test('a training that diverges names its last good checkpoint, from which it goes on with calmer settings', async () => {
  // Every touch multiplies a row by 1 − 10 · 1000, so the first often bought item overflows float32.
  const set = { epochs: 1, batch: 64, negatives: 64, tableLearningRate: 10, tableDecay: 1000 };
  const wild = trainModel({ ...ctx, checkpointMinutes: 0 }, { datasetId, kind: 'two-tower', set });
  await assert.rejects(wild, {
    code: 'bad-input',
    message: /at step \d+ of \d+\..* last good checkpoint is that of step /,
  });
  const { id: runId, error, status } = await ctx.db.prisma.trainingRun.findFirstOrThrow();
  assert.equal(status, 'failed');
  const file = checkpointPath(ctx.dataDir, runId);
  assert.ok(existsSync(file));
  const [, failed, kept, named] = /at step (\d+) of .* of step (\d+): (\S+)\. npx duet train --resume/.exec(error!)!;
  assert.ok(Number(kept) > 0 && Number(kept) < Number(failed));
  assert.equal(named, file);
  const begun = await requestOfRun(ctx.db, runId);
  await assert.rejects(trainModel(ctx, begun), /at step \d+ of/, 'the same settings diverge again');
  const calm = { ...begun, set: { ...begun.set, tableLearningRate: 0.001, tableDecay: 0 } };
  const { evaluation } = await trainModel(ctx, calm);
  assert.ok(evaluation!.metrics.MRR! > 0);
});
