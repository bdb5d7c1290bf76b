import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { loadExamples } from '@duet/datasets/testing';
import type { Database } from '@duet/db';
import { createTestDatabase } from '@duet/db/testing';
import { modelKinds, presets, resolveSettings } from '@duet/models';
import { seededRng } from '@duet/random';
import { sampleSettings, searchSpace } from './search-space.ts';
import { rungEpochs, type TuneContext, tune } from './tune.ts';

test('rungs have a ninth, a third and all of the epochs, and never less than one', () => {
  assert.deepEqual(rungEpochs(18), [2, 6, 18]);
  assert.deepEqual(rungEpochs(3), [1, 3]);
  assert.deepEqual(rungEpochs(1), [1]);
  assert.deepEqual(rungEpochs(undefined), [undefined]);
});

describe('every point of a search space', () => {
  for (const preset of Object.keys(presets)) {
    for (const { kind } of modelKinds) {
      test(`is a training of ${kind} from ${preset}`, () => {
        const space = searchSpace(kind, resolveSettings(kind, preset, {}));
        for (let seed = 0; seed < 200; seed++) {
          const set = sampleSettings(space, {}, seededRng(seed));
          const settings: Record<string, unknown> = { ...resolveSettings(kind, preset, set) };
          for (const [name, value] of Object.entries(set)) assert.deepEqual(settings[name], value, name);
        }
      });
    }
  }

  test('keeps what is fixed, and spreads the rest over its range', () => {
    const space = searchSpace('dat', resolveSettings('dat', 'best', {}));
    const drawn = Array.from({ length: 500 }, (_, seed) => sampleSettings(space, { batch: 32 }, seededRng(seed)));
    assert.ok(drawn.every(({ batch }) => batch === 32));
    // Log-uniform in [3e-4, 1e-2]: half of the draws lie below the geometric mean; 3 standard errors are 0.067.
    const below = drawn.filter(({ learningRate }) => (learningRate as number) < Math.sqrt(3e-4 * 1e-2)).length / 500;
    assert.ok(Math.abs(below - 0.5) < 0.067, `${below}`);
  });
});

test('around a start, a point changes a quarter of it, one setting at least, and keeps the rest', () => {
  const space = searchSpace('dat', resolveSettings('dat', 'best', {}));
  const start = sampleSettings(space, {}, seededRng(0));
  const drawn = Array.from({ length: 500 }, (_, seed) => sampleSettings(space, { batch: 32 }, seededRng(seed), start));
  assert.ok(drawn.every(({ batch }) => batch === 32));
  const rates = drawn.filter(({ learningRate }) => learningRate !== start.learningRate).length / 500;
  // A quarter, and that one which changes in any case: 3 standard errors are 0.06.
  const changedShare = 0.25 + 0.75 / (Object.keys(space).length - 1);
  assert.ok(Math.abs(rates - changedShare) < 0.06, `${rates}`);
  const same = (set: Record<string, unknown>) =>
    Object.entries(set).every(
      ([name, value]) => JSON.stringify(value) === JSON.stringify({ ...start, batch: 32 }[name]),
    );
  // Some choices are drawn as they were.
  assert.ok(drawn.filter(same).length < 10);
  const { augmentedDims, layers } = drawn.find((set) => set.layers !== start.layers)!;
  assert.equal(augmentedDims, (layers as number[]).at(-1));
});

