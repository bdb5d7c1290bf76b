import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nthRng } from '@duet/random';
import fc from 'fast-check';
import { everyRow, interactionsOf } from '../testing/interactions.ts';
import { causalHalf, Epochs, mimicHalf } from './epochs.ts';
import { collectPositives, type Positives } from './positives.ts';

const triples = fc.array(fc.tuple(fc.nat(4), fc.nat(19), fc.nat(3)), { minLength: 2, maxLength: 120 });
const settings = fc.record({
  loss: fc.constantFrom('softmax' as const, 'multi-positive' as const),
  batch: fc.integer({ min: 1, max: 7 }),
  targets: fc.integer({ min: 1, max: 5 }),
  crossFit: fc.boolean(),
  augmentedDims: fc.constant(4),
});

const positivesOf = (of: [number, number, number][], ordered: boolean): Positives => {
  const x = interactionsOf(of, 5, 20);
  return collectPositives(x, everyRow(x), { repeats: false, historyBasket: false }, ordered);
};

const batchesOf = (epochs: Epochs) => Array.from({ length: epochs.stepsPerEpoch }, (_, step) => epochs.batch(step));

describe('an epoch', () => {
  test('takes every positive, in rows of one moment, no longer than they may be', () => {
    fc.assert(
      fc.property(triples, fc.boolean(), settings, fc.nat(9), (of, ordered, given, epoch) => {
        const positives = positivesOf(of, ordered);
        const epochs = new Epochs(positives, given);
        epochs.begin(nthRng(1, epoch));
        const taken = new Set<number>();
        for (const { start, positive } of batchesOf(epochs)) {
          assert.equal(start.length, given.batch + 1);
          for (let row = 0; row < given.batch; row++) {
            const rowPositives = positive.subarray(start[row]!, start[row + 1]!);
            assert.ok(
              rowPositives.length >= 1 && rowPositives.length <= (given.loss === 'softmax' ? 1 : given.targets),
            );
            for (const one of rowPositives) {
              taken.add(one);
              assert.equal(positives.user[one], positives.user[rowPositives[0]!]);
              assert.equal(positives.historyEnd[one], positives.historyEnd[rowPositives[0]!]);
            }
          }
        }
        assert.equal(taken.size, positives.item.length);
      }),
    );
  });

  test('has batches that teach one half of the augmented vectors, where a batch has an item once', () => {
    fc.assert(
      fc.property(triples, fc.boolean(), settings, (of, ordered, given) => {
        const positives = positivesOf(of, ordered);
        const epochs = new Epochs(positives, { ...given, loss: 'multi-positive', crossFit: true });
        epochs.begin(nthRng(1, 0));
        for (const { positive } of batchesOf(epochs)) {
          assert.equal(new Set(Array.from(positive, (one) => mimicHalf(positives, one))).size, 1);
        }
      }),
    );
  });

  test('is the same whatever epochs were before it', () => {
    fc.assert(
      fc.property(triples, settings, (of, given) => {
        const positives = positivesOf(of, false);
        const [fresh, used] = [new Epochs(positives, given), new Epochs(positives, given)];
        used.begin(nthRng(1, 0));
        for (const epochs of [fresh, used]) epochs.begin(nthRng(1, 1));
        assert.deepEqual(batchesOf(fresh), batchesOf(used));
      }),
    );
  });
});

describe('the halves of a causal training', () => {
  test('split each user in time: what teaches the first came before what sees it', () => {
    fc.assert(
      fc.property(triples, (of) => {
        const positives = positivesOf(of, true);
        const { user, histories, historyEnd } = positives;
        const ends = (half: 0 | 1, one: number) =>
          [...historyEnd].filter((_, at) => user[at] === one && causalHalf(positives, at) === half);
        for (const one of new Set(user)) {
          const [from, to] = [histories.start[one]!, histories.start[one + 1]!];
          assert.ok(ends(0, one).every((end) => end < (from + to) / 2));
          assert.ok(ends(1, one).every((end) => end >= (from + to) / 2));
          assert.ok(ends(0, one).includes(from), 'the first of all is among the earlier');
        }
      }),
    );
  });
});
