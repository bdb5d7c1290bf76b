import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { featureNames, featuresOf } from './candidate-features.ts';
import { type Candidate, candidatesOf } from './candidates.ts';
import { describeCandidates, itemFacts } from './describe.ts';
import { diversify } from './diversify.ts';
import { fitRanker, type RankingList } from './fit.ts';
import { auc, ndcg, pairedDifference } from './list-quality.ts';
import { fitLogistic, logisticLoss, sigmoid } from './logistic.ts';
import { userProfile } from './profile.ts';
import { parseRanker, Ranker, type RankerParameters, rank } from './rank.ts';

/** A linear congruential generator (Numerical Recipes), so that each run repeats. */
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function drawn(n: number, truth: number[], seed: number) {
  const random = uniform(seed);
  const width = truth.length - 1;
  const x = Float64Array.from({ length: n * width }, () => random() * 4 - 2);
  const y = Uint8Array.from({ length: n }, (_, i) => {
    const z = truth.reduce((sum, w, a) => sum + w * (a === width ? 1 : x[i * width + a]!), 0);
    return random() < sigmoid(z) ? 1 : 0;
  });
  return { x, y, width };
}

describe('the logistic regression', () => {
  const truth = [1.5, -0.7, 0, -2];

  test('recovers the coefficients that labels were drawn with, within four standard errors', () => {
    const examples = drawn(40_000, truth, 1);
    const w = fitLogistic(examples, { l2: 0 });
    // Standard errors ≤ 1 / √(n × the smallest curvature): 0.03 here, by the inverse Hessian's diagonal.
    truth.forEach((value, a) => {
      assert.ok(Math.abs(w[a]! - value) < 0.12, `coefficient ${a} is ${w[a]}, drawn with ${value}`);
    });
  });

  test('gives the gradient and the Hessian of its loss, by central differences', () => {
    const examples = drawn(200, truth, 2);
    const w = Float64Array.of(0.3, -0.2, 0.1, 0.5);
    const { gradient, hessian } = logisticLoss(examples, w, 0.3);
    const h = 1e-5;
    for (let a = 0; a < 4; a++) {
      const up = logisticLoss(
        examples,
        w.map((v, i) => (i === a ? v + h : v)),
        0.3,
      );
      const down = logisticLoss(
        examples,
        w.map((v, i) => (i === a ? v - h : v)),
        0.3,
      );
      assert.ok(Math.abs((up.loss - down.loss) / (2 * h) - gradient[a]!) < 1e-8);
      for (let b = 0; b < 4; b++) {
        assert.ok(Math.abs((up.gradient[b]! - down.gradient[b]!) / (2 * h) - hessian[a * 4 + b]!) < 1e-7);
      }
    }
  });

  test('ends where the gradient is zero, though the classes can be separated', () => {
    const examples = { x: Float64Array.of(-2, -1, 1, 2), y: Uint8Array.of(0, 0, 1, 1), width: 1 };
    const w = fitLogistic(examples, { l2: 0.01 });
    assert.ok(logisticLoss(examples, w, 0.01).gradient.every((g) => Math.abs(g) < 1e-8));
  });

  test('gives bit for bit the same weights for the same examples', () => {
    assert.deepEqual(fitLogistic(drawn(500, truth, 3)), fitLogistic(drawn(500, truth, 3)));
  });
});

const flat: RankerParameters = {
  version: 2,
  target: 'purchase',
  intercept: -1,
  features: featureNames.map((name) => ({ name, mean: 0, scale: 1, weight: 0 })),
};
const weighing = (weights: Record<string, number>): RankerParameters => ({
  ...flat,
  features: flat.features.map((feature) => ({ ...feature, weight: weights[feature.name] ?? 0 })),
});
/** A candidate of whom nothing is known. */
const plain: Candidate = {
  retrievalScore: 0,
  logPopularity: 0,
  trend: Number.NaN,
  category: -1,
  categoryShare: 0,
  daypartAffinity: Number.NaN,
  priceMinor: Number.NaN,
  logPrice: Number.NaN,
  usualLogPrice: Number.NaN,
  coPurchase: 0,
};
const nobody = userProfile([], { category: new Int32Array(), priceMinor: new Float64Array() });
const candidate = fc.record({
  retrievalScore: fc.double({ min: -1, max: 1, noNaN: true }),
  logPopularity: fc.double({ min: 0, max: 10, noNaN: true }),
  category: fc.integer({ min: -1, max: 3 }),
  categoryShare: fc.double({ min: 0.01, max: 1, noNaN: true }),
  trend: fc.oneof(fc.constant(Number.NaN), fc.double({ min: -3, max: 3, noNaN: true })),
  daypartAffinity: fc.oneof(fc.constant(Number.NaN), fc.double({ min: -2, max: 2, noNaN: true })),
  usualLogPrice: fc.oneof(fc.constant(Number.NaN), fc.double({ min: 0, max: 10, noNaN: true })),
  priceMinor: fc.oneof(fc.constant(Number.NaN), fc.double({ min: 0, max: 1e6, noNaN: true })),
  logPrice: fc.oneof(fc.constant(Number.NaN), fc.double({ min: 0, max: 14, noNaN: true })),
  coPurchase: fc.double({ min: 0, max: 20, noNaN: true }),
});

