import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { asEntities, distinctItems, historyOf, stranger, userHistories } from '@duet/artifact/inputs';
import { silent } from '@duet/base';
import { loadExamples } from '@duet/datasets/testing';
import { easeFactors, fitEase, presets, resolveSettings, type TrainingSettings } from '@duet/models';
import { seededRng } from '@duet/random';
import { loadTrainingData } from '../data.ts';
import { fitModel } from '../fit.ts';
import { everyRow } from '../testing/interactions.ts';
import { createTrainer } from '../testing/trainer.ts';
import { trialSplit } from '../tuning/trial.ts';
import { hasItemItem, itemItemPrior } from './item-item.ts';

let ctx: Awaited<ReturnType<typeof createTrainer>>;
let datasetId: string;

before(async () => {
  ctx = await createTrainer();
  datasetId = (await loadExamples(ctx)).smallByIds;
});
after(() => ctx[Symbol.asyncDispose]());

describe('the item-item prior', () => {
  test('of a training that is stopped is not fitted to its end', async () => {
    const data = await loadTrainingData(ctx, datasetId);
    const lists = distinctItems(userHistories(data.interactions, everyRow(data.interactions)));
    const stopped = new Error('stopped');
    const steps: string[] = [];
    const fit = itemItemPrior(lists, data.catalogue.ids.length, presets.best, {
      executor: ctx.executor,
      progress: ({ unit }) => steps.push(unit),
      signal: AbortSignal.abort(stopped),
    });
    await assert.rejects(fit, stopped);
    assert.deepEqual(steps, []);
  });

  test('adds β times what EASE gives an item to what the towers say', async () => {
    const data = await loadTrainingData(ctx, datasetId);
    const split = trialSplit(data, 'time:0.8');
    const items = data.catalogue.ids.length;
    const set = {
      ...{ epochs: 1, negatives: 64, layers: [32], popularityWeight: 0.1 },
      ...{ itemItemWeight: 2, itemItemDims: 12, itemItemRegularisation: 50 },
    };
    const settings = resolveSettings('two-tower', 'fast', set) as TrainingSettings;
    const { executor } = ctx;
    await using fitted = await fitModel({
      ...{ executor, data, settings, kind: 'two-tower', train: split.train, watched: split },
      ...{ seed: 1, progress: silent, label: 'train' },
    });
    const { encoder, itemVectors } = fitted;
    const { dims, tasteDims } = encoder;
    const prior = 12;
    assert.deepEqual([tasteDims, dims], [32, 32 + prior + 1]);

    const histories = userHistories(data.interactions, split.train);
    const lists = distinctItems(histories);
    const ease = await fitEase(executor, lists, items, 50);
    const { history, item: weights } = await easeFactors(executor, ease, lists, prior, seededRng(0));
    // Repeats of an item count once.
    const users = [...lists.keys()].filter((user) => lists[user]!.length > 0).slice(0, 20);
    assert.ok(users.some((user) => historyOf(histories, user).length > lists[user]!.length));
    const vectors = await encoder.users(
      asEntities(Int32Array.from(users)),
      users.map((user) => historyOf(histories, user)),
    );
    const product = (a: Float32Array, from: number, b: Float32Array, to: number) =>
      Array.from({ length: prior }, (_, d) => a[from + d]! * b[to + d]!).reduce((sum, x) => sum + x, 0);
    const had = new Set(histories.item);
    for (const [i, user] of users.entries()) {
      const sum = new Float32Array(prior);
      for (const one of lists[user]!) for (let d = 0; d < prior; d++) sum[d]! += history[one * prior + d]!;
      for (const item of had) {
        const score = product(vectors, i * dims + tasteDims, itemVectors, item * dims + tasteDims);
        const expected = 2 * product(sum, 0, weights, item * prior);
        assert.ok(Math.abs(score - expected) < 1e-4, `${user}, ${item}: ${score}, not ${expected}`);
      }
    }
    const ofPrior = (x: Float32Array, row: number) =>
      x.subarray(row * dims + tasteDims, row * dims + tasteDims + prior);
    const unseen = Array.from({ length: items }, (_, item) => item).filter((item) => !had.has(item));
    assert.ok(unseen.length > 0);
    // A new item has what the mean of all purchases has.
    const mean = Array.from({ length: prior }, (_, d) => {
      const all = lists.flatMap((list) => Array.from(list, (item) => weights[item * prior + d]!));
      return all.reduce((sum, x) => sum + x, 0) / all.length;
    });
    for (const item of unseen) {
      ofPrior(itemVectors, item).forEach((x, d) => {
        assert.ok(Math.abs(x - mean[d]!) < 1e-5, `${item}, ${d}: ${x}, not ${mean[d]}`);
      });
    }
    assert.ok(
      ofPrior(await encoder.users(asEntities(Int32Array.of(stranger)), [[]]), 0).every((x) => x === 0),
      'who had nothing has none',
    );
  });

  test('is there where it weighs something and its weights have room', () => {
    assert.equal(hasItemItem({}, 25_000, { itemItemWeight: 1 }), true);
    assert.equal(hasItemItem({}, 25_001, { itemItemWeight: 1 }), false);
    assert.equal(hasItemItem({}, 10, { itemItemWeight: 0 }), false);
    assert.equal(
      hasItemItem({ sides: { left: 'query', right: 'item', symmetric: false } }, 10, { itemItemWeight: 1 }),
      false,
    );
  });
});
