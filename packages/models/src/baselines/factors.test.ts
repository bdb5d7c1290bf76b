import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { normal, seededRng } from '@duet/random';
import { factoriseItems, objectiveOf, type SparseRows } from './factors.ts';
import { alignToAxes, type FactorObjective, rowSolver } from './row-solver.ts';
import { invert } from './symmetric.ts';

const within = (actual: number, expected: number, tolerance: number, what = '') =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${what}: ${actual} is not within ${tolerance} of ${expected}`);

const vectors = (n: number, d: number, seed: number) => {
  const rng = seededRng(seed);
  return Float32Array.from({ length: n * d }, () => normal(rng));
};

/** Each user has `per` of the items, from a random place on. */
function pairs(users: number, items: number, per: number): SparseRows {
  const rng = seededRng(3);
  const start = Int32Array.from({ length: users + 1 }, (_, u) => u * per);
  const first = Array.from({ length: users }, () => Math.floor(rng() * items));
  const column = Int32Array.from(
    { length: users * per },
    (_, at) => (first[Math.floor(at / per)]! + (at % per) * 3) % items,
  );
  return { start, column, weight: Float32Array.from(column, () => 1 + Math.floor(3 * rng())) };
}

const wals: FactorObjective = { kind: 'wals', unobservedWeight: 0.1, regularisation: 0.5, frequencyScaling: 0 };
const ials: FactorObjective = { kind: 'ials', unobservedWeight: 0.2, regularisation: 0.05, frequencyScaling: 0.7 };

describe('a row of the factorisation', () => {
  test('of one dimension is the quotient worked by hand', () => {
    // Items 1, 2, 3; the user has the third once and the second twice. YᵀY = 14.
    const y = Float32Array.of(1, 2, 3);
    const out = new Float32Array(1);
    rowSolver(y, 1, wals)([2, 1], [1, 2], out);
    // WALS: (0.1·14 + 1·9 + 2·4 + 0.5)·x = (0.1 + 1)·3 + (0.1 + 2)·2.
    within(out[0]!, 7.5 / 18.9, 1e-6);
    rowSolver(y, 1, ials)([2, 1], [1, 2], out);
    // iALS: (0.2·14 + 1·9 + 2·4 + 0.05·(2 + 0.2·3)^0.7)·x = 1·3 + 2·2.
    within(out[0]!, 7 / (19.8 + 0.05 * 2.6 ** 0.7), 1e-6);
  });

  for (const objective of [wals, ials]) {
    test(`solves the normal equations of ${objective.kind}, with fewer items than dimensions and with more`, () => {
      const [n, d] = [60, 8];
      const y = vectors(n, d, 1);
      alignToAxes(y, d);
      for (const count of [1, 5, 8, 30]) {
        const columns = Array.from({ length: count }, (_, i) => (i * 7) % n);
        const weights = columns.map((_, i) => 1 + (i % 3));
        const x = new Float32Array(d);
        rowSolver(y, d, objective)(columns, weights, x);
        const { unobservedWeight: a, regularisation, frequencyScaling } = objective;
        const dot = (item: number) => x.reduce((sum, value, k) => sum + value * y[item * d + k]!, 0);
        for (let k = 0; k < d; k++) {
          // (α0·YᵀY + Σ r·y·yᵀ + ridge)·x − Σ t·y, from the definition.
          let residual = regularisation * (count + a * n) ** frequencyScaling * x[k]!;
          for (let item = 0; item < n; item++) residual += a * y[item * d + k]! * dot(item);
          columns.forEach((item, i) => {
            const target = objective.kind === 'wals' ? a + weights[i]! : weights[i]!;
            residual += y[item * d + k]! * (weights[i]! * dot(item) - target);
          });
          within(residual, 0, 2e-5, `${count} items, equation ${k}`);
        }
      }
    });
  }
});

describe('the axes of item vectors', () => {
  test('keep every inner product among them and make their Gram matrix diagonal', () => {
    const [n, d] = [40, 6];
    const before = vectors(n, d, 2);
    const after = before.slice();
    alignToAxes(after, d);
    const dot = (a: Float32Array, i: number, j: number) =>
      a.subarray(i * d, (i + 1) * d).reduce((sum, x, k) => sum + x * a[j * d + k]!, 0);
    for (let i = 0; i < n; i++) within(dot(after, i, (i * 7) % n), dot(before, i, (i * 7) % n), 1e-4);
    for (let p = 0; p < d; p++) {
      for (let q = 0; q < p; q++) {
        let sum = 0;
        for (let i = 0; i < n; i++) sum += after[i * d + p]! * after[i * d + q]!;
        within(sum, 0, 1e-4);
      }
    }
  });
});

describe('the factorisation', () => {
  const x = pairs(80, 50, 6);
  const settings = { dimensions: 8, sweeps: 6, initialDeviation: 0.1 };

  for (const objective of [wals, ials]) {
    test(`of ${objective.kind} lowers its objective with every sweep`, async () => {
      const values: number[] = [];
      await factoriseItems(x, 50, { ...settings, ...objective }, seededRng(1), {
        onSweep: ({ objective }) => {
          values.push(objective);
        },
      });
      assert.equal(values.length, 6);
      for (let i = 1; i < values.length; i++) assert.ok(values[i]! <= values[i - 1]! * (1 + 1e-6), String(values));
    });
  }

  test('has the objective that its formula sums over all pairs', () => {
    const [users, items] = [vectors(80, 2, 5), vectors(50, 2, 6)];
    alignToAxes(users, 2);
    const { unobservedWeight: a, regularisation, frequencyScaling } = ials;
    const degree = (n: number, possible: number) => regularisation * (n + a * possible) ** frequencyScaling;
    const weight = new Map<number, number>();
    const perItem = new Int32Array(50);
    for (let at = 0; at < x.column.length; at++) {
      weight.set(Math.floor(at / 6) * 50 + x.column[at]!, x.weight[at]!);
      perItem[x.column[at]!]!++;
    }
    let expected = 0;
    for (let u = 0; u < 80; u++) {
      expected += degree(6, 50) * (users[2 * u]! ** 2 + users[2 * u + 1]! ** 2);
      for (let i = 0; i < 50; i++) {
        const y = users[2 * u]! * items[2 * i]! + users[2 * u + 1]! * items[2 * i + 1]!;
        expected += a * y * y + (weight.get(u * 50 + i) ?? 0) * (1 - y) ** 2;
      }
    }
    for (let i = 0; i < 50; i++) expected += degree(perItem[i]!, 80) * (items[2 * i]! ** 2 + items[2 * i + 1]! ** 2);
    within(objectiveOf(x, users, items, { ...ials, dimensions: 2 }) / expected, 1, 1e-5);
  });

  test('of a single pair ends where its penalised squares are least', async () => {
    // (1 − x·y)² + λ(x² + y²) has its least value at x = y, x·y = 1 − λ.
    const one: SparseRows = { start: Int32Array.of(0, 1), column: Int32Array.of(0), weight: Float32Array.of(1) };
    const objective: FactorObjective = { kind: 'ials', unobservedWeight: 0, regularisation: 0.2, frequencyScaling: 1 };
    const y = await factoriseItems(
      one,
      1,
      { ...objective, dimensions: 1, sweeps: 200, initialDeviation: 0.5 },
      seededRng(1),
    );
    const user = new Float32Array(1);
    rowSolver(y, 1, objective)([0], [1], user);
    within(user[0]! * y[0]!, 0.8, 1e-4);
  });
});

test('the inverse of a symmetric matrix times the matrix is the identity', () => {
  const n = 20;
  const rng = seededRng(4);
  const b = Array.from({ length: n * n }, () => normal(rng));
  const a = Float64Array.from({ length: n * n }, (_, at) => {
    const [i, j] = [Math.floor(at / n), at % n];
    return b.slice(i * n, (i + 1) * n).reduce((sum, x, k) => sum + x * b[j * n + k]!, i === j ? 1 : 0);
  });
  const inverse = a.slice();
  invert(inverse, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += a[i * n + k]! * inverse[k * n + j]!;
      within(sum, i === j ? 1 : 0, 1e-9);
    }
  }
});
