import { setImmediate } from 'node:timers/promises';
import { normal, type Rng } from '@duet/random';
import { alignToAxes, energies, type FactorObjective, rowSolver } from './row-solver.ts';

/** Observed pairs by row: row u's columns are `column[start[u] … start[u+1])`, distinct, each with its weight. */
export interface SparseRows {
  start: Int32Array;
  column: Int32Array;
  weight: Float32Array;
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
