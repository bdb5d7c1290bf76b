import { normal, type Rng } from '@duet/models';
import { sharedFloats } from './shared.ts';

/** For each of n examples, the rows of a table that are pooled for it: `row[start[i] … start[i+1])`, weights summing to 1. */
export interface Bags {
  /** [n + 1] */
  start: Int32Array;
  row: Int32Array;
  weight: Float32Array;
}

/** One row an example, all weights 1. */
export const singleBags = (row: Int32Array): Bags => ({
  start: Int32Array.from({ length: row.length + 1 }, (_, i) => i),
  row,
  weight: new Float32Array(row.length).fill(1),
});

/**
 * How touched rows move: Adagrad (Duchi et al. 2011), with one sum of squares for each number or (`adagrad-row`) their
 * mean for each row, a dims-th of the memory; or lazy Adam, whose moments age only when their row is touched.
 */
export interface TableOptimizer {
  kind: 'adagrad' | 'adagrad-row' | 'adam';
  learningRate: number;
  decay: number;
}

/** What an optimiser remembers of a table. */
export interface TableState {
  /** Sums of squares: [rows, dims], or [rows] by row; Adam's second moments. */
  second: Float32Array;
  /** Adam's first moments [rows, dims]. */
  first?: Float32Array;
  /** How often Adam moved each row. */
  steps?: Int32Array;
}

/** What an optimiser of this kind remembers at the start, in memory that other threads can see. */
export function initialTableState(kind: TableOptimizer['kind'], rows: number, dims: number): TableState {
  if (kind === 'adagrad') return { second: sharedFloats(rows * dims).fill(1e-8) };
  if (kind === 'adagrad-row') return { second: sharedFloats(rows).fill(1e-8) };
  return {
    second: sharedFloats(rows * dims),
    first: sharedFloats(rows * dims),
    steps: new Int32Array(new SharedArrayBuffer(4 * rows)),
  };
}

/** From this step on Adam's corrections are 1 to the last bit of a float64. */
const lastCorrection = 40_000;
let adamCorrections: { rate: Float64Array; floor: Float64Array } | undefined;

/** Adam's corrections of rate and floor by step, made by whoever first trains with it. */
const correctionsOfAdam = () => {
  const root = Float64Array.from({ length: lastCorrection + 1 }, (_, t) => Math.sqrt(1 - 0.999 ** t));
  return { rate: root.map((r, t) => r / (1 - 0.9 ** t)), floor: root.map((r) => 1e-8 * r) };
};

/**
 * An embedding table outside the graph. A step gathers the rows of a batch and moves only them, so its cost does not
 * depend on the number of rows. Gradients of a row that occurs several times in a batch are summed first.
 */
export class EmbeddingTable {
  readonly rows: number;
  readonly dims: number;
  /** [rows, dims] */
  readonly values: Float32Array | Float16Array;
  /** Made at the first update where the table is not given one. */
  state: TableState | undefined;
  /** Place of a touched row among the batch's gradients, or −1. */
  #slot: Int32Array | undefined;
  #touched: number[] = [];
  #gradients = new Float32Array();

  constructor(rows: number, dims: number, values?: Float32Array | Float16Array, state?: TableState) {
    this.rows = rows;
    this.dims = dims;
    this.values = values ?? new Float32Array(rows * dims);
    this.state = state;
  }

  /** Normal with standard deviation `scale`. */
  initialise(rng: Rng, scale: number): this {
    for (let i = 0; i < this.values.length; i++) this.values[i] = normal(rng) * scale;
    return this;
  }

  /** Adds each bag's weighted sum of rows to `out` [n, width], from column `offset`. */
  pool(bags: Bags, out: Float32Array, width: number, offset: number): void {
    const { values, dims } = this;
    for (let i = 0; i + 1 < bags.start.length; i++) {
      const to = i * width + offset;
      for (let at = bags.start[i]!; at < bags.start[i + 1]!; at++) {
        const from = bags.row[at]! * dims;
        const w = bags.weight[at]!;
        for (let d = 0; d < dims; d++) out[to + d]! += w * values[from + d]!;
      }
    }
  }

