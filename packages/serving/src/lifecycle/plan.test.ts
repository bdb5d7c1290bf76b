import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chooseModel, emptyPlan, neededModels, type Plan, type PlannedExperiment, type PlannedModel } from './plan.ts';

const model = (modelId: string, datasetId: string): PlannedModel => ({
  ...{ modelId, datasetId, name: modelId, kind: 'dat', indexId: `index of ${modelId}`, version: 1 },
  ...{ nprobe: null, factory: 'Flat', recallAt100: 1, p50Us: 10 },
});
const experiment = (datasetId: string, control: string, more: Partial<PlannedExperiment> = {}): PlannedExperiment => ({
  ...{ id: `of ${datasetId}`, datasetId, name: '', seed: '', design: 'ab', phase: 1, trafficShare: 1, layer: null },
  ...{ layerFrom: null, layerTo: null, simulated: false, holdout: 0, settings: {}, rankerId: null },
  arms: [{ id: 'a', name: 'a', weight: 1, position: 0, control: true, modelId: control, indexId: null, settings: {} }],
  ...more,
});

describe('the model of a request', () => {
  const plan: Plan = {
    ...emptyPlan,
    dataset: { id: 'tea', name: 'tea' },
    models: [model('new tea', 'tea'), model('new mugs', 'mugs'), model('old tea', 'tea'), model('old mugs', 'mugs')],
  };
  const chosen = (of: Plan, wanted: Parameters<typeof chooseModel>[1] = {}) => chooseModel(of, wanted).modelId;

  test('is the newest of the key’s dataset, and of the served one for a key of every dataset', () => {
    assert.equal(chosen(plan), 'new tea');
    assert.equal(chosen(plan, { datasetId: 'tea' }), 'new tea');
    assert.equal(chosen(plan, { datasetId: 'mugs' }), 'new mugs');
    assert.throws(() => chosen(plan, { datasetId: 'hats' }), { code: 'unavailable' });
  });

  test('is what the dataset’s last experiment decided for, and the control of one that runs', () => {
    const decided = { ...plan, decided: { tea: 'old tea', mugs: 'old mugs' } };
    assert.equal(chosen(decided, { datasetId: 'mugs' }), 'old mugs');
    const running = { ...decided, experiments: [experiment('mugs', 'new mugs'), experiment('tea', 'new tea')] };
    assert.equal(chosen(running, { datasetId: 'mugs' }), 'new mugs');
    assert.equal(chosen(running), 'new tea');
    const simulated = { ...decided, experiments: [experiment('tea', 'new tea', { simulated: true })] };
    assert.equal(chosen(simulated), 'old tea');
  });

  test('is the champion that is deployed at the placement, or everywhere, whatever runs or is newer', () => {
    const deployed = {
      ...{ ...plan, decided: { tea: 'new tea' }, experiments: [experiment('tea', 'new tea')] },
      deployed: { tea: { '': 'old tea' }, mugs: { basket: 'old mugs' } },
    };
    assert.equal(chosen(deployed), 'old tea');
    assert.equal(chosen(deployed, { placement: 'home' }), 'old tea');
    assert.equal(chosen(deployed, { modelId: 'new tea' }), 'new tea');
    assert.equal(chosen(deployed, { datasetId: 'mugs', placement: 'basket' }), 'old mugs');
    assert.equal(chosen(deployed, { datasetId: 'mugs', placement: 'home' }), 'new mugs');
    assert.deepEqual(
      neededModels(deployed).map(({ modelId }) => modelId),
      ['old tea', 'old mugs', 'new tea'],
    );
  });

  test('is never of another dataset than the key’s, by whatever name it is asked for', () => {
    for (const wanted of [{ modelId: 'new tea' }, { indexId: 'index of new tea' }]) {
      assert.equal(chosen(plan, wanted), 'new tea');
      assert.equal(chosen(plan, { ...wanted, datasetId: 'tea' }), 'new tea');
      assert.throws(() => chosen(plan, { ...wanted, datasetId: 'mugs' }), { code: 'not-found' });
    }
  });

  test('is open before the first request for each dataset that has keys', () => {
    const needed = (of: Plan) => neededModels(of).map(({ modelId }) => modelId);
    assert.deepEqual(needed(plan), ['new tea']);
    assert.deepEqual(needed({ ...plan, keyedDatasets: ['mugs', 'hats', 'tea'] }), ['new tea', 'new mugs']);
  });
});
