import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DuetError } from '@duet/config';
import fc from 'fast-check';
import type { Interactions } from './load.ts';
import { type Split, splitDataset, validationSplit } from './splits.ts';

/** Interactions of up to 8 users with 6 items, many at the same time, in the contract's order. */
const interactions = fc
  .array(fc.tuple(fc.nat(7), fc.nat(5), fc.nat(20)), { minLength: 1, maxLength: 120 })
  .map((rows): Interactions => {
    rows.sort(([a, , s], [b, , t]) => a - b || s - t);
    return {
      users: Array.from({ length: 8 }, (_, i) => `u${i}`),
      items: Array.from({ length: 6 }, (_, i) => `i${i}`),
      user: Int32Array.from(rows, ([user]) => user),
      item: Int32Array.from(rows, ([, item]) => item),
      time: Float64Array.from(rows, ([, , time]) => time),
      weight: new Float32Array(rows.length).fill(1),
      valueMinor: new Float64Array(rows.length).fill(Number.NaN),
      clock: 'time',
    };
  });

const rule = fc.oneof(fc.constant('leave-last-out'), fc.constantFrom('time:0.5', 'time:0.8', 'time:0.9'));

/** The split, or undefined where it holds no user out. */
function attempt(make: () => Split): Split | undefined {
  try {
    return make();
  } catch (error) {
    assert.ok(error instanceof DuetError && /leaves no user to evaluate/.test(error.message), String(error));
    return undefined;
  }
}

const itemsOf = (x: Interactions, rows: Iterable<number>): number[] =>
  [...new Set(Array.from(rows, (row) => x.item[row]!))].sort((a, b) => a - b);

test("a time split trains on nothing later than its cut, and the cut is numpy's quantile", () => {
  // numpy.quantile([0, 1, 2, 3, 10, 11, 12, 13, 14, 15], .8) = 13.2
  const times = [0, 1, 2, 3, 10, 11, 12, 13, 14, 15];
  const x: Interactions = {
    users: ['u'],
    items: times.map(String),
    user: new Int32Array(10),
    item: Int32Array.from(times.keys()),
    time: Float64Array.from(times),
    weight: new Float32Array(10).fill(1),
    valueMinor: new Float64Array(10),
  };
  const split = splitDataset(x, 'time:0.8', { knownItemsOnly: false });
  assert.deepEqual([...split.train], [0, 1, 2, 3, 4, 5, 6, 7]);
  assert.deepEqual(
    split.evaluations.map(({ user, targets, seen }) => ({ user, targets: [...targets], seen: [...seen] })),
    [{ user: 0, targets: [8, 9], seen: [0, 1, 2, 3, 4, 5, 6, 7] }],
  );
});

test('no training row is later than a held-out one: of anybody in a time split, of the user in leave-last-out', () => {
  fc.assert(
    fc.property(interactions, rule, (x, name) => {
      const split = attempt(() => splitDataset(x, name, { minTrain: 2 }));
      if (split === undefined) return;
      const inTrain = new Set(split.train);
      assert.equal(inTrain.size, split.train.length);
      const held = Array.from(x.user.keys()).filter((row) => !inTrain.has(row));
      for (const row of held) {
        const others = [...split.train].filter((other) => name !== 'leave-last-out' || x.user[other] === x.user[row]);
        const latest = Math.max(...others.map((other) => x.time[other]!));
        if (name === 'leave-last-out') assert.ok(latest <= x.time[row]!);
        else assert.ok(latest < x.time[row]!);
      }
    }),
  );
});

test("every evaluated user has the least training rows, new targets, and seen = the user's training items", () => {
  fc.assert(
    fc.property(interactions, rule, fc.integer({ min: 1, max: 6 }), fc.boolean(), (x, name, minTrain, newItemsOnly) => {
      const split = attempt(() => splitDataset(x, name, { minTrain, newItemsOnly, knownItemsOnly: false }));
      if (split === undefined) return;
      const inTrain = new Set(split.train);
      for (const { user, targets, seen } of split.evaluations) {
        const mine = Array.from(x.user.keys()).filter((row) => x.user[row] === user);
        const train = mine.filter((row) => inTrain.has(row));
        const known = itemsOf(x, train);
        const later = itemsOf(
          x,
          mine.filter((row) => !inTrain.has(row)),
        );
        assert.ok(train.length >= minTrain);
        assert.deepEqual([...seen], newItemsOnly ? known : []);
        assert.deepEqual([...targets], newItemsOnly ? later.filter((item) => !known.includes(item)) : later);
        assert.ok(targets.length > 0);
      }
    }),
  );
});

test('targets are items that somebody has a training row of, unless cold ones are asked for', () => {
  fc.assert(
    fc.property(interactions, rule, (x, name) => {
      const split = attempt(() => splitDataset(x, name, { minTrain: 1 }));
      const withCold = attempt(() => splitDataset(x, name, { minTrain: 1, knownItemsOnly: false }));
      const known = new Set(itemsOf(x, split?.train ?? []));
      for (const { user, targets } of split?.evaluations ?? []) {
        assert.ok(targets.every((item) => known.has(item)));
        const all = withCold!.evaluations.find((evaluation) => evaluation.user === user)!.targets;
        assert.ok(targets.every((item) => all.includes(item)));
      }
    }),
  );
});

test('leave-last-out gives every other row to training', () => {
  fc.assert(
    fc.property(interactions, (x) => {
      const split = attempt(() => splitDataset(x, 'leave-last-out'));
      if (split) assert.equal(split.train.length + split.evaluations.length, x.user.length);
    }),
  );
});

test('a validation split stays inside the training rows', () => {
  fc.assert(
    fc.property(interactions, rule, (x, name) => {
      const split = attempt(() => splitDataset(x, name, { minTrain: 1 }));
      const inner = split && attempt(() => validationSplit(x, split, { minTrain: 1 }));
      if (!split || !inner) return;
      const outer = new Set(split.train);
      assert.ok(inner.train.every((row) => outer.has(row)));
      assert.ok(inner.train.length < outer.size);
    }),
  );
});

test('a split that cannot be is refused with the reason', () => {
  const x: Interactions = {
    users: ['u'],
    items: ['i'],
    user: Int32Array.of(0),
    item: Int32Array.of(0),
    time: Float64Array.of(0),
    weight: Float32Array.of(1),
    valueMinor: Float64Array.of(Number.NaN),
    clock: 'position',
  };
  assert.throws(() => splitDataset(x, 'leave-last-out'), /leaves no user to evaluate/);
  assert.throws(() => splitDataset(x, 'time:0.8'), /has only an order/);
  for (const name of ['time:1.5', 'time:0', 'random']) assert.throws(() => splitDataset(x, name), /is not a split/);
  assert.deepEqual(splitDataset(x, 'none').evaluations, []);
});
