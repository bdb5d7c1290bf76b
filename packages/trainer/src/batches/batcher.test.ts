import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { asEntities, gather, noFeatures, userHistories, withoutId } from '@duet/artifact/inputs';
import { graphSettings, presets } from '@duet/models';
import { seededRng } from '@duet/random';
import fc from 'fast-check';
import { holdOutBaskets } from '../evaluation/hold-out.ts';
import { everyRow, interactionsOf } from '../testing/interactions.ts';
import { Batcher } from './batcher.ts';
import { Epochs } from './epochs.ts';
import { LearningTable } from './learning-table.ts';
import { negativeSampler } from './negative-sampler.ts';
import { collectPositives, historyOfPositives } from './positives.ts';

const settings = { repeats: false, historyBasket: false };

describe('positives', () => {
  test("are each user's first of each item, and know only what came before their moment", () => {
    const x = interactionsOf(
      [
        [0, 1, 10],
        [0, 2, 10],
        [0, 1, 20],
        [0, 3, 20],
        [1, 3, 5],
      ],
      2,
      4,
    );
    const { user, item, historyEnd, histories, itemCount } = collectPositives(x, everyRow(x), settings);
    assert.deepEqual([...user], [0, 0, 0, 1]);
    assert.deepEqual([...item], [1, 2, 3, 3]);
    assert.deepEqual([...itemCount], [0, 2, 1, 2]);
    const before = Array.from(user, (u, i) => [...histories.item.subarray(histories.start[u]!, historyEnd[i]!)]);
    assert.deepEqual(before, [[], [], [1, 2], []]);
  });

  test('may know all other items of their moment: everything where the data have no order', () => {
    const x = interactionsOf(
      [1, 2, 3].map((item) => [0, item, 0] as const),
      1,
      4,
    );
    const { historyEnd } = collectPositives(x, everyRow(x), { ...settings, historyBasket: true });
    assert.deepEqual([...historyEnd], [3, 3, 3]);
  });

  test('without an order know all the other items of their user', () => {
    const x = interactionsOf(
      [
        [0, 1, 0],
        [0, 2, 1],
        [0, 3, 2],
        [1, 3, 0],
      ],
      2,
      4,
    );
    const p = collectPositives(x, everyRow(x), settings, false);
    const history = (length: number) =>
      Array.from(p.item, (_, i) => [...historyOfPositives(p, Int32Array.of(i), length)]);
    assert.deepEqual(history(9), [[2, 3], [1, 3], [1, 2], []]);
    // No more than is looked at: the last two and, where it is one of them, without the positive.
    assert.deepEqual(history(1), [[2, 3], [3], [2], []]);
  });

  test('never have anything of their own moment or later in their history', () => {
    const triple = fc.tuple(fc.nat(4), fc.nat(9), fc.nat(6));
    fc.assert(
      fc.property(fc.array(triple, { minLength: 1, maxLength: 60 }), fc.boolean(), (triples, repeats) => {
        const x = interactionsOf(triples, 5, 10);
        const p = collectPositives(x, everyRow(x), { ...settings, repeats });
        p.user.forEach((u, i) => {
          const length = p.historyEnd[i]! - p.histories.start[u]!;
          const times = triples
            .filter(([user]) => user === u)
            .map(([, , time]) => time)
            .sort((a, b) => a - b);
          const firstMoment = Math.min(
            ...triples.filter(([user, item]) => user === u && item === p.item[i]).map(([, , time]) => time),
          );
          if (!repeats) assert.equal(length, times.filter((time) => time < firstMoment).length);
          assert.ok(length < times.length);
        });
      }),
    );
  });
});

describe('held-out baskets', () => {
  test('are whole last baskets of at most a tenth of the users, gone from the training rows', () => {
    const triple = fc.tuple(fc.nat(29), fc.nat(9), fc.nat(8));
    fc.assert(
      fc.property(fc.array(triple, { minLength: 1, maxLength: 400 }), (triples) => {
        const x = interactionsOf(triples, 30, 10);
        const { train, validation } = holdOutBaskets(x, everyRow(x));
        assert.ok(validation.evaluations.length <= 3);
        const histories = userHistories(x, train);
        for (const { user, targets, seen } of validation.evaluations) {
          assert.deepEqual(
            new Set(histories.item.subarray(histories.start[user], histories.start[user + 1])),
            new Set(seen),
          );
          assert.ok(targets.every((item) => !seen.includes(item)) && targets.length > 0);
          const last = Math.max(...triples.filter(([u]) => u === user).map(([, , time]) => time));
          assert.ok([...train].every((row) => x.user[row] !== user || x.time[row]! < last));
        }
      }),
    );
  });
});

test('of users whose rows have no order, one drawn row is held out, not the last in the file', () => {
  const users = Array.from({ length: 300 }, (_, user) => user);
  const x = interactionsOf(
    users.flatMap((user) => [0, 1, 2, 3, 4, 5].map((item) => [user, item, 0] as const)),
    300,
    6,
  );
  const { train, validation } = holdOutBaskets(x, everyRow(x));
  assert.equal(validation.evaluations.length, 30);
  assert.equal(train.length, 300 * 6 - 30);
  // Uniform over six items: each about 5 of 30; all of the last item would be the file's order.
  assert.ok(new Set(validation.evaluations.map(({ targets }) => targets[0])).size >= 4);
});