  /** Adds d loss / d pooled [n, width] to the gradients of the rows behind it. */
  accumulate(bags: Bags, gradient: Float32Array, width: number, offset: number): void {
    const { dims } = this;
    const { start, row, weight } = bags;
    for (let i = 0; i + 1 < start.length; i++) {
      const from = i * width + offset;
      for (let at = start[i]!; at < start[i + 1]!; at++) {
        const to = this.#place(row[at]!) * dims;
        const w = weight[at]!;
        const sums = this.#gradients;
        for (let d = 0; d < dims; d++) sums[to + d]! += w * gradient[from + d]!;
      }
    }
  }

  #place(row: number): number {
    // Made at the first gradient: a table that is only read needs none of it.
    this.#slot ??= new Int32Array(this.rows).fill(-1);
    let slot = this.#slot[row]!;
    if (slot >= 0) return slot;
    slot = this.#touched.length;
    this.#touched.push(row);
    this.#slot[row] = slot;
    if ((slot + 1) * this.dims > this.#gradients.length) {
      const larger = new Float32Array(Math.max(1024 * this.dims, this.#gradients.length * 2));
      larger.set(this.#gradients);
      this.#gradients = larger;
    }
    return slot;
  }

  /** Moves the touched rows by their summed gradients and forgets these. */
  apply(optimizer: TableOptimizer): void {
    this.state ??= initialTableState(optimizer.kind, this.rows, this.dims);
    if (optimizer.kind === 'adam') this.#applyAdam(optimizer, this.state);
    else if (optimizer.kind === 'adagrad') this.#applyAdagrad(optimizer, this.state);
    else this.#applyRowwiseAdagrad(optimizer, this.state);
    this.#gradients.fill(0, 0, this.#touched.length * this.dims);
    for (const row of this.#touched) this.#slot![row] = -1;
    this.#touched.length = 0;
  }

  #applyAdagrad({ learningRate, decay }: TableOptimizer, { second: sums }: TableState): void {
    const { values, dims } = this;
    const gradients = this.#gradients;
    for (const [slot, row] of this.#touched.entries()) {
      const from = slot * dims;
      const to = row * dims;
      for (let d = 0; d < dims; d++) {
        const value = values[to + d]!;
        const g = gradients[from + d]! + decay * value;
        const sum = sums[to + d]! + g * g;
        sums[to + d] = sum;
        values[to + d] = value - (learningRate * g) / Math.sqrt(sum);
      }
    }
  }

  #applyRowwiseAdagrad({ learningRate, decay }: TableOptimizer, { second: sums }: TableState): void {
    const { values, dims } = this;
    const gradients = this.#gradients;
    for (const [slot, row] of this.#touched.entries()) {
      const from = slot * dims;
      const to = row * dims;
      let squares = 0;
      for (let d = 0; d < dims; d++) {
        const g = gradients[from + d]! + decay * values[to + d]!;
        gradients[from + d] = g;
        squares += g * g;
      }
      sums[row]! += squares / dims;
      const rate = learningRate / Math.sqrt(sums[row]!);
      for (let d = 0; d < dims; d++) values[to + d]! -= rate * gradients[from + d]!;
    }
  }

  #applyAdam({ learningRate, decay }: TableOptimizer, state: TableState): void {
    const { values, dims } = this;
    const { second } = state;
    const first = state.first!;
    const steps = state.steps!;
    const gradients = this.#gradients;
    const keep = 1 - learningRate * decay;
    adamCorrections ??= correctionsOfAdam();
    const corrections = adamCorrections;
    for (let slot = 0; slot < this.#touched.length; slot++) {
      const row = this.#touched[slot]!;
      const t = steps[row]! + 1;
      steps[row] = t;
      // As `adamStep`: both bias corrections folded into the rate and the floor. In the end they are 1.
      const at = Math.min(t, lastCorrection);
      const rate = learningRate * corrections.rate[at]!;
      const floor = corrections.floor[at]!;
      const from = slot * dims;
      const to = row * dims;
      for (let d = 0; d < dims; d++) {
        const g = gradients[from + d]!;
        const m = 0.9 * first[to + d]! + 0.1 * g;
        const v = 0.999 * second[to + d]! + 0.001 * g * g;
        first[to + d] = m;
        second[to + d] = v;
        values[to + d] = keep * values[to + d]! - (rate * m) / (Math.sqrt(v) + floor);
      }
    }
  }
}
