import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DuetError } from '@duet/base';
import fc from 'fast-check';
import { splitParts } from '../shape.ts';
import type { Interactions } from './dataset.ts';
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
      split: Uint8Array.from(rows, ([user, item, time]) => (user + item + time) % 3),
    };
  });

const ordered = ['leave-last-out', 'time:0.5', 'time:0.8', 'time:0.9'];
const rule = fc.constantFrom(...ordered, 'random:0.5', 'random:.8', 'random:0.8:2', 'given');

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
    fc.property(interactions, fc.constantFrom(...ordered), (x, name) => {
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

test('targets are items that somebody has a training row of, and the cold ones are the rest', () => {
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
      for (const { user, targets } of split?.coldItems ?? []) {
        assert.ok(targets.every((item) => !known.has(item)));
        const warm = split!.evaluations.find((evaluation) => evaluation.user === user)?.targets ?? [];
        const all = withCold!.evaluations.find((evaluation) => evaluation.user === user)!.targets;
        assert.deepEqual([...warm, ...targets].sort(), [...all]);
      }
    }),
  );
});

test('users with too few training rows are apart, with what they would be asked for otherwise', () => {
  fc.assert(
    fc.property(interactions, fc.constantFrom('time:0.5', 'random:0.5'), (x, name) => {
      const split = attempt(() => splitDataset(x, name, { minTrain: 2 }));
      const all = attempt(() => splitDataset(x, name, { minTrain: 0 }));
      if (split === undefined) return;
      const byUser = [...split.evaluations, ...split.coldUsers!].sort((a, b) => a.user - b.user);
      assert.deepEqual(byUser, all!.evaluations);
      for (const { user } of split.coldUsers!) {
        assert.ok(split.train.filter((row) => x.user[row] === user).length < 2);
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

test("a given split is the file's: its test rows are targets, its validation rows train and then validate", () => {
  fc.assert(
    fc.property(interactions, (x) => {
      const partOf = (rows: Iterable<number>) => new Set(Array.from(rows, (row) => splitParts[x.split![row]!]));
      const split = attempt(() => splitDataset(x, 'given'));
      if (split === undefined) return;
      assert.equal(split.train.length, x.split!.filter((part) => splitParts[part] !== 'test').length);
      assert.ok(!partOf(split.train).has('test'));
      const inner = attempt(() => validationSplit(x, split));
      if (inner && partOf(split.train).has('validation')) assert.deepEqual(partOf(inner.train), new Set(['train']));
    }),
  );
});

test('a random split holds out the share that it says, by the pair, whatever rows there are beside', () => {
  const n = 20_000;
  const x: Interactions = {
    users: Array.from({ length: n / 20 }, (_, i) => `user ${i}`),
    items: Array.from({ length: 50 }, (_, i) => String(i)),
    user: Int32Array.from({ length: n }, (_, row) => Math.floor(row / 20)),
    item: Int32Array.from({ length: n }, (_, row) => ((row % 10) * 7 + Math.floor(row / 20)) % 50),
    time: new Float64Array(n),
    weight: new Float32Array(n).fill(1),
    valueMinor: new Float64Array(n),
  };
  const split = splitDataset(x, 'random:0.8');
  // Each of the 10,000 pairs is held out with probability .2: five standard deviations are .02.
  assert.ok(Math.abs(split.train.length / n - 0.8) < 0.02);
  const inTrain = new Set(split.train);
  // Every user's second ten rows are the first ten again.
  for (let row = 0; row < n; row += 20) {
    for (let i = 0; i < 10; i++) assert.equal(inTrain.has(row + i), inTrain.has(row + i + 10));
  }
  const half = { ...x, user: x.user.subarray(n / 2), item: x.item.subarray(n / 2) };
  assert.deepEqual(
    splitDataset(half, 'random:0.8').train,
    split.train.filter((row) => row >= n / 2).map((row) => row - n / 2),
  );
  const other = new Set(splitDataset(x, 'random:0.8:2').train);
  // Two seeds agree as independent draws do: .8² + .2².
  const agreed = Array.from(x.user.keys()).filter((row) => inTrain.has(row) === other.has(row)).length / n;
  assert.ok(Math.abs(agreed - 0.68) < 0.03, String(agreed));
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
  assert.throws(() => splitDataset(x, 'given'), /needs a column that says it/);
  for (const name of ['time:1.5', 'time:0', 'time:0.8:1', 'random', 'random:0', 'random:1'])
    assert.throws(() => splitDataset(x, name), /is not a split/);
  assert.deepEqual(splitDataset(x, 'none').evaluations, []);
});
