/**
 * Duet as a contender of `bench:train`: the trainer's own features, batches, tables and session on a synthetic dataset.
 * Takes the requests that peers/pytorch_two_tower.py takes.
 *
 *   duet.ts DATA_FOLDER onnx|tfjs THREADS sigmoid|softmax [SETTINGS]     settings over those of the shape, as JSON
 *   duet.ts - onnx THREADS rows N       a table of N rows, for the step's time against the table's size
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Encoder } from '@duet/artifact';
import { asEntities, distinctItems, type FeatureSpace, sharedFloats } from '@duet/artifact/inputs';
import type { Interactions } from '@duet/datasets';
import { Graph, openOnnx, openTfjs, type TrainingSettings, trainingGraph } from '@duet/models';
import { seededRng } from '@duet/random';
import { Assembly, allItems, buildFeatures, collectPositives, LearningTable } from '@duet/trainer/steps';
import { readSynthetic, type Synthetic, synthesize } from './data.ts';
import { modelOf, type ShapeName, settingsOf } from './model.ts';

const names = (prefix: string, n: number) => Array.from({ length: n }, (_, i) => `${prefix}${i}`);

/** The synthetic columns as an imported dataset, in time order within each user. */
function asDataset(data: Synthetic) {
  const n = data.item.length;
  const interactions: Interactions = {
    users: names('u', data.users),
    items: names('i', data.items),
    user: data.user,
    item: data.item,
    time: Float64Array.from({ length: n }, (_, i) => i),
    weight: new Float32Array(n).fill(1),
    valueMinor: new Float64Array(n).fill(Number.NaN),
  };
  const catalogue = {
    ids: interactions.items,
    title: new Array<string>(data.items).fill(''),
    category: data.itemFeature,
    categories: names('category ', 1 + data.itemFeature.reduce((a, b) => Math.max(a, b), 0)),
    priceMinor: new Float64Array(data.items).fill(Number.NaN),
    attributes: {},
  };
  const users = {
    title: new Array<string>(data.users).fill(''),
    attributes: { segment: Array.from(data.userFeature, (f) => `s${f}`) },
  };
  return { interactions, catalogue, users };
}

/**
 * A table of that many items and nothing else that grows: ids alone, 16 dims, so that 10 million rows fit any machine.
 */
function idsOnly(rows: number) {
  const users = 10_000;
  const base = settingsOf('sigmoid');
  const settings: TrainingSettings = { ...base, idDims: 16, augmentedDims: 0, mimicUser: 0, mimicItem: 0 };
  const data = synthesize(users, rows, 10, 1);
  const singles = (n: number) => ({
    start: Int32Array.from({ length: n + 1 }, (_, i) => i),
    row: Int32Array.from({ length: n }, (_, i) => i + 1),
    weight: new Float32Array(n).fill(1),
  });
  const feature = (side: 'user' | 'item') => ({ name: `${side}_id`, table: `${side}.${side}_id`, dims: 16, offset: 0 });
  const space: FeatureSpace = {
    user: [feature('user')],
    item: [feature('item')],
    sequence: [],
    context: {},
    userWidth: 16,
    itemWidth: 16,
    tables: { 'user.user_id': { rows: users + 1, dims: 16 }, 'item.item_id': { rows: rows + 1, dims: 16 } },
    encoded: {
      user: { user_id: { vocabulary: [], bags: singles(users) } },
      item: { item_id: { vocabulary: [], bags: singles(rows) } },
    },
  };
  const histories = { start: Int32Array.from({ length: users + 1 }, (_, u) => u * 10), item: data.item };
  const itemCount = new Int32Array(rows);
  for (const item of data.item) itemCount[item]!++;
  const historyEnd = Int32Array.from(data.user, (user) => histories.start[user]!);
  const positives = {
    user: data.user,
    item: data.item,
    row: new Int32Array(data.item.length),
    historyEnd,
    histories,
    itemCount,
    leaveOut: false,
  };
  return { settings, space, positives };
}

async function prepared(folder: string, shape: string, more: string | undefined) {
  if (shape === 'rows') return idsOnly(Number(more));
  const settings: TrainingSettings = { ...settingsOf(shape as ShapeName), ...JSON.parse(more ?? '{}') };
  const data = asDataset(await readSynthetic(folder));
  const all = Int32Array.from({ length: data.interactions.item.length }, (_, i) => i);
  return {
    settings,
    space: buildFeatures(data, settings),
    positives: collectPositives(data.interactions, all, settings),
  };
}

