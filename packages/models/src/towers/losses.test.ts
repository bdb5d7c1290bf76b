import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { normal, seededRng } from '@duet/random';
import { openTfjs } from '../executors/open.ts';
import type { Executor, Values } from '../graph/executor.ts';
import { Graph, sizeOf, type Tensor } from '../graph/graph.ts';
import {
  categoryAlignmentLoss,
  mimicLoss,
  multiPositiveLoss,
  sigmoidLoss,
  softmaxLoss,
  weightedMimicLoss,
} from './losses.ts';

let executor: Executor;
before(async () => {
  executor = await openTfjs();
});

const close = (actual: number, expected: number, tolerance = 1e-5) =>
  assert.ok(
    Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)),
    `${actual} is not within ${tolerance} of ${expected}`,
  );

async function evaluate(build: (g: Graph) => Tensor, feeds: Values) {
  const g = new Graph();
  g.output('loss', build(g));
  await using session = await executor.open(g, seededRng(1));
  return { loss: (await session.run(feeds)).loss![0]!, gradients: await session.gradients(feeds), g, session };
}

/** Central differences on a few coordinates of every input that asks for a gradient. */
async function checkGradients(build: (g: Graph) => Tensor, feeds: Values, frozen: string[] = []) {
  const { gradients, g } = await evaluate(build, feeds);
  await using session = await executor.open(g, seededRng(1));
  for (const input of g.inputs.filter(({ gradient }) => gradient)) {
    const name = input.name!;
    for (let i = 0; i < sizeOf(input.shape); i += Math.ceil(sizeOf(input.shape) / 5)) {
      const at = async (delta: number) => {
        const values = feeds[name]!.slice();
        values[i]! += delta;
        return (await session.run({ ...feeds, [name]: values })).loss![0]!;
      };
      const numeric = ((await at(1e-2)) - (await at(-1e-2))) / 2e-2;
      if (frozen.includes(name)) assert.equal(gradients[name]![i], 0, `${name}[${i}] is frozen`);
      else close(gradients[name]![i]!, numeric, 5e-3);
    }
  }
}

const random = (n: number, seed: number) => {
  const rng = seededRng(seed);
  return Float32Array.from({ length: n }, () => normal(rng));
};

describe('sigmoid cross entropy (paper eq. 9)', () => {
  const build = (g: Graph) =>
    sigmoidLoss(g, g.scale(g.input('u', [2, 2], { gradient: true }), 2), g.input('v', [6, 2], { gradient: true }));

  test('is −log σ(s) for positives and −log(1 − σ(s)) for negatives, averaged over all pairs', async () => {
    const u = Float32Array.of(1, 0, 0, 1);
    const v = Float32Array.of(1, 0, 0, 1, 0, 1, -1, 0, 1, 0, 0, -1);
    const { loss } = await evaluate(build, { u, v });
    const softplus = (x: number) => Math.log(1 + Math.exp(x));
    // Logits s/0.5: positives 2 and 2; user 1's negatives 0 and −2; user 2's 0 and −2.
    close(loss, (2 * softplus(-2) + 2 * softplus(0) + 2 * softplus(-2)) / 6);
  });

  test('has the gradient of its own finite differences', () =>
    checkGradients(build, { u: random(4, 1), v: random(12, 2) }));
});

describe('sampled softmax with logQ correction (Yi et al. 2019)', () => {
  const build = (g: Graph) =>
    softmaxLoss(
      g,
      g.scale(g.input('u', [2, 2], { gradient: true }), 2),
      g.input('v', [4, 2], { gradient: true }),
      g.input('logQ', [4]),
      g.input('key', [4]),
    );
  const feeds = {
    u: random(4, 3),
    v: random(8, 4),
    logQ: Float32Array.of(-1, -2, -3, -0.5),
    key: Float32Array.of(0, 1, 2, 3),
  };

  test('is the mean of −log softmax of the corrected logits at the positive', async () => {
    const { loss } = await evaluate(build, feeds);
    const { u, v, logQ } = feeds;
    let expected = 0;
    for (let i = 0; i < 2; i++) {
      const logits = [0, 1, 2, 3].map((j) => (u[2 * i]! * v[2 * j]! + u[2 * i + 1]! * v[2 * j + 1]!) / 0.5 - logQ[j]!);
      expected += (Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0)) - logits[i]!) / 2;
    }
    close(loss, expected);
  });

  test('leaves a column out of a row whose positive it repeats, so its score there does not matter', async () => {
    const key = Float32Array.of(0, 1, 0, 3);
    const { gradients } = await evaluate(build, { ...feeds, key, u: Float32Array.of(1, 0, 0, 0) });
    // Row 0 leaves column 2 out; row 1's user vector is zero, so it sends no gradient to any item.
    assert.deepEqual([...gradients.v!.slice(4, 6)], [0, 0]);
    assert.notEqual(gradients.v![6], 0);
  });

  test('has the gradient of its own finite differences', () => checkGradients(build, feeds));
});

