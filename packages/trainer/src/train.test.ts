import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { exportTowers, openModel } from '@duet/artifact';
import { loadExamples } from '@duet/datasets/testing';
import { evaluateBaseline, evaluateModel } from './evaluation/judge.ts';
import { createTrainer } from './testing/trainer.ts';
import { trainModel } from './train.ts';

let ctx: Awaited<ReturnType<typeof createTrainer>>;
let wholeId: string;
/** A fifth of its users: one quick epoch is enough to learn from. */
let activeId: string;
/** A few of these: trains in a moment. */
let smallId: string;

before(async () => {
  ctx = await createTrainer();
  ({ whole: wholeId, active: activeId, small: smallId } = await loadExamples(ctx));
});
after(() => ctx[Symbol.asyncDispose]());

/** One quick epoch: enough to beat popularity, not to be good. */
const quick = { epochs: 1, batch: 256, negatives: 128 };
const within = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not within ${tolerance} of ${expected}`);

describe('on online-retail, split at the 80 % quantile of time, new items only', () => {
  // shared/data/README.md: numpy, recall@50 = hits / min(targets, 50).
  test('popularity has the recall@50 that numpy found', async () => {
    const { evaluation } = await evaluateBaseline(ctx, { datasetId: wholeId, kind: 'popularity' });
    within(evaluation.metrics['Recall@50']!, 0.0806, 0.005);
  });

  test('item-kNN has the recall@50 that numpy found', async () => {
    const { evaluation } = await evaluateBaseline(ctx, { datasetId: wholeId, kind: 'item-knn' });
    within(evaluation.metrics['Recall@50']!, 0.1294, 0.005);
  });
});

describe('on some of its users, split in the same way', () => {
  test('a baseline is kept in one row however often it is judged', async () => {
    const first = await evaluateBaseline(ctx, { datasetId: smallId, kind: 'item-knn' });
    const second = await evaluateBaseline(ctx, { datasetId: smallId, kind: 'item-knn' });
    assert.equal(second.modelId, first.modelId);
    assert.deepEqual(second.evaluation, first.evaluation);
    // With more items that compete, no target comes earlier.
    const { evaluation } = await evaluateBaseline(ctx, { datasetId: smallId, kind: 'item-knn', mask: false });
    assert.equal(evaluation.masked, false);
    assert.ok(evaluation.metrics.MRR! < first.evaluation.metrics.MRR!);
    const { metrics } = await ctx.db.prisma.model.findUniqueOrThrow({ where: { id: first.modelId } });
    assert.deepEqual(metrics, { 'time:0.8': first.evaluation }, 'and only the masked answer is kept');
  });

  let popular: ReturnType<typeof evaluateBaseline> | undefined;
  for (const kind of ['fm', 'youtube-dnn', 'mind', 'two-tower', 'dat']) {
    test(`${kind} beats popularity after one epoch, and answers the same from its artifact`, async () => {
      popular ??= evaluateBaseline(ctx, { datasetId: activeId, kind: 'popularity' });
      const popularity = await popular;
      // The one that learns slowest takes more steps.
      const set = { ...quick, history: 20, ...(kind === 'youtube-dnn' && { batch: 128 }) };
      const { modelId, runId, evaluation } = await trainModel(ctx, { datasetId: activeId, kind, set });
      for (const name of ['HR@50', 'HR@100', 'Recall@50', 'MRR']) {
        assert.ok(evaluation!.metrics[name]! > popularity.evaluation.metrics[name]!, `${name} of ${kind}`);
      }
      const run = await ctx.db.prisma.trainingRun.findUniqueOrThrow({ where: { id: runId } });
      assert.equal(run.status, 'done');
      const [point] = run.curve as { epoch: number; step: number; loss: Record<string, number> }[];
      assert.equal(point?.step, run.steps);
      assert.equal('mimicUser' in point!.loss, kind === 'dat');
      const { evaluation: again } = await evaluateModel(ctx, { modelId });
      within(again.metrics['HR@50']!, evaluation!.metrics['HR@50']!, 1e-9);
      const stored = await ctx.db.prisma.model.findUniqueOrThrow({ where: { id: modelId } });
      assert.deepEqual(stored.metrics, { 'time:0.8': again });
    });
  }

  test('EASE finds more than item-kNN, and settings of a baseline have a row of their own', async () => {
    const knn = await evaluateBaseline(ctx, { datasetId: activeId, kind: 'item-knn' });
    const shrunk = await evaluateBaseline(ctx, { datasetId: activeId, kind: 'item-knn', set: { shrinkage: 5 } });
    assert.notEqual(shrunk.modelId, knn.modelId);
    const row = await ctx.db.prisma.model.findUniqueOrThrow({ where: { id: shrunk.modelId } });
    assert.deepEqual(row.parameters, { neighbours: 50, shrinkage: 5 });
    const ease = await evaluateBaseline(ctx, { datasetId: activeId, kind: 'ease' });
    assert.ok(ease.evaluation.metrics['Recall@50']! > knn.evaluation.metrics['Recall@50']!);
  });

  for (const kind of ['wals', 'ials']) {
    test(`${kind} beats popularity, and answers the same from its artifact by solving for the user`, async () => {
      const popularity = await evaluateBaseline(ctx, { datasetId: activeId, kind: 'popularity' });
      const { modelId, runId, evaluation } = await trainModel(ctx, {
        datasetId: activeId,
        kind,
        set: { dimensions: 32, sweeps: 4 },
      });
      assert.ok(evaluation!.metrics['Recall@50']! > 1.2 * popularity.evaluation.metrics['Recall@50']!);
      const { curve, step, steps } = await ctx.db.prisma.trainingRun.findUniqueOrThrow({ where: { id: runId } });
      const losses = (curve as { loss: { total: number } }[]).map(({ loss }) => loss.total);
      assert.deepEqual([losses.length, step, steps], [4, 4, 4]);
      assert.deepEqual(
        losses,
        losses.toSorted((a, b) => b - a),
        'the objective falls',
      );
      const again = await evaluateModel(ctx, { modelId });
      assert.deepEqual(again.evaluation.metrics, evaluation!.metrics);
      await using model = await openModel(ctx.dataDir, modelId, ctx.executor);
      const { vectors, known } = await model.encodeUsers(['17850', 'nobody']);
      assert.deepEqual(known, [true, false]);
      assert.equal(model.dimensions, 32);
      assert.ok(Math.hypot(...vectors.subarray(0, 32)) > 0);
      assert.ok(vectors.subarray(32).every((x) => x === 0));
      await assert.rejects(exportTowers(ctx.dataDir, modelId, ctx.dataDir), /no towers to export.*item-vectors/);
    });
  }

  test('a kind that only scores is not trained, and one that is trained is no baseline', async () => {
    await assert.rejects(
      trainModel(ctx, { datasetId: activeId, kind: 'ease' }),
      /not trained.*evaluate --baseline ease/,
    );
    await assert.rejects(
      evaluateBaseline(ctx, { datasetId: activeId, kind: 'ials' }),
      /trained before.*train --model ials/,
    );
  });

  test('a loaded model knows its users, and gives a stranger one cold-start vector', async () => {
    const { id } = await ctx.db.prisma.model.findFirstOrThrow({ where: { kind: 'dat', datasetId: activeId } });
    await using model = await openModel(ctx.dataDir, id, ctx.executor);
    const { vectors, known } = await model.encodeUsers(['17850', 'nobody', 'nobody else']);
    assert.deepEqual(known, [true, false, false]);
    const { dimensions, tasteDimensions } = model;
    const [customer, nobody, nobodyElse] = [0, 1, 2].map((i) => vectors.subarray(i * dimensions, (i + 1) * dimensions));
    for (const vector of [customer!, nobody!]) within(Math.hypot(...vector.subarray(0, tasteDimensions)), 1, 1e-5);
    assert.deepEqual(nobody, nobodyElse);
    assert.notDeepEqual(customer, nobody);
    assert.ok(model.seen('17850').length > 5);
    assert.deepEqual(model.seen('nobody'), []);
  });

  test("MIND's user has several vectors, as many different ones as the history tells apart; a stranger's are one", async () => {
    const { id } = await ctx.db.prisma.model.findFirstOrThrow({ where: { kind: 'mind', datasetId: activeId } });
    await using model = await openModel(ctx.dataDir, id, ctx.executor);
    const { vectors } = await model.encodeUsers(['17850', 'nobody']);
    assert.equal(vectors.length, 2 * model.vectorsPerUser * model.dimensions);
    const distinct = (user: number) =>
      new Set(
        Array.from({ length: model.vectorsPerUser }, (_, interest) => {
          const from = (user * model.vectorsPerUser + interest) * model.dimensions;
          return vectors.subarray(from, from + model.dimensions).join();
        }),
      ).size;
    // log₂ 20, and no more than there are.
    assert.equal(distinct(0), Math.min(4, model.vectorsPerUser));
    assert.equal(distinct(1), 1);
  });

  test('float16 tables answer within a thousandth of float32 ones', async () => {
    const { id } = await ctx.db.prisma.model.findFirstOrThrow({ where: { kind: 'dat', datasetId: activeId } });
    await using full = await openModel(ctx.dataDir, id, ctx.executor);
    await using half = await openModel(ctx.dataDir, id, ctx.executor, { precision: 'float16' });
    const users = ['17850', '13047', 'nobody'];
    const { vectors } = await full.encodeUsers(users);
    const rounded = await half.encodeUsers(users);
    for (const [i, x] of rounded.vectors.entries()) within(x, vectors[i]!, 2e-3);
  });

  test('the same seed trains the same model, bit for bit', async () => {
    const request = { datasetId: smallId, kind: 'dat', set: quick, seed: 7 };
    const vectors = async () => {
      const { modelId } = await trainModel(ctx, request);
      await using model = await openModel(ctx.dataDir, modelId, ctx.executor);
      return model.itemVectors;
    };
    assert.deepEqual(await vectors(), await vectors());
  });

  test('a popularity prior is a dimension of its own: the score is the cosine and the prior', async () => {
    const set = { ...quick, popularityWeight: 0.1, popularityHalfLife: 30 };
    const { modelId, evaluation } = await trainModel(ctx, { datasetId: smallId, kind: 'dat', set });
    const { evaluation: again } = await evaluateModel(ctx, { modelId });
    assert.deepEqual(again.metrics, evaluation!.metrics);
    await using model = await openModel(ctx.dataDir, modelId, ctx.executor);
    assert.deepEqual([model.dimensions, model.tasteDimensions], [33, 32]);
    const { vectors } = await model.encodeUsers(['17850', 'nobody']);
    for (const from of [0, 33]) {
      within(Math.hypot(...vectors.subarray(from, from + 32)), 1, 1e-5);
      assert.equal(vectors[from + 32], 1);
    }
    const sold = model.items.map((_, item) => model.itemVectors[33 * item + 32]!);
    assert.ok(Math.max(...sold) > 2 * Math.min(...sold), 'some sold much more lately than others');
    const best = sold.indexOf(Math.max(...sold));
    // What is like an item is so by taste: what both sell does not count.
    const alike = await model.alike(best);
    assert.equal(alike[32], 0);
    within(Math.hypot(...alike), 1, 1e-5);
  });

  test('a model is not judged on purchases that it has seen', async () => {
    const { id } = await ctx.db.prisma.model.findFirstOrThrow({ where: { kind: 'dat', datasetId: activeId } });
    await assert.rejects(evaluateModel(ctx, { modelId: id, split: 'leave-last-out' }), {
      code: 'conflict',
      message: /learnt from the training part of "time:0.8"/,
    });
  });

  test('a training that diverges stops, says at which step, and is recorded as failed', async () => {
    // Every touch multiplies a row by 1 − 10 · 1000, so the first often bought item overflows float32.
    const set = { ...quick, batch: 64, tableLearningRate: 10, tableDecay: 1000 };
    await assert.rejects(
      trainModel(ctx, { datasetId: smallId, kind: 'two-tower', set }),
      /The loss became .* at step \d+ of \d+/,
    );
    const run = await ctx.db.prisma.trainingRun.findFirstOrThrow({ orderBy: { createdAt: 'desc' } });
    assert.equal(run.status, 'failed');
    assert.match(run.error!, /The loss became/);
  });
});
