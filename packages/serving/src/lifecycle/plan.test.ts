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
    datasets: { tea: 'tea', mugs: 'mugs', hats: 'hats' },
    models: [model('new tea', 'tea'), model('new mugs', 'mugs'), model('old tea', 'tea'), model('old mugs', 'mugs')],
  };
  const chosen = (of: Plan, wanted: Parameters<typeof chooseModel>[1] = {}) => chooseModel(of, wanted)?.modelId;

  test('is none, however new there is one, where nothing is deployed and no experiment runs', () => {
    for (const datasetId of Object.keys(plan.datasets)) assert.equal(chosen(plan, { datasetId }), undefined);
    assert.deepEqual(neededModels(plan), []);
  });

  test('is of the key’s dataset, or the only one: where there are several and nothing says which, none is guessed', () => {
    assert.throws(() => chosen(plan), { code: 'bad-input', message: /Which dataset\? There are tea, mugs, hats/ });
    assert.throws(() => chosen(plan, { datasetId: 'gone' }), { code: 'unavailable' });
    assert.throws(() => chosen(emptyPlan), { code: 'unavailable' });
    const one = { ...plan, datasets: { tea: 'tea' }, deployed: { tea: { '': 'old tea' } } };
    assert.equal(chosen(one), 'old tea');
  });

  test('is the control of the first experiment that runs for shoppers, where nothing is deployed', () => {
    const running = { ...plan, experiments: [experiment('mugs', 'old mugs'), experiment('tea', 'old tea')] };
    assert.equal(chosen(running, { datasetId: 'mugs' }), 'old mugs');
    const simulated = { ...plan, experiments: [experiment('tea', 'old tea', { simulated: true })] };
    assert.equal(chosen(simulated, { datasetId: 'tea' }), undefined);
  });

  test('is the champion that is deployed at the placement, or everywhere, whatever runs or is newer', () => {
    const deployed = {
      ...{ ...plan, experiments: [experiment('tea', 'new tea')] },
      deployed: { tea: { '': 'old tea' }, mugs: { basket: 'old mugs' } },
    };
    const tea = { datasetId: 'tea' };
    assert.equal(chosen(deployed, tea), 'old tea');
    assert.equal(chosen(deployed, { ...tea, placement: 'home' }), 'old tea');
    assert.equal(chosen(deployed, { ...tea, modelId: 'new tea' }), 'new tea');
    assert.equal(chosen(deployed, { datasetId: 'mugs', placement: 'basket' }), 'old mugs');
    assert.equal(chosen(deployed, { datasetId: 'mugs', placement: 'home' }), undefined);
    assert.deepEqual(
      neededModels(deployed).map(({ modelId }) => modelId),
      ['old tea', 'old mugs', 'new tea'],
    );
  });

  test('is never of another dataset than the key’s, by whatever name it is asked for', () => {
    for (const choice of [{ modelId: 'new tea' }, { indexId: 'index of new tea' }]) {
      assert.equal(chosen(plan, choice), 'new tea');
      assert.equal(chosen(plan, { ...choice, datasetId: 'tea' }), 'new tea');
      assert.throws(() => chosen(plan, { ...choice, datasetId: 'mugs' }), { code: 'not-found' });
    }
  });
});
