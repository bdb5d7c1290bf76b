import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { modelFolder } from '@duet/artifact';
import { loadExamples } from '@duet/datasets/testing';
import { requestOfRun } from '../runs.ts';
import { createTrainer } from '../testing/trainer.ts';
import { trainModel } from '../train.ts';
import { checkpointPath } from './checkpoint.ts';

let ctx: Awaited<ReturnType<typeof createTrainer>>;
let datasetId: string;

before(async () => {
  ctx = await createTrainer();
  datasetId = (await loadExamples(ctx)).smallByIds;
});
after(() => ctx[Symbol.asyncDispose]());

/**
 * Everything that keeps state from step to step: Adam in the tables, dropout of ids and inputs, hard negatives, the
 * best epoch.
 */
const set = {
  epochs: 2,
  batch: 256,
  negatives: 64,
  hardNegatives: 64,
  layers: [64, 32],
  identityStart: true,
  dropout: 0.1,
  historyDropout: 0.1,
  userIdDropout: 0.2,
  patience: 2,
};
const request = () => ({ datasetId, kind: 'dat', set, seed: 5 });
const newestRun = () => ctx.db.prisma.trainingRun.findFirstOrThrow({ orderBy: { createdAt: 'desc' } });

/** The hashes of an artifact's weights and item vectors. */
async function sums(modelId: string): Promise<string[]> {
  const lines = (await readFile(path.join(modelFolder(ctx.dataDir, modelId), 'SHA256SUMS'), 'utf8')).split('\n');
  return lines.filter((line) => /weights|item-vectors/.test(line));
}

/** The curve without its times. */
const pointsOf = (curve: unknown) => (curve as { seconds: number }[]).map(({ seconds: _, ...point }) => point);

let whole: Promise<{ sums: string[]; curve: unknown; stepsPerEpoch: number }> | undefined;
/** What an uninterrupted training comes to. */
const uninterrupted = () => {
  whole ??= (async () => {
    const { modelId, runId } = await trainModel(ctx, request());
    const { curve, steps } = await ctx.db.prisma.trainingRun.findUniqueOrThrow({ where: { id: runId } });
    assert.equal(existsSync(checkpointPath(ctx.dataDir, runId)), false, 'a finished training keeps no checkpoint');
    return { sums: await sums(modelId), curve: pointsOf(curve), stepsPerEpoch: steps / set.epochs };
  })();
  return whole;
};

/** Goes on with a run that was cut, and holds what it comes to against the uninterrupted training. */
async function goesOnToTheSame(runId: string): Promise<void> {
  const expected = await uninterrupted();
  let first: number | undefined;
  const { modelId } = await trainModel(
    {
      ...ctx,
      progress: ({ done }) => {
        first ??= done;
      },
    },
    await requestOfRun(ctx.db, runId),
  );
  assert.ok(first! > set.batch, 'it did not begin anew');
  assert.deepEqual(await sums(modelId), expected.sums);
  const run = await ctx.db.prisma.trainingRun.findUniqueOrThrow({ where: { id: runId } });
  assert.deepEqual(pointsOf(run.curve), expected.curve);
  assert.equal(run.status, 'done');
  assert.equal(run.error, null);
}

/** Trains in a process of its own and kills it, by a signal that no process hears of, after so many steps. */
async function killedAfter(steps: number, checkpointMinutes: number): Promise<string> {
  const child = fork(path.join(import.meta.dirname, '../testing/train-child.ts'), {
    env: {
      ...process.env,
      CHILD: JSON.stringify({ url: ctx.db.url, dataDir: ctx.dataDir, request: request(), checkpointMinutes }),
    },
  });
  child.on('message', (done: number) => {
    if (done >= steps * set.batch) child.kill('SIGKILL');
  });
  const [, signal] = await once(child, 'exit');
  assert.equal(signal, 'SIGKILL');
  const { id, status } = await newestRun();
  assert.equal(status, 'running');
  return id;
}

