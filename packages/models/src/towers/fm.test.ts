import assert from 'node:assert/strict';
import { test } from 'node:test';
import { normal, seededRng } from '@duet/random';
import { openTfjs } from '../executors/open.ts';
import type { Values } from '../graph/executor.ts';
import { settingsFor } from '../testing/settings-for.ts';
import { towerGraph, vectorDims } from '../tower-graphs.ts';

const [k, userFields, itemFields, n] = [3, 2, 4, 5];
const bias = 0.7;

/** w₀ + Σ w_f + Σ_{f<g} ⟨v_f, v_g⟩ over fields of k factors and a weight each. */
function machine(fields: Float32Array[], w0: number): number {
  return fields.reduce((sum, a, f) => {
    const pairs = fields.slice(f + 1).reduce((inner, b) => {
      for (let d = 0; d < k; d++) inner += a[d]! * b[d]!;
      return inner;
    }, 0);
    return sum + a[k]! + pairs;
  }, w0);
}

for (const loss of ['sigmoid', 'softmax'] as const) {
  const claim = loss === 'sigmoid' ? "Rendle's equation 1" : "Rendle's equation 1 without the user's own terms";
  test(`with ${loss}, two vectors' product is ${claim}, summed pair by pair over the fields`, async () => {
    const s = settingsFor('fm', { idDims: k, userWidth: userFields * (k + 1), itemWidth: itemFields * (k + 1), loss });
    const rng = seededRng(1);
    const random = (length: number) => Float32Array.from({ length }, () => normal(rng));
    const feeds: Values = { user: random(n * s.userWidth), item: random(n * s.itemWidth) };
    const executor = await openTfjs();
    const vectorsOf = async (side: 'user' | 'item') => {
      await using session = await executor.open(towerGraph(s, side, n), seededRng(2));
      await session.load({ 'user/bias': Float32Array.of(bias) });
      return (await session.run(feeds)).vectors!;
    };
    const [users, items] = [await vectorsOf('user'), await vectorsOf('item')];
    const fieldsOf = (side: 'user' | 'item', row: number, count: number) =>
      Array.from({ length: count }, (_, f) =>
        feeds[side]!.subarray((row * count + f) * (k + 1), (row * count + f + 1) * (k + 1)),
      );
    const dims = vectorDims(s);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const userTerms = fieldsOf('user', i, userFields);
        const whole = machine([...userTerms, ...fieldsOf('item', j, itemFields)], bias);
        const expected = loss === 'sigmoid' ? whole : whole - machine(userTerms, bias);
        let product = 0;
        for (let d = 0; d < dims; d++) product += users[i * dims + d]! * items[j * dims + d]!;
        assert.ok(Math.abs(product - expected) < 1e-5 * Math.max(10, Math.abs(expected)), `${product} ${expected}`);
      }
    }
  });
}