describe('ranking', () => {
  test('is a permutation by falling probability, whatever is missing', () => {
    fc.assert(
      fc.property(fc.array(candidate, { maxLength: 100 }), (candidates) => {
        const parameters = weighing({ reciprocalRank: 1, priceDistance: -0.5, coPurchase: 2 });
        const { order, score } = rank(candidatesOf(candidates), nobody, parameters);
        assert.deepEqual(
          [...order].sort((a, b) => a - b),
          [...candidates.keys()],
        );
        order.forEach((place, i) => {
          assert.ok(score[place]! > 0 && score[place]! < 1);
          assert.ok(i === 0 || score[place]! <= score[order[i - 1]!]!);
        });
      }),
    );
  });

  test('without an opinion keeps the retrieval order', () => {
    fc.assert(
      fc.property(fc.array(candidate, { maxLength: 50 }), (candidates) => {
        assert.deepEqual([...rank(candidatesOf(candidates), nobody, flat).order], [...candidates.keys()]);
      }),
    );
  });

  test('does not change with the scale of the retrieval scores, so that no arm is favoured by its own', () => {
    const list: Candidate[] = [0.9, 0.7, 0.1].map((retrievalScore, i) => ({
      ...plain,
      retrievalScore,
      logPopularity: i,
    }));
    const rescaled = list.map((c) => ({ ...c, retrievalScore: c.retrievalScore * 3 - 1 }));
    const first = featuresOf(candidatesOf(list), nobody);
    featuresOf(candidatesOf(rescaled), nobody).forEach((value, i) => {
      assert.ok(Number.isNaN(value) === Number.isNaN(first[i]!));
      if (!Number.isNaN(value)) assert.ok(Math.abs(value - first[i]!) < 1e-9);
    });
  });

  const catalogue = {
    category: Int32Array.of(0, 0, 1, -1),
    categories: ['mugs', 'lamps'],
    priceMinor: Float64Array.of(100, 400, 100, Number.NaN),
  };
  // 2025-01-03 is a Friday, 2025-01-04 a Saturday; both afternoons in UTC.
  const [friday, saturday] = [Date.UTC(2025, 0, 3, 13) / 1000, Date.UTC(2025, 0, 4, 13) / 1000];
  const longAgo = friday - 365 * 86_400;
  const facts = itemFacts(catalogue, [
    { items: [0, 0, 1], times: [longAgo, friday, friday] },
    { items: [0, 2], times: [longAgo, saturday] },
  ]);

  test('features of one list, by hand', () => {
    assert.deepEqual([...facts.popularity], [3, 1, 1, 0]);
    assert.deepEqual([...facts.categoryShare], [0.8, 0.2]);
    const bought = [0];
    const retrieved = { items: Int32Array.of(2, 3), scores: Float64Array.of(0.5, 0.3), length: 2 };
    const features = featuresOf(describeCandidates(retrieved, bought, facts, saturday), userProfile(bought, catalogue));
    // Item 2 shares one of the two buyers of item 0: cosine 1 / sqrt(2 x 1).
    const together = Math.log(0.01 + Math.SQRT1_2);
    const mean = (together + Math.log(0.01)) / 2;
    const affinity = Math.log((0 + 10 * 0.2) / (1 + 10) / 0.2);
    // Three of five purchases are recent; both of item 2's category's that fall on a weekend afternoon are its one.
    const trend = (count: number, recent: number) => Math.log((recent + 5) / ((count * 3) / 5 + 5));
    const daypart = Math.log((1 + 500 * 0.2) / (1 + 500) / 0.2);
    const expected = [
      [1, 1, Math.log(2), trend(1, 1), affinity, daypart, 0, 0, together - mean, Math.log(2)],
      [0.5, -1, 0, trend(0, 0), Number.NaN, Number.NaN, Number.NaN, Number.NaN, Math.log(0.01) - mean, Math.log(2)],
    ].flat();
    assert.equal(expected.length, 2 * featureNames.length);
    expected.forEach((value, i) => {
      assert.ok(Object.is(value, features[i]) || Math.abs(value - features[i]!) < 1e-6, `${i}: ${features[i]}`);
    });
  });

  test('counts common buyers by the last fifty distinct items of each, so that a wholesaler costs no more than others', () => {
    const many = { category: new Int32Array(80), categories: ['all'], priceMinor: new Float64Array(80) };
    const wholesaler = Array.from({ length: 80 }, (_, item) => item);
    const { neighbours } = itemFacts(many, [{ items: [...wholesaler, ...wholesaler] }]);
    const of = (item: number) => neighbours.start[item + 1]! - neighbours.start[item]!;
    assert.equal(of(29), 0);
    assert.equal(of(30), 49);
    assert.equal(of(79), 49);
  });

  test('learns that buyers follow their category where the purchases say so', () => {
    const random = uniform(5);
    const lists: RankingList[] = Array.from({ length: 200 }, (_, user) => {
      const likedCategory = user % 2;
      const list = Array.from({ length: 10 }, (): Candidate => {
        const category = random() < 0.5 ? 0 : 1;
        const known = { category, categoryShare: 0.5, logPopularity: Math.log1p(5) };
        return { ...plain, ...known, retrievalScore: random(), priceMinor: 100, logPrice: Math.log(100) };
      }).sort((a, b) => b.retrievalScore - a.retrievalScore);
      const candidates = candidatesOf(list);
      const labels = Uint8Array.from(list, ({ category }) => (category === likedCategory && random() < 0.5 ? 1 : 0));
      const profile = { categoryPurchases: new Map([[likedCategory, 8]]), purchases: 8, usualLogPrice: Math.log(100) };
      return { modelId: 'm', user: `u${user}`, profile, candidates, labels, targets: 3 };
    });
    const parameters = fitRanker(lists, 'purchase');
    assert.deepEqual(parameters, parseRanker('r', JSON.parse(JSON.stringify(parameters))));
    const weight = Object.fromEntries(parameters.features.map((feature) => [feature.name, feature.weight]));
    assert.ok(weight.categoryAffinity! > 1);
    assert.ok(Math.abs(weight.logPopularity!) < 1e-6, 'a constant says nothing');
    const { profile, candidates } = lists[0]!;
    const ranked = Array.from(rank(candidates, profile, parameters).order, (place) => candidates.category[place]!);
    assert.deepEqual(
      ranked,
      [...ranked].sort((a, b) => a - b),
      'their own category comes first',
    );
  });

  test('refuses lists without a purchase, and parameters of another version', () => {
    assert.throws(() => fitRanker([], 'purchase'), /nothing to learn/);
    assert.throws(() => parseRanker('r', { ...flat, features: flat.features.slice(1) }), /Ranker r has other features/);
    assert.throws(() => parseRanker('r', { ...flat, version: 1 }), /Train it anew/);
  });
});

