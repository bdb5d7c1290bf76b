import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRng } from '@duet/random';
import { openTfjs } from '../executors/open.ts';
import { settingsFor } from '../testing/settings-for.ts';
import { inputPlan, towerGraph } from '../tower-graphs.ts';

test('an item is its own embedding alone, apart from the one that histories are pooled from', async () => {
  const s = settingsFor('youtube-dnn', { layers: [3, 2], itemWidth: 2, normalize: false });
  const plan = inputPlan('youtube-dnn', { ...s, featureDims: 5 });
  assert.equal(plan.history, 'own');
  assert.deepEqual([plan.dims('item', 'item_id'), plan.dims('item', 'title'), plan.dims('user', 'user_id')], [2, 0, 0]);
  await using session = await (await openTfjs()).open(towerGraph(s, 'item', 2), seededRng(1));
  const { vectors } = await session.run({ item: Float32Array.of(1, -2, 3, 4) });
  assert.deepEqual([...vectors!], [1, -2, 3, 4]);
});
