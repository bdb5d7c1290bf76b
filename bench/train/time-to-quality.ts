import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Split } from '@duet/datasets';
import { createTestDatabase } from '@duet/db/testing';
import { loadTrainingData, trialSplit } from '@duet/trainer/steps';
import { say } from '../bench.ts';
import type { Contender } from '../contender.ts';
import { readPlan } from '../quality/plan.ts';
import { importPlanned } from '../quality/train-all.ts';
import { writeSynthetic } from './data.ts';

/** What both contenders train with, over the settings of the large batch. */
export const qualitySettings = {
  batch: 1024,
  negatives: 1024,
  learningRate: 0.001,
  tableLearningRate: 0.003,
  augmentedLearningRate: 0.003,
} as const;

/** Users whose held-out items are looked for. */
const watchedUsers = 2000;
const cutoff = 50;
/** Share of the final hit rate that has to be reached. */
const targetShare = 0.95;

export interface TimeToQuality {
  users: number;
  /** HR@50 that both have to reach: 95 % of the lower of their final ones. */
  target: number;
  contenders: Record<
    string,
    {
      /** Highest HR@50 of the run. */
      final: number;
      /** Seconds of training to the target. */
      seconds: number;
      curve: { seconds: number; hitRate: number }[];
    }
  >;
}

type Watched = Pick<Split['evaluations'][number], 'user' | 'targets' | 'seen'>[];

/** Writes a dataset's training part as the contenders read it; gives the users it is validated by. */
async function prepare(dataset: string, files: string, folder: string): Promise<Watched> {
  await using db = await createTestDatabase();
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'duet-time-to-quality-'));
  try {
    const plan = readPlan();
    const { datasetId } = await importPlanned({ db, dataDir }, plan, files, dataset);
    const data = await loadTrainingData({ db, dataDir }, datasetId);
    const { train, evaluations } = trialSplit(data, plan.datasets[dataset]!.split);
    const { interactions: x, catalogue, users } = data;
    const pairs = new Set<number>();
    const distinctRows = train.filter((row) => {
      const pair = x.user[row]! * x.items.length + x.item[row]!;
      return !pairs.has(pair) && pairs.add(pair);
    });
    const segments = Object.values(users.attributes)[0] ?? new Array<string>(x.users.length).fill('');
    const segmentOf = new Map([...new Set(segments)].map((value, i) => [value, i]));
    const trained = new Uint8Array(x.items.length);
    for (const row of distinctRows) trained[x.item[row]!] = 1;
    await writeSynthetic(folder, {
      users: x.users.length,
      items: x.items.length,
      user: distinctRows.map((row) => x.user[row]!),
      item: distinctRows.map((row) => x.item[row]!),
      userFeature: Int32Array.from(segments, (value) => segmentOf.get(value)!),
      itemFeature: catalogue.category.map((category) => category + 1),
    });
    return evaluations
      .map(({ user, targets, seen }) => ({ user, seen, targets: targets.filter((item) => trained[item]) }))
      .filter(({ targets }) => targets.length > 0)
      .filter((_, i, all) => i % Math.ceil(all.length / watchedUsers) === 0);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Share of the users who have a held-out item among the 50 best of those that they had not yet. */
function hitRate(users: Float32Array, items: Float32Array, dims: number, watched: Watched): number {
  const scores = new Float64Array(items.length / dims);
  let hits = 0;
  for (const { user, targets, seen } of watched) {
    for (let item = 0; item < scores.length; item++) {
      let score = 0;
      for (let d = 0; d < dims; d++) score += users[user * dims + d]! * items[item * dims + d]!;
      scores[item] = score;
    }
    for (const item of seen) scores[item] = -Infinity;
    const best = targets.reduce((most, item) => Math.max(most, scores[item]!), -Infinity);
    let higher = 0;
    for (let item = 0; item < scores.length; item++) if (scores[item]! > best) higher++;
    if (higher < cutoff) hits++;
  }
  return hits / watched.length;
}

/** Seconds at which a curve first passes a hit rate, straight between its points. */
function secondsTo(curve: { seconds: number; hitRate: number }[], target: number): number {
  let before = { seconds: 0, hitRate: 0 };
  for (const point of curve) {
    if (point.hitRate >= target) {
      const part = (target - before.hitRate) / (point.hitRate - before.hitRate);
      return before.seconds + part * (point.seconds - before.seconds);
    }
    before = point;
  }
  throw new Error('the target is not above the curve');
}

async function floats(file: string): Promise<Float32Array> {
  const bytes = await readFile(file);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/**
 * Trains each contender for some seconds on a real dataset, in turns, and looks after each turn how good it is: the
 * vectors are made and ranked off the clock.
 *
 * @param open the contenders on a folder of data, by name
 * @returns undefined where the dataset's files are not here
 */
export async function timeToQuality(
  dataset: string,
  files: string,
  open: (folder: string, stack: AsyncDisposableStack) => Promise<Map<string, Contender>>,
  { seconds, turn }: { seconds: number; turn: number },
): Promise<TimeToQuality | undefined> {
  if (!existsSync(path.join(files, dataset))) {
    say(`time to quality on ${dataset}: left out, ${path.join(files, dataset)} is not here`);
    return undefined;
  }
  const folder = await mkdtemp(path.join(os.tmpdir(), 'duet-bench-'));
  try {
    const watched = await prepare(dataset, files, folder);
    say(`time to quality on ${dataset}: ${watched.length} users`);
    await using stack = new AsyncDisposableStack();
    const contenders = await open(folder, stack);
    const curves = new Map(
      Array.from(contenders.keys(), (name) => [name, [] as { seconds: number; hitRate: number }[]]),
    );
    for (let spent = 0; spent < seconds; spent += turn) {
      for (const [name, contender] of contenders) {
        const trained = await contender.ask<{ seconds: number }>({ do: 'train', seconds: turn });
        const to = path.join(folder, name);
        await mkdir(to, { recursive: true });
        const { dims } = await contender.ask<{ dims: number }>({ do: 'vectors', folder: to });
        const [users, items] = await Promise.all([
          floats(path.join(to, 'user.f32')),
          floats(path.join(to, 'item.f32')),
        ]);
        const curve = curves.get(name)!;
        const before = curve.at(-1)?.seconds ?? 0;
        curve.push({ seconds: before + trained.seconds, hitRate: hitRate(users, items, dims, watched) });
      }
    }
    const finals = new Map(Array.from(curves, ([name, curve]) => [name, Math.max(...curve.map((at) => at.hitRate))]));
    const target = targetShare * Math.min(...finals.values());
    const results = Object.fromEntries(
      Array.from(curves, ([name, curve]) => [
        name,
        { final: finals.get(name)!, seconds: secondsTo(curve, target), curve },
      ]),
    );
    for (const [name, { final, seconds: needed }] of Object.entries(results)) {
      say(`  ${name}: HR@50 ${final.toFixed(4)}, ${target.toFixed(4)} after ${needed.toFixed(1)} s`);
    }
    return { users: watched.length, target, contenders: results };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