/** Candidates of one category and price each, that a ranker without an opinion takes as equally likely. */
const priced = (...items: [category: number, priceMinor: number][]): Candidate[] =>
  items.map(([category, priceMinor]) => ({ ...plain, category, priceMinor, logPrice: Math.log(priceMinor) }));

describe('the objective', () => {
  test('weighs probability with value^α, relative to the median price', () => {
    const list = candidatesOf(priced([0, 100], [0, 400], [0, Number.NaN], [0, 200]));
    const by = (alpha: number) => [...rank(list, nobody, flat, { alpha }).order];
    assert.deepEqual(by(0), [0, 1, 2, 3]);
    assert.deepEqual(by(1), [1, 2, 3, 0], 'one without a price counts as the usual one');
    const { order, score, probability } = rank(list, nobody, flat, { alpha: 0.5 });
    assert.ok(Math.abs(score[order[0]!]! - sigmoid(-1) * Math.sqrt(400 / 200)) < 1e-12);
    assert.ok(Math.abs(probability![order[0]!]! - sigmoid(-1)) < 1e-12);
    const unranked = rank(list, nobody, undefined);
    assert.deepEqual([...unranked.score], [1, 1 / 2, 1 / 3, 1 / 4], 'without a ranker, as retrieved');
    assert.equal(unranked.probability, undefined);
  });

  test('multiplies by what rules say of each candidate', () => {
    const list = candidatesOf(priced([0, 1], [0, 1], [0, 1]));
    assert.deepEqual([...rank(list, nobody, flat, { factors: [1, 0.5, 2] }).order], [2, 0, 1]);
  });

  test('finds the best few that it finds of all, in memory that it used before', () => {
    const ranker = new Ranker();
    const parameters = weighing({ listScore: 1, trend: 0.5 });
    fc.assert(
      fc.property(fc.array(candidate, { maxLength: 80 }), fc.nat(100), (list, best) => {
        const all = [...rank(candidatesOf(list), nobody, parameters).order];
        assert.deepEqual([...ranker.rank(candidatesOf(list), nobody, parameters, {}, best).order], all.slice(0, best));
      }),
    );
  });

  test('learns from clicks as if everything stood first, so that a place lends no item its clicks', () => {
    const random = uniform(11);
    // Whether one clicks depends on the place alone; the item that is always shown first is no better than the others.
    const lists: RankingList[] = Array.from({ length: 3000 }, (_, list) => {
      const items = priced([0, 100], [0, 1000], [0, 100], [0, 100]).map((c, i) => ({ ...c, retrievalScore: -i }));
      const candidates = candidatesOf(items);
      const shown = Int32Array.of(0, 1, 2, -1);
      const labels = Uint8Array.from(items, (_, i) => (i < 3 && random() < 0.4 / (1 + i) ? 1 : 0));
      return { modelId: 'm', user: `u${list}`, profile: nobody, candidates, labels, targets: 1, shown };
    });
    const parameters = fitRanker(lists, 'click');
    assert.ok(parameters.position!.weight < 0);
    const { profile, candidates } = lists[0]!;
    const { probability } = rank({ ...candidates, length: 1 }, profile, parameters);
    assert.ok(Math.abs(probability![0]! - 0.4) < 0.1, `at the top ${probability![0]}`);
    assert.throws(
      () =>
        fitRanker(
          lists.map((list) => ({ ...list, shown: Int32Array.of(-1, -1, -1, -1) })),
          'click',
        ),
      /clicked on/,
    );
  });
});

