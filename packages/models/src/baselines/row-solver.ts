import { factorise, principalAxes, solve } from './symmetric.ts';

/** What the factors of observed weights r minimise. */
export interface FactorObjective {
  /**
   * `wals`: α0·Σ_unobserved ŷ² + Σ_observed (α0 + r)(1 − ŷ)² + Σ ridge·‖x‖² (Hu, Koren & Volinsky 2008, eq. 3, divided
   * by their α = 1/α0). `ials`: Σ_observed r(1 − ŷ)² + α0·Σ_all ŷ² + Σ ridge·‖x‖² (Rendle et al. 2022, eqs. 2–4).
   */
  kind: 'wals' | 'ials';
  /** α0: weight of a pair that nobody observed. */
  unobservedWeight: number;
  /** λ: a row with n of N possible pairs has ridge λ·(n + α0·N)^ν. */
  regularisation: number;
  /** ν: 0 is the same ridge for all; 1 is least squares' own (Rendle et al. 2022, eq. 7). */
  frequencyScaling: number;
}

/**
 * Turns vectors [n, d], written over, to the principal axes of their own Gram matrix, in which YᵀY is diagonal. Inner
 * products do not change where the other side's vectors are solved for afterwards.
 */
export function alignToAxes(vectors: Float32Array, d: number): void {
  const axes = principalAxes(gram(vectors, d), d);
  const turned = new Float64Array(d);
  const row = new Float64Array(d);
  for (let from = 0; from < vectors.length; from += d) {
    row.set(vectors.subarray(from, from + d));
    let axis = 0;
    for (; axis + 4 <= d; axis += 4) {
      const p = axis * d;
      let a = 0;
      let b = 0;
      let c = 0;
      let e = 0;
      for (let k = 0, at = p; k < d; k++, at++) {
        const x = row[k]!;
        a += axes[at]! * x;
        b += axes[at + d]! * x;
        c += axes[at + 2 * d]! * x;
        e += axes[at + 3 * d]! * x;
      }
      turned[axis] = a;
      turned[axis + 1] = b;
      turned[axis + 2] = c;
      turned[axis + 3] = e;
    }
    for (; axis < d; axis++) {
      let sum = 0;
      for (let k = 0, at = axis * d; k < d; k++, at++) sum += axes[at]! * row[k]!;
      turned[axis] = sum;
    }
    vectors.set(turned, from);
  }
}

/** YᵀY [d, d] of Y [n, d]. */
function gram(vectors: Float32Array, d: number): Float64Array {
  const sum = new Float64Array(d * d);
  addOuterProducts(sum, Float64Array.from(vectors), vectors.length / d, d);
  for (let i = 0; i < d; i++) for (let j = 0; j < i; j++) sum[j * d + i] = sum[i * d + j]!;
  return sum;
}

/** The diagonal of YᵀY [d]: all there is of it on Y's principal axes. */
export function energies(vectors: Float32Array, d: number): Float64Array {
  const sum = new Float64Array(d);
  for (let at = 0; at < vectors.length; at += d) for (let k = 0; k < d; k++) sum[k]! += vectors[at + k]! ** 2;
  return sum;
}

/** Adds Σ_row a_row a_rowᵀ over the n rows of A [n, d] to the lower triangle of `sum` [d, d], four rows at a time. */
function addOuterProducts(sum: Float64Array, a: Float64Array, n: number, d: number): void {
  let row = 0;
  for (; row + 4 <= n; row += 4) {
    const p = row * d;
    const q = p + d;
    const r = q + d;
    const s = r + d;
    for (let i = 0; i < d; i++) {
      const pi = a[p + i]!;
      const qi = a[q + i]!;
      const ri = a[r + i]!;
      const si = a[s + i]!;
      const out = i * d;
      for (let j = 0; j <= i; j++) sum[out + j]! += pi * a[p + j]! + qi * a[q + j]! + ri * a[r + j]! + si * a[s + j]!;
    }
  }
  for (; row < n; row++) {
    const p = row * d;
    for (let i = 0; i < d; i++) {
      const pi = a[p + i]!;
      for (let j = 0; j <= i; j++) sum[i * d + j]! += pi * a[p + j]!;
    }
  }
}

/** Writes the vector of a row with these observed columns and weights into `out` [d]. */
export type RowSolver = (columns: ArrayLike<number>, weights: ArrayLike<number>, out: Float32Array) => void;

/**
 * Solves one side's rows while the other side's vectors stand still: for a row with weights r on the vectors y of its
 * columns, (α0·YᵀY + Σ r·y·yᵀ + ridge·I)·x = Σ t·y, with t = r (`ials`) or α0 + r (`wals`).
 *
 * On Y's principal axes α0·YᵀY + ridge·I is a diagonal D. With A's rows √r·D^(−½)·y and s = t/√r, x = D^(−½)·z, where
 * z = (I + AᵀA)⁻¹Aᵀs = Aᵀ(I + AAᵀ)⁻¹s: d equations or as many as the row has columns, whichever are fewer. Most rows
 * have few, which makes large d cheap; nothing is approximated.
 *
 * @param fixed Y [n, d], on its principal axes ({@link alignToAxes})
 */
export function rowSolver(fixed: Float32Array, d: number, objective: FactorObjective): RowSolver {
  const { kind, unobservedWeight, regularisation, frequencyScaling } = objective;
  const energy = energies(fixed, d);
  const possible = fixed.length / d;
  const system = new Float64Array(d * d);
  const side = new Float64Array(d);
  const scale = new Float64Array(d);
  let scaled = new Float64Array(64 * d);
  let target = new Float64Array(64);

  return (columns, weights, out) => {
    const n = columns.length;
    const ridge = regularisation * (n + unobservedWeight * possible) ** frequencyScaling;
    for (let k = 0; k < d; k++) scale[k] = 1 / Math.sqrt(unobservedWeight * energy[k]! + ridge);
    if (n > target.length) {
      scaled = new Float64Array(2 * n * d);
      target = new Float64Array(2 * n);
    }
    for (let i = 0; i < n; i++) {
      const root = Math.sqrt(weights[i]!);
      const from = columns[i]! * d;
      for (let k = 0; k < d; k++) scaled[i * d + k] = root * scale[k]! * fixed[from + k]!;
      target[i] = kind === 'wals' ? root + unobservedWeight / root : root;
    }
    if (n < d) {
      for (let i = 0; i < n; i++) {
        for (let j = 0; j <= i; j++) system[i * n + j] = product(scaled, i * d, j * d, d);
        system[i * n + i]! += 1;
      }
      factorise(system, n);
      solve(system, n, target);
    } else {
      system.fill(0);
      addOuterProducts(system, scaled, n, d);
      for (let k = 0; k < d; k++) system[k * d + k]! += 1;
      factorise(system, d);
    }
    side.fill(0);
    for (let i = 0; i < n; i++) for (let k = 0; k < d; k++) side[k]! += target[i]! * scaled[i * d + k]!;
    if (n >= d) solve(system, d, side);
    for (let k = 0; k < d; k++) out[k] = side[k]! * scale[k]!;
  };
}

/** Inner product of the d numbers at two places. */
function product(a: Float64Array, p: number, q: number, d: number): number {
  let even = 0;
  let odd = 0;
  let k = 0;
  for (; k + 2 <= d; k += 2) {
    even += a[p + k]! * a[q + k]!;
    odd += a[p + k + 1]! * a[q + k + 1]!;
  }
  return k < d ? even + odd + a[p + k]! * a[q + k]! : even + odd;
}