/** Trains and stops it, as Ctrl-C does, after so many steps. */
async function stoppedAfter(steps: number, asked: Parameters<typeof trainModel>[1]): Promise<void> {
  const stopping = new AbortController();
  let done = 0;
  const progress = () => {
    done += 1;
    if (done === steps) stopping.abort(new Error('stopped'));
  };
  await assert.rejects(trainModel({ ...ctx, signal: stopping.signal, progress }, asked), /stopped/);
}

describe('a training that was cut goes on to the same weights, bit for bit,', () => {
  test('where it was killed between epochs', async () => {
    const { stepsPerEpoch } = await uninterrupted();
    await goesOnToTheSame(await killedAfter(stepsPerEpoch + 5, 60));
  });

  test('where it was killed within an epoch, after a checkpoint by time', async () => {
    const { stepsPerEpoch } = await uninterrupted();
    await goesOnToTheSame(await killedAfter(stepsPerEpoch + 7, 0));
  });

  test('where it was stopped, once and again', async () => {
    let runId: string | undefined;
    for (const steps of [3, 4, 10]) {
      await stoppedAfter(steps, runId === undefined ? request() : await requestOfRun(ctx.db, runId));
      runId ??= (await newestRun()).id;
    }
    await goesOnToTheSame(runId!);
  });

  test('where its rows have several positives', async () => {
    const asked = {
      ...request(),
      set: { ...set, loss: 'multi-positive', hardNegatives: 0, negatives: 300, targets: 8, batch: 64 },
    };
    const expected = await sums((await trainModel(ctx, asked)).modelId);
    const { steps } = await newestRun();
    await stoppedAfter(Math.ceil(0.7 * steps), asked);
    let left = 0;
    const counted = {
      ...ctx,
      progress: ({ unit }: { unit: string }) => {
        if (unit === 'examples') left += 1;
      },
    };
    const { modelId } = await trainModel(counted, await requestOfRun(ctx.db, (await newestRun()).id));
    assert.ok(left < 0.5 * steps, `it went on where it was stopped: ${left} of ${steps} steps were left`);
    assert.deepEqual(await sums(modelId), expected);
  });
});

test('a factorisation that was stopped goes on with the next sweep to the same vectors, bit for bit', async () => {
  for (const kind of ['wals', 'ials']) {
    const asked = { datasetId, kind, set: { dimensions: 16, sweeps: 4 } };
    const { modelId, runId } = await trainModel(ctx, asked);
    const { curve } = await ctx.db.prisma.trainingRun.findUniqueOrThrow({ where: { id: runId } });
    await stoppedAfter(2, asked);
    const { id } = await newestRun();
    const swept: number[] = [];
    const going = {
      ...ctx,
      progress: ({ done, unit }: { done: number; unit: string }) => unit === 'sweeps' && swept.push(done),
    };
    const again = await trainModel(going, await requestOfRun(ctx.db, id));
    assert.deepEqual(swept, [3, 4]);
    assert.deepEqual(await sums(again.modelId), await sums(modelId));
    const run = await ctx.db.prisma.trainingRun.findUniqueOrThrow({ where: { id } });
    assert.deepEqual(pointsOf(run.curve), pointsOf(curve));
    assert.equal(existsSync(checkpointPath(ctx.dataDir, id)), false);
  }
});

test('a checkpoint that was damaged, or is of other settings, is refused', async () => {
  const stopping = new AbortController();
  const cut = { ...ctx, signal: stopping.signal, progress: () => stopping.abort(new Error('stopped')) };
  await assert.rejects(trainModel(cut, request()), /stopped/);
  const { id: runId } = await newestRun();
  await assert.rejects(trainModel(ctx, { ...request(), set: { ...set, negatives: 65 }, runId }), {
    code: 'conflict',
    message: /Only .* learningRate, .* may change/,
  });
  const file = checkpointPath(ctx.dataDir, runId);
  await writeFile(file, (await readFile(file)).subarray(0, 1000));
  await assert.rejects(trainModel(ctx, { ...request(), runId }), { code: 'corrupt' });
});