const [folder, executorName, threads, shape, more] = process.argv.slice(2) as [string, string, string, string, string?];
const executor = executorName === 'tfjs' ? await openTfjs() : await openOnnx(Number(threads));
const { settings, space, positives } = await prepared(folder, shape, more);
const model = { ...modelOf(settings), userWidth: space.userWidth, itemWidth: space.itemWidth };
const rng = seededRng(1);
const tables = Object.fromEntries(
  Object.entries(space.tables).map(([name, size]) => [
    name,
    new LearningTable(size.rows, size.dims, sharedFloats(size.rows * size.dims)).initialise(rng, settings.tableInit),
  ]),
);
const graph = trainingGraph(model);
// Never all taken: a round ends when its time is up.
const steps = 1e9;
const itemCategory = new Int32Array(positives.itemCount.length).fill(-1);
await using assembly = new Assembly(graph, {
  space,
  tables,
  positives,
  settings,
  model,
  itemCategory,
  rankedHigh: new Int32Array(),
  from: 0,
  epochs: 0,
  steps,
  seed: 2,
});
await using session = await executor.open(graph, rng);

/** The inner loop of trainTowers, with the time of each part. */
async function train(seconds: number) {
  const spent = { wait: 0, graph: 0, deliver: 0 };
  const started = performance.now();
  let taken = 0;
  let loss = 0;
  while (performance.now() - started < seconds * 1000) {
    const begin = performance.now();
    const feeds = await assembly.next();
    const assembled = performance.now();
    const { outputs, gradients } = await session.step(feeds, { learningRate: settings.learningRate, weightDecay: 0 });
    const computed = performance.now();
    loss += outputs.loss![0]!;
    assembly.deliver(gradients);
    spent.wait += assembled - begin;
    spent.graph += computed - assembled;
    spent.deliver += performance.now() - computed;
    taken++;
  }
  await assembly.settled();
  // The next round begins with this batch already made, so this round pays for it.
  await assembly.next();
  const items = settings.batch + settings.negatives * (settings.loss === 'sigmoid' ? settings.batch : 1);
  return {
    steps: taken,
    examples: taken * settings.batch,
    items: taken * items,
    seconds: (performance.now() - started) / 1000,
    loss: loss / taken,
    parts: Object.fromEntries(Object.entries(spent).map(([name, ms]) => [name, ms / taken])),
  };
}

let encoder: Encoder | undefined;

/** Writes p of all users and items, as trained so far. */
async function vectors(to: string) {
  await assembly.settled();
  const params = await session.state();
  encoder ??= await Encoder.open(executor, model, space, tables, settings, params);
  await encoder.load(params);
  const lists = distinctItems(positives.histories);
  const users = await encoder.users(asEntities(Int32Array.from(lists.keys())), lists);
  for (const [name, values] of Object.entries({ user: users, item: await encoder.items(allItems(positives)) })) {
    await writeFile(path.join(to, `${name}.f32`), new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return { dims: encoder.dims };
}

/** Floats of tables and, where Adam runs, its two moments and a step count per row. */
function memory() {
  const values = Object.values(tables).reduce((sum, table) => sum + table.rows * table.dims, 0);
  const counts = Object.values(tables).reduce((sum, table) => sum + table.rows, 0);
  const state = settings.tableOptimizer === 'adam' ? 2 * values + counts : values;
  return {
    rssMb: process.memoryUsage.rss() / 1e6,
    peakMb: (process.resourceUsage().maxRSS * 1024) / 1e6,
    tablesMb: (4 * values) / 1e6,
    stateMb: (4 * state) / 1e6,
  };
}

/** The executor's own best at matrix products of one size: eight in a row, so that calling it does not count. */
async function matmul({ m, k, n, seconds }: { m: number; k: number; n: number; seconds: number }) {
  const g = new Graph();
  const chain = 8;
  const a = Array.from({ length: chain }, (_, i) => g.input(`a${i}`, [m, k]));
  const b = g.input('b', [k, n]);
  const sums = a.map((x) => g.sum(g.slice(g.matmul(x, b), [0, 0], [1, 1])));
  g.output(
    'loss',
    sums.reduce((x, y) => g.add(x, y)),
  );
  await using run = await executor.open(g, rng);
  const numbers = (size: number) => Float32Array.from({ length: size }, () => rng() - 0.5);
  const feeds = { b: numbers(k * n), ...Object.fromEntries(a.map(({ name }) => [name, numbers(m * k)])) };
  await run.run(feeds);
  let best = Number.POSITIVE_INFINITY;
  for (const until = performance.now() + seconds * 1000; performance.now() < until; ) {
    const started = performance.now();
    await run.run(feeds);
    best = Math.min(best, performance.now() - started);
  }
  return { gflops: (chain * 2 * m * k * n) / best / 1e6 };
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  const answer =
    request.do === 'train'
      ? await train(request.seconds)
      : request.do === 'matmul'
        ? await matmul(request)
        : request.do === 'memory'
          ? memory()
          : request.do === 'vectors'
            ? await vectors(request.folder)
            : { executor: executor.name, threads };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
