import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Interactions } from '@duet/datasets';
import { loadExamples } from '@duet/datasets/testing';
import { loadTrainingData, type TrainingData } from '../data.ts';
import { requestOfRun } from '../runs.ts';
import { createTrainer } from '../testing/trainer.ts';
import { trainModel } from '../train.ts';
import { candidatesFor, readingOf } from './candidates.ts';
import { chooseSettings } from './choose.ts';
import { type Facts, factsOf } from './facts.ts';

let ctx: Awaited<ReturnType<typeof createTrainer>>;
let smallId: string;
let data: TrainingData;
before(async () => {
  ctx = await createTrainer();
  const { active, small } = await loadExamples(ctx);
  smallId = small;
  data = await loadTrainingData(ctx, active);
});
after(() => ctx[Symbol.asyncDispose]());

/** Towers that learn in a moment. */
const light = {
  ...{ layers: [16], idDims: 16, featureDims: 4, history: 5, itemItemWeight: 0 },
  ...{ epochs: 1, batch: 1024, negatives: 64, patience: 0 },
};
const request = { kind: 'two-tower', split: 'time:0.8', set: light, seed: 1, minutes: 2 };

/** A user after the other, with one item in each row. */
function rowsOf(lists: number[][], times: number[][], clock: Interactions['clock'] = 'time'): Interactions {
  const user = lists.flatMap((list, row) => list.map(() => row));
  return {
    users: lists.map((_, row) => String(row)),
    items: ['a', 'b', 'c', 'd'],
    user: Int32Array.from(user),
    item: Int32Array.from(lists.flat()),
    time: Float64Array.from(times.flat()),
    weight: new Float32Array(user.length).fill(1),
    valueMinor: new Float64Array(user.length),
    clock,
  };
}

test('order is the share of pairs of which one is later, repeats the share of rows that were had', () => {
  const lists = [
    [0, 1, 0],
    [2, 3],
  ];
  const times = [
    [1, 2, 2],
    [5, 5],
  ];
  const x = rowsOf(lists, times);
  const rows = Int32Array.from(x.user.keys());
  const facts = factsOf(x, rows);
  assert.deepEqual(facts, {
    ...{ users: 2, items: 4, interactions: 5, itemsPerUser: 2, queries: false, dated: true },
    ...{ ordered: 1 / 2, repeats: 1 / 5 },
  });
  // The order of a file is none.
  assert.equal(factsOf(rowsOf(lists, times, 'file'), rows).ordered, 0);
  assert.equal(factsOf(x, new Int32Array()).users, 0);
});

test('order and the length of lists decide what is tried first; a kind is asked for nothing that it lacks', () => {
  const facts: Facts = {
    users: 1e4,
    items: 1e3,
    interactions: 1e5,
    itemsPerUser: 8,
    ordered: 0.9,
    repeats: 0,
    queries: false,
    dated: true,
  };
  const first = (kind: string, some: Partial<Facts>) => candidatesFor(kind, { ...facts, ...some })[0]!;
  assert.equal(first('dat', {}).name, 'last steps');
  assert.equal(first('dat', { itemsPerUser: 60 }).name, 'long tastes');
  assert.equal(first('dat', { ordered: 0.01 }).name, 'sets');
  assert.equal(first('dat', { queries: true }).set.history, 0);
  assert.equal('historyDecay' in first('mind', {}).set, false);
  assert.deepEqual(Object.keys(first('ials', {}).set), ['unobservedWeight']);
  assert.match(readingOf({ ...facts, ordered: 0 }).join(' '), /taken as a set/);
});

test('candidates are tried on users of the training part, and the best is named with its figures', async () => {
  const set = { dimensions: 8, sweeps: 1 };
  const choice = await chooseSettings(ctx, data, { ...request, kind: 'ials', set });
  assert.equal(choice.trials.length, 6, 'four, and the better two again');
  assert.ok(choice.trials.every(({ metrics }) => metrics['NDCG@50']! > 0));
  assert.deepEqual(Object.keys(choice.set).sort(), ['dimensions', 'sweeps', 'unobservedWeight']);
  assert.ok(choice.reasons.some((reason) => /NDCG@50 of what was tried/.test(reason)));
  const kinds = choice.baselines.map(({ kind }) => kind);
  assert.deepEqual(kinds, ['popularity', 'item-knn', 'ease']);
});

test('towers get the weights of their priors; what is set stays, and however short the time, one is tried', async () => {
  const choice = await chooseSettings(ctx, data, { ...request, minutes: 0.001 });
  assert.deepEqual(
    choice.trials.map(({ name }) => name),
    ['long tastes'],
    'a wholesaler has dozens of items',
  );
  assert.deepEqual({ ...choice.set, ...light }, choice.set);
  assert.ok((choice.set.popularityWeight as number) >= 0 && 'popularityHalfLife' in choice.set);
});

test('rules decide alone where there is no time or nobody to judge by, and what was decided is not decided again', async () => {
  const asked = { datasetId: smallId, kind: 'two-tower', preset: 'auto', set: light, minutes: 0 };
  const { runId, modelId } = await trainModel(ctx, asked);
  const run = await ctx.db.prisma.trainingRun.findUniqueOrThrow({ where: { id: runId } });
  const { set, reasons, trials } = run.choice as unknown as Awaited<ReturnType<typeof chooseSettings>>;
  assert.match(reasons.at(-1)!, /No time was given/);
  assert.deepEqual(trials, []);
  const { parameters } = await ctx.db.prisma.model.findUniqueOrThrow({ where: { id: modelId } });
  for (const [name, value] of Object.entries(set)) assert.deepEqual((parameters as typeof set)[name], value, name);
  // As one that was cut goes on: its settings are those that it is recorded with.
  await ctx.db.prisma.trainingRun.update({ where: { id: runId }, data: { status: 'failed', modelId: null } });
  await trainModel(ctx, { ...(await requestOfRun(ctx.db, runId)), minutes: 10 });
  const again = await ctx.db.prisma.trainingRun.findUniqueOrThrow({ where: { id: runId } });
  assert.deepEqual(again.choice, run.choice);
});
