import { setImmediate } from 'node:timers/promises';
import { normal, type Rng } from '@duet/random';
import { factorise, principalAxes, solve } from './symmetric.ts';

/** Observed pairs by row: row u's columns are `column[start[u] … start[u+1])`, distinct, each with its weight. */
export interface SparseRows {
  start: Int32Array;
  column: Int32Array;
  weight: Float32Array;
}

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

export interface FactorSettings extends FactorObjective {
  /** d: length of a vector. */
  dimensions: number;
  /** Passes over all users and then all items. */
  sweeps: number;
  /** Vectors start normal with standard deviation this / √d. */
  initialDeviation: number;
}

/** The same pairs by column. */
function transposed({ start, column, weight }: SparseRows, columns: number): SparseRows {
  const out = {
    start: new Int32Array(columns + 1),
    column: new Int32Array(column.length),
    weight: new Float32Array(column.length),
  };
  for (const c of column) out.start[c + 1]!++;
  for (let c = 0; c < columns; c++) out.start[c + 1]! += out.start[c]!;
  const next = out.start.slice();
  for (let row = 0; row + 1 < start.length; row++) {
    for (let at = start[row]!; at < start[row + 1]!; at++) {
      const place = next[column[at]!]!++;
      out.column[place] = row;
      out.weight[place] = weight[at]!;
    }
  }
  return out;
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
function energies(vectors: Float32Array, d: number): Float64Array {
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

/** Rows solved between two turns of the event loop. */
const block = 512;

/** Solves every row; `solved` [rows, d] is written over. Between blocks of rows it can be stopped. */
async function solveAll(
  rows: SparseRows,
  fixed: Float32Array,
  solved: Float32Array,
  settings: FactorSettings,
  signal: AbortSignal | undefined,
) {
  const d = settings.dimensions;
  alignToAxes(fixed, d);
  const solveRow = rowSolver(fixed, d, settings);
  const count = rows.start.length - 1;
  for (let row = 0; row < count; row++) {
    const from = rows.start[row]!;
    const to = rows.start[row + 1]!;
    const out = solved.subarray(row * d, (row + 1) * d);
    if (from === to) out.fill(0);
    else solveRow(rows.column.subarray(from, to), rows.weight.subarray(from, to), out);
    if (row % block === block - 1) {
      await setImmediate();
      signal?.throwIfAborted();
    }
  }
}

/** A factorisation between two sweeps: all that the rest of it depends on. */
export interface SweptItems {
  /** Sweeps done. */
  sweep: number;
  /** The value of the objective, which no sweep raises. */
  objective: number;
  /** Item vectors [items, dimensions]. */
  vectors: Float32Array;
}

export interface FactoriseOptions {
  /** An earlier argument of `onSweep` to resume from, to the same vectors, bit for bit. */
  from?: Pick<SweptItems, 'sweep' | 'vectors'> | undefined;
  /** Called after each sweep. The vectors hold until it settles. */
  onSweep?: ((swept: SweptItems) => void | Promise<void>) | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Item vectors of a weighted factorisation of users × items by alternating least squares, on their principal axes.
 * A user's vector is solved for from the user's items ({@link rowSolver}), so it need not be kept.
 *
 * @param observed by user
 * @throws DuetError `bad-input` where a regularisation of 0 leaves a system singular; the signal's reason
 */
export async function factoriseItems(
  observed: SparseRows,
  items: number,
  settings: FactorSettings,
  rng: Rng,
  { from, onSweep, signal }: FactoriseOptions = {},
): Promise<Float32Array> {
  const d = settings.dimensions;
  const deviation = settings.initialDeviation / Math.sqrt(d);
  const users = new Float32Array((observed.start.length - 1) * d);
  const vectors = from?.vectors.slice() ?? Float32Array.from({ length: items * d }, () => deviation * normal(rng));
  const byItem = transposed(observed, items);
  for (let sweep = (from?.sweep ?? 0) + 1; sweep <= settings.sweeps; sweep++) {
    await solveAll(observed, vectors, users, settings, signal);
    await solveAll(byItem, users, vectors, settings, signal);
    await onSweep?.({ sweep, objective: objectiveOf(observed, users, vectors, settings), vectors });
    signal?.throwIfAborted();
  }
  alignToAxes(vectors, d);
  return vectors;
}

/** The value of the objective, with Σ_all ŷ² = ⟨XᵀX, YᵀY⟩, for users X on their principal axes. */
export function objectiveOf(
  observed: SparseRows,
  users: Float32Array,
  items: Float32Array,
  {
    kind,
    dimensions: d,
    unobservedWeight,
    regularisation,
    frequencyScaling,
  }: Omit<FactorSettings, 'sweeps' | 'initialDeviation'>,
): number {
  const counts = { users: users.length / d, items: items.length / d };
  const [left, right] = [energies(users, d), energies(items, d)];
  let everywhere = 0;
  for (let k = 0; k < d; k++) everywhere += left[k]! * right[k]!;
  let sum = unobservedWeight * everywhere;
  const itemPairs = new Int32Array(counts.items);
  const ridge = (vectors: Float32Array, row: number, pairs: number, possible: number) => {
    let squares = 0;
    for (let k = row * d; k < (row + 1) * d; k++) squares += vectors[k]! ** 2;
    return squares * regularisation * (pairs + unobservedWeight * possible) ** frequencyScaling;
  };
  for (let u = 0; u < counts.users; u++) {
    const [from, to] = [observed.start[u]!, observed.start[u + 1]!];
    for (let at = from; at < to; at++) {
      const item = observed.column[at]!;
      itemPairs[item]!++;
      let y = 0;
      for (let k = 0; k < d; k++) y += users[u * d + k]! * items[item * d + k]!;
      sum += observed.weight[at]! * (1 - y) ** 2;
      if (kind === 'wals') sum += unobservedWeight * (1 - 2 * y);
    }
    sum += ridge(users, u, to - from, counts.items);
  }
  for (let item = 0; item < counts.items; item++) sum += ridge(items, item, itemPairs[item]!, counts.users);
  return sum;
}