describe('the negative sampler', () => {
  test('draws items by popularity to the power of the smoothing', () => {
    const counts = Int32Array.of(1, 16, 81, 0, 256);
    const weights = counts.map((n) => n ** 0.5);
    const total = weights.reduce((a, b) => a + b);
    const { draw, probability } = negativeSampler(counts, 0.5);
    const rng = seededRng(3);
    const n = 40_000;
    const drawn = new Float64Array(5);
    for (let i = 0; i < n; i++) drawn[draw(rng)]!++;
    // Pearson's χ² with three degrees of freedom: 16.27 is its 99.9 % quantile.
    const chi2 = [0, 1, 2, 4].reduce(
      (sum, i) => sum + (drawn[i]! - (n * weights[i]!) / total) ** 2 / ((n * weights[i]!) / total),
      0,
    );
    assert.ok(chi2 < 16.27, `χ² ${chi2}`);
    assert.equal(drawn[3], 0);
    probability.forEach((p, i) => {
      assert.ok(Math.abs(p - weights[i]! / total) < 1e-12);
    });
  });

  test('is uniform without smoothing, over unsold items too', () => {
    assert.deepEqual([...negativeSampler(Int32Array.of(5, 0, 1, 9), 0).probability], [0.25, 0.25, 0.25, 0.25]);
  });
});

describe('cross-fitted augmented vectors', () => {
  const table = () => new LearningTable(7, 2);
  const tables = { 'user.augmented': table(), 'item.augmented': table() };
  const crossFit = { history: 0, augmentedDims: 2, crossFit: true, mimicUser: 1, mimicItem: 1 };
  const entities = (...rows: number[]) => asEntities(Int32Array.from(rows));
  const rowsOf = (gathered: ReturnType<typeof gather>) =>
    Object.fromEntries(gathered.map(({ input, bags }) => [input, [...bags.row]]));

  test('show a pair the halves that it does not teach, and a negative either half', () => {
    // Users 2 and 0 (hidden) with positives 1 and 0; item 2 is a negative. Rows of entity e are 1 + 2e and 2 + 2e.
    const gathered = gather(noFeatures, tables, crossFit, {
      users: entities(2, withoutId(0)),
      histories: [[], []],
      items: entities(1, 0, 2),
      mimics: {
        users: Uint8Array.of(0, 1),
        items: Uint8Array.of(0, 1, 1),
        learning: { user: entities(2, 0), item: entities(1, 0) },
        causal: false,
      },
    });
    assert.deepEqual(rowsOf(gathered), {
      userAugmented: [6, 0],
      userMimic: [5, 2],
      itemAugmented: [4, 1, 5],
      itemMimic: [3, 2],
    });
  });

  test('show nothing of a user to the earlier pairs, and to the later ones what those taught', () => {
    const gathered = gather(noFeatures, tables, crossFit, {
      users: entities(2, 2),
      histories: [[], []],
      items: entities(1, 0),
      mimics: {
        users: Uint8Array.of(0, 1),
        items: Uint8Array.of(1, 0),
        learning: { user: entities(2, 2), item: entities(1, 0) },
        causal: true,
      },
    });
    assert.deepEqual(rowsOf(gathered), {
      userAugmented: [0, 5],
      userMimic: [5, 6],
      itemAugmented: [3, 2],
      itemMimic: [4, 1],
    });
  });

  test('are the mean of both halves once trained', () => {
    const gathered = gather(noFeatures, tables, crossFit, {
      users: entities(2),
      histories: [[]],
      items: entities(),
    });
    assert.deepEqual(rowsOf(gathered), { userAugmented: [5, 6] });
    assert.deepEqual([...gathered[0]!.bags.weight], [0.5, 0.5]);
  });
});