describe('diversity', () => {
  const scored = fc.array(
    fc.record({
      category: fc.integer({ min: -1, max: 3 }),
      score: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    { maxLength: 40 },
  );
  const spread = (list: { category: number; score: number }[], diversity: number): number[] => {
    const [score, category] = [list.map((one) => one.score), list.map((one) => one.category)];
    const order = Int32Array.from(list.keys()).sort((a, b) => score[b]! - score[a]! || a - b);
    return [...diversify(order, { score, category }, diversity)];
  };

  test('is the greedy choice by score × (1 − diversity)^(items of the category so far)', () => {
    fc.assert(
      fc.property(scored, fc.double({ min: 0.05, max: 0.95, noNaN: true }), (list, diversity) => {
        const taken: number[] = [];
        for (const place of spread(list, diversity)) {
          const gain = (at: number) => {
            const { category, score } = list[at]!;
            const before = category < 0 ? 0 : taken.filter((one) => list[one]!.category === category).length;
            return score * (1 - diversity) ** before;
          };
          const rest = [...list.keys()].filter((one) => !taken.includes(one));
          assert.ok(gain(place) >= Math.max(...rest.map(gain)) - 1e-12);
          taken.push(place);
        }
        assert.equal(new Set(taken).size, list.length);
      }),
      { numRuns: 30 },
    );
  });

  test('of 0 leaves the order, of 1 lets the categories take turns', () => {
    const list = [0.9, 0.8, 0.7, 0.6].map((score, i) => ({ category: i < 3 ? 0 : 1, score }));
    assert.deepEqual(spread(list, 0), [0, 1, 2, 3]);
    assert.deepEqual(spread(list, 1), [0, 3, 1, 2]);
  });
});

describe('metrics', () => {
  test('AUC counts ordered pairs, ties half', () => {
    assert.equal(auc([0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1]), 0.75); // scikit-learn's example of roc_auc_score
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(5), fc.nat(1)), { minLength: 2, maxLength: 30 }), (rows) => {
        const positives = rows.filter(([, label]) => label === 1);
        const negatives = rows.filter(([, label]) => label === 0);
        fc.pre(positives.length > 0 && negatives.length > 0);
        let won = 0;
        for (const [p] of positives) for (const [n] of negatives) won += p > n ? 1 : p === n ? 0.5 : 0;
        const area = auc(
          rows.map(([score]) => score),
          rows.map(([, label]) => label),
        );
        assert.ok(Math.abs(area - won / (positives.length * negatives.length)) < 1e-12);
      }),
    );
  });

  test('NDCG is 1 with all targets on top and counts those that were not retrieved', () => {
    assert.equal(ndcg([1, 1, 0, 0], 3, 2), 1);
    assert.ok(Math.abs(ndcg([0, 1], 2, 2) - 1 / Math.log2(3) / (1 + 1 / Math.log2(3))) < 1e-12);
  });

  test('a paired interval is mean ± 1.96 s / √n', () => {
    const { mean, low, high } = pairedDifference([1, 2, 3, 4]);
    assert.equal(mean, 2.5);
    assert.ok(Math.abs(high - low - 2 * 1.959964 * Math.sqrt(5 / 3 / 4)) < 1e-9);
  });
});
