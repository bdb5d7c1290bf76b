import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { estimateOf } from '../report/arm-estimate.ts';
import { metrics } from './experiment-metrics.ts';
import { layout, type Measure, measures, momentCount, pastOf, userSums } from './measures.ts';

const users = fc.array(fc.array(fc.bigInt({ min: 0n, max: 1000n }), { minLength: 14, maxLength: 14 }), {
  minLength: 1,
  maxLength: 5,
});
const sum = (values: bigint[]) => values.reduce((a, b) => a + b, 0n);

/** Moments of the first `count` measures of users who have `values` of each. */
function momentsOf(values: bigint[][], count: number): bigint[] {
  const of = (get: (user: bigint[]) => bigint) => sum(values.map(get));
  const pairs = Array.from({ length: count }, (_, i) =>
    Array.from({ length: count - i }, (_, j) => [i, i + j] as const),
  );
  return [
    ...Array.from({ length: count }, (_, i) => of((user) => user[i]!)),
    ...pairs.flat().map(([i, j]) => of((user) => user[i]! * user[j]!)),
  ];
}

describe('stored sums', () => {
  test('are read by the place of their measure, in either order of a product', () => {
    fc.assert(
      fc.property(users, fc.nat(13), fc.nat(13), (values, i, j) => {
        const { sums, product } = userSums(1n, momentsOf(values, 14));
        const [a, b] = [measures[i]!, measures[j]!];
        assert.equal(sums[a], sum(values.map((user) => user[i]!)));
        assert.equal(product(a, b), sum(values.map((user) => user[i]! * user[j]!)));
        assert.equal(product(b, a), product(a, b));
      }),
    );
    assert.equal(momentCount, layout.known.length + layout.pairs.length);
  });

  test('of an experiment that was over before a measure came are read all the same, and know nothing of it', () => {
    const values = [measures.map((_, i) => BigInt(i)), measures.map((_, i) => BigInt(7 * i + 1))];
    const [now, then] = [userSums(2n, momentsOf(values, 14)), userSums(2n, momentsOf(values, 12))];
    const [last, ...known] = [measures.at(13) as Measure, ...measures.slice(0, 12)];
    for (const a of known) for (const b of known) assert.equal(then.product(a, b), now.product(a, b));
    assert.deepEqual([now.knows(last), then.knows(last), then.knows('users')], [true, false, true]);
    const metric = { ...metrics[0], numerator: last, denominator: 'users' as const };
    assert.equal(estimateOf(then, metric), undefined);
    assert.ok(estimateOf(now, metric));
  });

  test('have a past that is a measure, where there is one', () => {
    for (const measure of measures) assert.ok([undefined, ...measures].includes(pastOf(measure)));
  });
});