describe('a multi-positive batch', () => {
  const x = interactionsOf(
    [
      [0, 1, 0],
      [0, 2, 0],
      [0, 3, 1],
      [1, 3, 0],
      [2, 0, 0],
    ],
    3,
    9,
  );
  const positives = collectPositives(x, everyRow(x), settings);
  /** The rows of users 0 (items 1 and 2), 1 (item 3) in a batch of so many items. */
  const assemble = (items: number, seed = 1) => {
    const given = { ...presets.paper, loss: 'multi-positive' as const, batch: 2, negatives: items, augmentedDims: 0 };
    const model = graphSettings('two-tower', given, { userWidth: 0, itemWidth: 0 });
    const batcher = new Batcher(noFeatures, {}, positives, given, model, new Int32Array(9).fill(-1), seededRng(seed));
    const feeds = {
      positive: new Float32Array(2 * items).fill(7),
      own: new Float32Array(2 * items).fill(7),
      logQ: new Float32Array(items),
    };
    batcher.assemble({ start: Int32Array.of(0, 2, 3), positive: Int32Array.of(0, 1, 3) }, feeds);
    return { shares: rows(feeds.positive), own: rows(feeds.own), logQ: [...feeds.logQ] };
  };
  const rows = (values: Float32Array) =>
    [0, 1].map((i) => [...values.slice((i * values.length) / 2, ((i + 1) * values.length) / 2)]);

  test('of the whole catalogue gives each pair its share, and knows what the users have had', () => {
    const { shares, own, logQ } = assemble(9);
    assert.deepEqual(shares, [
      [0, 0.25, 0.25, 0, 0, 0, 0, 0, 0],
      [0, 0, 0, 0.5, 0, 0, 0, 0, 0],
    ]);
    assert.deepEqual(own, [
      [0, 1, 1, 1, 0, 0, 0, 0, 0],
      [0, 0, 0, 1, 0, 0, 0, 0, 0],
    ]);
    assert.deepEqual(logQ, new Array(9).fill(0));
  });

  test('of fewer has the positives, each once, and leaves out those that it has no room for', () => {
    const { shares, own, logQ } = assemble(5);
    assert.deepEqual(
      shares.map((row) => row.filter((share) => share > 0).length),
      [2, 1],
    );
    assert.deepEqual(
      own.map((row) => row.filter((one) => one === 1).length),
      [3, 1],
    );
    assert.ok(
      logQ.every((one) => one < 0),
      `chances below 1: ${logQ}`,
    );
    assert.deepEqual(assemble(2).shares, [
      [0.25, 0.25],
      [0, 0],
    ]);
  });

  test("has an item as often as it says: a batch's items over their chances count the catalogue", () => {
    const rng = seededRng(3);
    const purchases = Array.from({ length: 3000 }, (_, i): [number, number, number] => [
      i % 100,
      Math.floor(200 * rng() ** 2),
      i,
    ]);
    const sold = interactionsOf(purchases, 100, 200);
    const of = collectPositives(sold, everyRow(sold), settings, false);
    const given = {
      ...presets.paper,
      ...{ loss: 'multi-positive' as const, batch: 10, targets: 8, negatives: 120, augmentedDims: 0 },
    };
    const model = graphSettings('two-tower', given, { userWidth: 0, itemWidth: 0 });
    const batcher = new Batcher(noFeatures, {}, of, given, model, new Int32Array(200).fill(-1), rng);
    const epochs = new Epochs(of, given);
    const feeds = { positive: new Float32Array(1200), own: new Float32Array(1200), logQ: new Float32Array(120) };
    const counts: number[] = [];
    for (let epoch = 0; epoch < 20; epoch++) {
      epochs.begin(rng);
      for (let step = 0; step < epochs.stepsPerEpoch; step++) {
        batcher.assemble(epochs.batch(step), feeds);
        counts.push(feeds.logQ.reduce((sum, chance) => sum + Math.exp(-chance), 0));
      }
    }
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
    assert.ok(Math.abs(mean / 200 - 1) < 0.01, `${mean} items of 200`);
  });
});

describe('a causal batch', () => {
  /** A user's four pairs, two moments each before and after the middle; which halves of a_u they see and teach. */
  const halves = (ordered: boolean) => {
    const x = interactionsOf(
      [0, 1, 2, 3].map((item) => [0, item, item] as const),
      1,
      4,
    );
    const positives = collectPositives(x, everyRow(x), settings, ordered);
    const given = { ...presets.best, batch: 4, negatives: 0, history: 0, userIdDropout: 0, itemIdDropout: 0 };
    const model = graphSettings('dat', { ...given, alignment: 0 }, { userWidth: 0, itemWidth: 0 });
    const table = (rows: number) => new LearningTable(rows, 128);
    const tables = { 'user.augmented': table(3), 'item.augmented': table(9) };
    for (let row = 0; row < 3; row++) tables['user.augmented'].values.fill(row, row * 128, (row + 1) * 128);
    const batcher = new Batcher(noFeatures, tables, positives, given, model, new Int32Array(4).fill(-1), seededRng(1));
    const augmented = () => new Float32Array(4 * 128);
    const feeds = {
      ...{ userAugmented: augmented(), userMimic: augmented(), itemAugmented: augmented(), itemMimic: augmented() },
      ...{ logQ: new Float32Array(4), itemKey: new Float32Array(4) },
    };
    batcher.assemble({ start: Int32Array.of(0, 1, 2, 3, 4), positive: Int32Array.of(0, 1, 2, 3) }, feeds);
    const firsts = (values: Float32Array) => [0, 1, 2, 3].map((i) => values[i * 128]!);
    return { seen: firsts(feeds.userAugmented), taught: firsts(feeds.userMimic) };
  };

  test('shows the later pairs what the earlier ones taught, and those nothing', () => {
    assert.deepEqual(halves(true), { seen: [0, 0, 1, 1], taught: [1, 1, 2, 2] });
  });

  test('has halves by chance where the data know no order', () => {
    const { seen, taught } = halves(false);
    assert.deepEqual(
      seen,
      taught.map((row) => 3 - row),
    );
  });
});
