import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { TrainerContext } from './trainer-context.ts';

// The registry is read once a process: it gets its line before, here and in the processes of the trials.
const addToy = import.meta.resolve('@duet/models/testing/add-toy');
await import(addToy);
process.execArgv.push('--import', addToy);
const { openModel } = await import('@duet/artifact');
const { loadExamples } = await import('@duet/datasets/testing');
const { modelKinds, resolveSettings, settingsOfKind } = await import('@duet/models');
const { evaluateBaseline, evaluateModel } = await import('./evaluation/judge.ts');
const { createTrainer } = await import('./testing/trainer.ts');
const { trainModel } = await import('./train.ts');
const { tune } = await import('./tuning/tune.ts');

describe('a model that is a file and a line in the registry', () => {
  let ctx: TrainerContext & AsyncDisposable;
  let datasetId: string;
  before(async () => {
    ctx = await createTrainer();
    datasetId = (await loadExamples(ctx)).smallByIds;
  });
  after(() => ctx[Symbol.asyncDispose]());

  const set = { epochs: 1, negatives: 64 };

  test('is listed, with the settings that it has, its own described among them', () => {
    assert.equal(modelKinds.at(-1)?.kind, 'toy');
    const { shape } = settingsOfKind('toy').schema;
    assert.equal(shape.sharpness!.description, "Length of a user's vector.");
    assert.ok(!('augmentedDims' in shape) && 'historyDecay' in shape);
    assert.deepEqual(
      ['paper', 'adapted', 'fast', 'best'].map(
        (preset) => (resolveSettings('toy', preset, {}) as { sharpness: number }).sharpness,
      ),
      [1, 1, 1, 2],
    );
    assert.throws(
      () => resolveSettings('toy', 'fast', { sharpness: 0 }),
      /field sharpness: .*Length of a user's vector/,
    );
    assert.throws(() => resolveSettings('dat', 'fast', { sharpness: 1 }), /field sharpness/);
  });

  test('trains, is kept with its settings, and answers from its artifact as it was measured', async () => {
    const { modelId, evaluation } = await trainModel(ctx, {
      datasetId,
      kind: 'toy',
      set: { ...set, epochs: 4, batch: 64, tableLearningRate: 0.03, sharpness: 3 },
    });
    const { parameters } = await ctx.db.prisma.model.findUniqueOrThrow({ where: { id: modelId } });
    assert.equal((parameters as { sharpness: number }).sharpness, 3);
    const again = await evaluateModel(ctx, { modelId });
    assert.deepEqual(again.evaluation.metrics, evaluation!.metrics);
    const popular = await evaluateBaseline(ctx, { datasetId, kind: 'popularity' });
    assert.ok(evaluation!.metrics.MRR! > popular.evaluation.metrics.MRR!);
    await using model = await openModel(ctx.dataDir, modelId, ctx.executor);
    const { vectors } = await model.encodeUsers(['nobody', 'nobody else']);
    const length = Math.hypot(...vectors.subarray(0, model.tasteDimensions));
    assert.ok(Math.abs(length - 3) < 1e-5, `${length}`);
  });

  test('is tuned, its own setting too', async () => {
    const machine = { executor: undefined, threads: 1, device: undefined };
    const { trials, failures } = await tune({ ...ctx, machine }, { datasetId, kind: 'toy', trials: 2, set });
    assert.deepEqual(failures, []);
    const [start, drawn] = [0, 1].map((number) => trials.find((trial) => trial.number === number)!.set);
    assert.equal(start!.sharpness, undefined);
    assert.ok([1, 2, 4].includes(drawn!.sharpness as number));
  });
});