describe('a tuning', () => {
  let db: Database;
  let ctx: TuneContext;
  let datasetId: string;

  before(async () => {
    db = await createTestDatabase();
    const dataDir = await mkdtemp(path.join(tmpdir(), 'duet-tune-'));
    ctx = { db, dataDir, machine: { executor: undefined, threads: 1, device: undefined } };
    datasetId = (await loadExamples(ctx)).smallByIds;
  });
  after(async () => {
    await db[Symbol.asyncDispose]();
    await rm(ctx.dataDir, { recursive: true });
  });

  test('of item-kNN tries the settings it has beside the base, and records every trial', async () => {
    const result = await tune(ctx, { datasetId, kind: 'item-knn', trials: 4, parallel: 2 });
    assert.deepEqual(result.trials.map(({ number }) => number).sort(), [0, 1, 2, 3]);
    assert.deepEqual(result.trials.find(({ number }) => number === 0)?.set, {});
    const scores = result.trials.map(({ score }) => score);
    assert.deepEqual(
      scores,
      scores.toSorted((a, b) => b - a),
    );
    const rows = await db.prisma.trial.findMany({ where: { tuningId: result.tuningId } });
    assert.deepEqual(new Set(rows.map(({ score }) => score)), new Set(scores));
  });

  test('that is cut goes on where it was, to the same result as one that is not', async () => {
    const request = { datasetId, kind: 'two-tower', base: 'fast', trials: 3, set: { negatives: 64, layers: [32] } };
    const cut = new AbortController();
    const cutting = tune(
      { ...ctx, signal: cut.signal, progress: ({ done }) => done === 2 && cut.abort(new Error('cut')) },
      request,
    );
    await assert.rejects(cutting, /cut/);
    const { id } = await db.prisma.tuning.findFirstOrThrow({ where: { status: 'running' } });
    assert.equal(await db.prisma.trial.count({ where: { tuningId: id } }), 2);
    const resumed = await tune(ctx, request);
    assert.equal(resumed.tuningId, id);
    const whole = await tune(ctx, { ...request, fresh: true });
    assert.notEqual(whole.tuningId, id);
    const outcomesOf = ({ trials }: typeof whole) =>
      trials.map(({ number, rung, set, score }) => ({ number, rung, set, score }));
    assert.deepEqual(outcomesOf(resumed), outcomesOf(whole));
    // 3 settings for one epoch, the best of them for three.
    assert.deepEqual(whole.trials.map(({ rung }) => rung).sort(), [0, 0, 0, 1]);
    assert.ok(whole.trials.every(({ rung, set }) => set.epochs === [1, 3][rung]));
  });

  test('around a start tries it first, and takes it up every rung to be compared with', async () => {
    // A rate at which nothing is learned.
    const start = { negatives: 64, layers: [32], learningRate: 1e-6, tableLearningRate: 1e-6 };
    const request = { datasetId, kind: 'two-tower', base: 'fast', trials: 4, set: { batch: 256 }, start };
    const { trials } = await tune(ctx, request);
    const full = trials.filter(({ rung }) => rung === 1);
    assert.equal(full.length, 2, 'the start, and a third of the other three');
    assert.ok(full.some(({ number }) => number === 0));
    assert.deepEqual(trials.find(({ number, rung }) => number === 0 && rung === 0)!.set, {
      ...start,
      ...{ batch: 256, epochs: 1 },
    });
    for (const { set } of trials) assert.ok(Object.keys(start).every((name) => name in set));
  });

  test('compares the start with another one however short the time is', async () => {
    const start = { negatives: 64, layers: [32] };
    const { trials } = await tune(ctx, { datasetId, kind: 'two-tower', base: 'fast', minutes: 1e-3, start });
    const trialsOf = (ofRung: number) => trials.filter(({ rung }) => rung === ofRung).map(({ number }) => number);
    assert.deepEqual(
      [trialsOf(0).sort(), trialsOf(1).sort()],
      [
        [0, 1],
        [0, 1],
      ],
    );
  });

  test('survives a trial that diverges, and says why where all do', async () => {
    const request = { datasetId, kind: 'two-tower', base: 'fast', trials: 1 };
    const set = { negatives: 64, batch: 64, tableLearningRate: 10, tableDecay: 1000, epochs: 1 };
    await assert.rejects(tune(ctx, { ...request, set }), /No trial came to a result. The first: .*The loss became/);
  });

  test('names the metrics there are where it is asked for another', async () => {
    const asking = tune(ctx, { datasetId, kind: 'popularity', metric: 'HR@7' });
    await assert.rejects(asking, /field metric: There is no metric "HR@7". Choose one of .*HR@50/);
  });
});