describe('multi-positive softmax', () => {
  const build = (g: Graph) =>
    multiPositiveLoss(g, g.input('u', [2, 2], { gradient: true }), g.input('v', [5, 2], { gradient: true }), {
      logQ: g.input('logQ', [5]),
      positive: g.input('positive', [2, 5]),
      own: g.input('own', [2, 5]),
    });
  /** User 0 wanted items 0 and 1 and has had 2; user 1 wanted item 3. */
  const feeds = {
    u: random(4, 3),
    v: random(10, 4),
    logQ: Float32Array.of(-1, -2, -0.7, -3, -0.5),
    positive: Float32Array.of(1 / 3, 1 / 3, 0, 0, 0, 0, 0, 0, 1 / 3, 0),
    own: Float32Array.of(1, 1, 1, 0, 0, 0, 0, 0, 1, 0),
  };

  test("sets each positive alone against what the user never had, by each item's chance to be there", async () => {
    const { loss } = await evaluate(build, feeds);
    const { u, v, logQ } = feeds;
    const logit = (i: number, j: number) => u[2 * i]! * v[2 * j]! + u[2 * i + 1]! * v[2 * j + 1]!;
    const probability = (i: number, j: number, others: number[]) => {
      const positive = Math.exp(logit(i, j));
      return positive / (positive + others.reduce((sum, k) => sum + Math.exp(logit(i, k) - logQ[k]!), 0));
    };
    const expected = [probability(0, 0, [3, 4]), probability(0, 1, [3, 4]), probability(1, 3, [0, 1, 2, 4])].map(
      (p) => -Math.log(p) / 3,
    );
    close(
      loss,
      expected.reduce((sum, x) => sum + x),
    );
  });

  test('has the gradient of its own finite differences', () => checkGradients(build, feeds));

  test('stays finite where logits are huge, and where a user has had everything', async () => {
    const huge = await evaluate(build, { ...feeds, u: feeds.u.map((x) => 1e4 * x) });
    assert.ok([huge.loss, ...huge.gradients.u!, ...huge.gradients.v!].every(Number.isFinite), `${huge.loss}`);

    const n = 997;
    const wide = (g: Graph) =>
      multiPositiveLoss(g, g.input('u', [1, 8], { gradient: true }), g.input('v', [n, 8], { gradient: true }), {
        logQ: g.input('logQ', [n]),
        positive: g.input('positive', [1, n]),
        own: g.input('own', [1, n]),
      });
    const all = await evaluate(wide, {
      ...{ u: random(8, 1), v: random(8 * n, 2), logQ: random(n, 3) },
      ...{ positive: new Float32Array(n).fill(1 / n), own: new Float32Array(n).fill(1) },
    });
    assert.equal(all.loss, 0);
    assert.ok([...all.gradients.u!, ...all.gradients.v!].every((x) => x === 0));
  });
});

describe('Adaptive-Mimic Mechanism (paper eqs. 6–8)', () => {
  const build = (g: Graph) =>
    mimicLoss(g, g.input('a', [2, 3], { gradient: true }), g.input('p', [2, 3], { gradient: true }), 4);

  test('is the squared distance summed over the positives, over the number of pairs', async () => {
    const { loss, gradients } = await evaluate(build, {
      a: Float32Array.of(1, 2, 3, 0, 0, 0),
      p: Float32Array.of(0, 2, 1, 1, 0, 0),
    });
    close(loss, (1 + 0 + 4 + 1) / 4);
    assert.deepEqual([...gradients.a!], [0.5, 0, 1, -0.5, 0, 0]);
  });

  test("leaves the other tower's gradient at exactly zero", () =>
    evaluate(build, { a: random(6, 5), p: random(6, 6) }).then(({ gradients }) =>
      assert.deepEqual([...gradients.p!], [0, 0, 0, 0, 0, 0]),
    ));
});

