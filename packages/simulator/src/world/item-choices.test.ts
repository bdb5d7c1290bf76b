import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRng } from '@duet/random';
import { sigmoid } from '@duet/ranking';
import { makeShop } from '../testing.ts';
import { fitSlopes, interceptFor, priceDistance, usualLogPrice } from './item-choices.ts';

test('the intercept gives the share that was asked for', () => {
  const rng = seededRng(1);
  const logits = Float64Array.from({ length: 500 }, () => 6 * rng() - 3);
  const weights = Float64Array.from(logits, () => rng());
  const intercept = interceptFor(logits, weights, 0.07);
  const total = weights.reduce((sum, w) => sum + w, 0);
  const purchaseShare = logits.reduce((sum, z, i) => sum + weights[i]! * sigmoid(intercept + z), 0) / total;
  assert.ok(Math.abs(purchaseShare - 0.07) < 1e-9);
});

test('a price’s distance is ln of its ratio to the usual one, and 0 where either is unknown', () => {
  const usual = usualLogPrice([0, 1, 2], [100, 400, Number.NaN]);
  assert.ok(Math.abs(usual - Math.log(200)) < 1e-12);
  assert.ok(Math.abs(priceDistance(400, usual) - Math.log(2)) < 1e-12);
  assert.equal(priceDistance(null, usual), 0);
  assert.equal(priceDistance(400, Number.NaN), 0);
  assert.equal(priceDistance(1e9, usual), 3);
});

describe('slopes', () => {
  test('say that customers with a taste follow it, and those without do not', () => {
    const loyal = fitSlopes(makeShop({ loyalty: 0.9 }), seededRng(1));
    const random = fitSlopes(makeShop({ loyalty: 0 }), seededRng(1));
    assert.ok(loyal.liking > 0.8, `${loyal.liking}`);
    assert.ok(Math.abs(random.liking) < 0.15, `${random.liking}`);
  });

  test('say that customers who buy at their own price avoid others', () => {
    const choosy = fitSlopes(makeShop({ byPrice: true, loyalty: 0 }), seededRng(1));
    const indifferent = fitSlopes(makeShop({ loyalty: 0 }), seededRng(1));
    assert.ok(choosy.priceSquared < -1, `${choosy.priceSquared}`);
    assert.ok(Math.abs(indifferent.priceSquared) < 0.3, `${indifferent.priceSquared}`);
  });
});
