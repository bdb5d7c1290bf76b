import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { describeCandidates, itemFacts } from './describe.ts';
import { type Candidate, featureNames, featuresOf } from './features.ts';
import { fitRanker, type RankingList } from './fit.ts';
import { fitLogistic, logisticLoss, sigmoid } from './logistic.ts';
import { auc, ndcg, pairedDifference } from './metrics.ts';
import { userProfile } from './profile.ts';
import { parseRanker, type RankerParameters, rank } from './rank.ts';

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
  version: 1,
  intercept: -1,
  features: featureNames.map((name) => ({ name, mean: 0, scale: 1, weight: 0 })),
};
const weighing = (weights: Record<string, number>): RankerParameters => ({
  ...flat,
  features: flat.features.map((feature) => ({ ...feature, weight: weights[feature.name] ?? 0 })),
});
const nobody = userProfile([], { category: new Int32Array(), priceMinor: new Float64Array() });
const candidate = fc.record({
  retrievalScore: fc.double({ min: -1, max: 1, noNaN: true }),
  popularity: fc.nat(10_000),
  category: fc.integer({ min: -1, max: 3 }),
  categoryShare: fc.double({ min: 0.01, max: 1, noNaN: true }),
  priceMinor: fc.oneof(fc.constant(Number.NaN), fc.double({ min: 0, max: 1e6, noNaN: true })),
  coPurchase: fc.double({ min: 0, max: 20, noNaN: true }),
});

describe('ranking', () => {
  test('is a permutation by falling probability, whatever is missing', () => {
    fc.assert(
      fc.property(fc.array(candidate, { maxLength: 100 }), (candidates) => {
        const parameters = weighing({ reciprocalRank: 1, priceDistance: -0.5, coPurchase: 2 });
        const ranked = rank(candidates, nobody, parameters);
        const places = ranked.map(({ retrievalRank }) => retrievalRank).sort((a, b) => a - b);
        assert.deepEqual(
          places,
          candidates.map((_, i) => i + 1),
        );
        ranked.forEach(({ score }, i) => {
          assert.ok(score > 0 && score < 1);
          assert.ok(i === 0 || score <= ranked[i - 1]!.score);
        });
      }),
    );
  });

  test('without an opinion keeps the retrieval order', () => {
    fc.assert(
      fc.property(fc.array(candidate, { maxLength: 50 }), (candidates) => {
        const kept = rank(candidates, nobody, flat).map(({ retrievalRank }) => retrievalRank);
        assert.deepEqual(
          kept,
          candidates.map((_, i) => i + 1),
        );
      }),
    );
  });

  test('does not change with the scale of the retrieval scores, so that no arm is favoured by its own', () => {
    const list: Candidate[] = [0.9, 0.7, 0.1].map((retrievalScore, i) => ({
      retrievalScore,
      popularity: i,
      category: -1,
      categoryShare: 0,
      priceMinor: Number.NaN,
      coPurchase: 0,
    }));
    const rescaled = list.map((c) => ({ ...c, retrievalScore: c.retrievalScore * 3 - 1 }));
    const first = featuresOf(list, nobody);
    featuresOf(rescaled, nobody).forEach((value, i) => {
      assert.ok(Number.isNaN(value) === Number.isNaN(first[i]!));
      if (!Number.isNaN(value)) assert.ok(Math.abs(value - first[i]!) < 1e-9);
    });
  });

  const catalogue = {
    category: Int32Array.of(0, 0, 1, -1),
    categories: ['mugs', 'lamps'],
    priceMinor: Float64Array.of(100, 400, 100, Number.NaN),
  };
  const facts = itemFacts(catalogue, [
    [0, 0, 1],
    [0, 2],
  ]);

  test('features of one list, by hand', () => {
    assert.deepEqual([...facts.popularity], [3, 1, 1, 0]);
    assert.deepEqual([...facts.categoryShare], [0.8, 0.2]);
    const bought = [0];
    const retrieved = [
      { item: 2, score: 0.5 },
      { item: 3, score: 0.3 },
    ];
    const features = featuresOf(describeCandidates(retrieved, bought, facts), userProfile(bought, catalogue));
    // Item 2 shares one of the two buyers of item 0: cosine 1 / sqrt(2 x 1).
    const together = Math.log(0.01 + Math.SQRT1_2);
    const mean = (together + Math.log(0.01)) / 2;
    const affinity = Math.log((0 + 10 * 0.2) / (1 + 10) / 0.2);
    const expected = [
      [1, 1, Math.log(2), affinity, 0, together - mean, Math.log(2)],
      [0.5, -1, 0, Number.NaN, Number.NaN, Math.log(0.01) - mean, Math.log(2)],
    ].flat();
    expected.forEach((value, i) => {
      assert.ok(Object.is(value, features[i]) || Math.abs(value - features[i]!) < 1e-6, `${i}: ${features[i]}`);
    });
  });

  test('counts common buyers by the last fifty distinct items of each, so that a wholesaler costs no more than others', () => {
    const many = { category: new Int32Array(80), categories: ['all'], priceMinor: new Float64Array(80) };
    const wholesaler = Array.from({ length: 80 }, (_, item) => item);
    const { neighbours } = itemFacts(many, [[...wholesaler, ...wholesaler]]);
    const of = (item: number) => neighbours.start[item + 1]! - neighbours.start[item]!;
    assert.equal(of(29), 0);
    assert.equal(of(30), 49);
    assert.equal(of(79), 49);
  });

  test('learns that buyers follow their category where the purchases say so', () => {
    const random = uniform(5);
    const lists: RankingList[] = Array.from({ length: 200 }, (_, user) => {
      const own = user % 2;
      const candidates = Array.from({ length: 10 }, (): Candidate => {
        const category = random() < 0.5 ? 0 : 1;
        return {
          retrievalScore: random(),
          popularity: 5,
          category,
          categoryShare: 0.5,
          priceMinor: 100,
          coPurchase: 0,
        };
      }).sort((a, b) => b.retrievalScore - a.retrievalScore);
      const labels = Uint8Array.from(candidates, ({ category }) => (category === own && random() < 0.5 ? 1 : 0));
      const profile = { categoryPurchases: new Map([[own, 8]]), purchases: 8, usualLogPrice: Math.log(100) };
      return { modelId: 'm', user, profile, candidates, labels, targets: 3 };
    });
    const parameters = fitRanker(lists);
    assert.deepEqual(parameters, parseRanker('r', JSON.parse(JSON.stringify(parameters))));
    const weight = Object.fromEntries(parameters.features.map((feature) => [feature.name, feature.weight]));
    assert.ok(weight.categoryAffinity! > 1);
    assert.ok(Math.abs(weight.logPopularity!) < 1e-6, 'a constant says nothing');
    const { profile, candidates } = lists[0]!;
    const ranked = rank(candidates, profile, parameters).map(({ category }) => category);
    assert.deepEqual(
      ranked,
      [...ranked].sort((a, b) => a - b),
      'their own category comes first',
    );
  });

  test('refuses lists without a purchase, and parameters of another version', () => {
    assert.throws(() => fitRanker([]), /nothing to learn/);
    assert.throws(() => parseRanker('r', { ...flat, features: flat.features.slice(1) }), /Ranker r has other features/);
    assert.throws(() => parseRanker('r', { ...flat, version: 2 }), /Train it anew/);
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