describe('the mimic loss of pairs that a matrix weighs', () => {
  const weight = Float32Array.of(0.2, 0, 0.3, 0, 0.5, 0);
  /** Three vectors of length 1. */
  const p = Float32Array.of(1, 0, 0.6, 0.8, 0, -1);

  for (const transposed of [false, true]) {
    const [n, m] = transposed ? [3, 2] : [2, 3];
    const build = (g: Graph) =>
      weightedMimicLoss(
        g,
        g.input('a', [n!, 2], { gradient: true }),
        g.input('p', [m!, 2], { gradient: true }),
        g.input('w', [2, 3]),
        transposed,
      );
    const feeds = { a: random(2 * n!, 7), p: p.slice(0, 2 * m!), w: weight };

    test(`is Σ w ‖a − p‖², the target frozen, ${transposed ? 'by columns' : 'by rows'}`, async () => {
      const { loss } = await evaluate(build, feeds);
      let expected = 0;
      for (let i = 0; i < 2; i++) {
        for (let j = 0; j < 3; j++) {
          const [a, b] = transposed ? [j, i] : [i, j];
          const gap = [0, 1].map((d) => (feeds.a[2 * a + d]! - feeds.p[2 * b + d]!) ** 2);
          expected += weight[3 * i + j]! * (gap[0]! + gap[1]!);
        }
      }
      close(loss, expected);
      await checkGradients(build, feeds, ['p']);
    });
  }
});

describe('Category Alignment Loss (paper eqs. 10–11)', () => {
  const k = 3;
  const n = 7;
  const categoryOf = [0, 0, 0, 1, 1, 1, 2];
  const counts = [3, 3, 1];
  const inverseFreedom = Float32Array.of(1 / 2, 1 / 2, 0);
  const feedsFor = (v: Float32Array): Values => ({
    v,
    membership: Float32Array.from({ length: k * n }, (_, at) => (categoryOf[Math.floor(at / k)] === at % k ? 1 : 0)),
    inverseCount: Float32Array.from(counts, (count) => 1 / count),
    inverseFreedom,
    aligned: Float32Array.of(0, 1, 0),
  });
  const build = (squared: boolean) => (g: Graph) =>
    categoryAlignmentLoss(
      g,
      g.input('v', [n, 2], { gradient: true }),
      {
        membership: g.input('membership', [n, k]),
        inverseCount: g.input('inverseCount', [k, 1]),
        inverseFreedom: g.input('inverseFreedom', [k, 1]),
        aligned: g.input('aligned', [k]),
      },
      squared,
    );
  // Category 0 has covariance [[1, 0], [0, 0]], category 1 [[0, 0], [0, 4]]: the difference's norm is √17. The
  // lone item of category 2 is left out.
  const worked = Float32Array.of(-1, 5, 0, 5, 1, 5, 3, -2, 3, 0, 3, 2, 9, 9);

  test('is the Frobenius norm of the difference of covariances, worked by hand', async () => {
    close((await evaluate(build(false), feedsFor(worked))).loss, Math.sqrt(17));
    close((await evaluate(build(true), feedsFor(worked))).loss, 17);
  });

  test('does not move when a category is shifted: covariance is centred', async () => {
    const shifted = worked.map((x, at) => (at >= 6 && at < 12 ? x + 7 : x));
    close((await evaluate(build(false), feedsFor(shifted))).loss, Math.sqrt(17));
  });

  test('sends no gradient to a category with one item', async () => {
    const { gradients } = await evaluate(build(true), feedsFor(worked));
    assert.deepEqual([...gradients.v!.slice(12)].map(Math.abs), [0, 0]);
  });

  test('has the gradient of its own finite differences', async () => {
    await checkGradients(build(false), feedsFor(random(2 * n, 7)));
    await checkGradients(build(true), feedsFor(random(2 * n, 8)));
  });
});
