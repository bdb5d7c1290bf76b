import { ahead, type Bags, EmbeddingTable, sharedFloats, warm } from '@duet/artifact/inputs';

/**
 * How touched rows move: Adagrad (Duchi et al. 2011), with one sum of squares for each number or (`adagrad-row`) their
 * mean for each row, a dims-th of the memory; or lazy Adam, whose moments age only when their row is touched.
 */
export interface TableOptimizer {
  kind: 'adagrad' | 'adagrad-row' | 'adam';
  learningRate: number;
  decay: number;
}

/**
 * Numbers that an optimiser remembers of a row: sums of squares or their mean; Adam's moments m, then v, then its
 * touches.
 */
const stateWidth = { adagrad: (dims: number) => dims, 'adagrad-row': () => 1, adam: (dims: number) => 2 * dims + 1 };

/** What an optimiser of this kind remembers at the start [rows, its width], in memory that other threads can see. */
export function initialTableState(kind: TableOptimizer['kind'], rows: number, dims: number): Float32Array {
  const state = sharedFloats(rows * stateWidth[kind](dims));
  return kind === 'adam' ? state : state.fill(1e-8);
}

/** From this step on Adam's corrections are 1 to the last bit of a float64. */
const lastCorrection = 40_000;
let adamCorrections: { rate: Float64Array; floor: Float64Array } | undefined;

/** Adam's corrections of rate and floor by step, computed when Adam is first used. */
const correctionsOfAdam = () => {
  const root = Float64Array.from({ length: lastCorrection + 1 }, (_, t) => Math.sqrt(1 - 0.999 ** t));
  return { rate: root.map((r, t) => r / (1 - 0.9 ** t)), floor: root.map((r) => 1e-8 * r) };
};

/**
 * An embedding table that learns. A step moves only the rows that its batch gathered. Gradients of a row that occurs
 * several times in a batch are summed first.
 */
export class LearningTable extends EmbeddingTable {
  /**
   * What the optimiser remembers, a row's numbers side by side. Made at the first update where the table is given none.
   */
  state: Float32Array | undefined;
  /** What each row's rate is multiplied by [rows]; 1 where there is none. */
  rowRates: Float32Array | undefined;
  /** Rows that the batch touched, their summed gradients [touched, dims], and where a row is among them. */
  #touched = new RowPlaces();
  #gradients = new Float32Array();
  #warmth = 0;

  constructor(rows: number, dims: number, values?: Float32Array | Float16Array, state?: Float32Array) {
    super(rows, dims, values);
    this.state = state;
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
    const place = this.#touched.of(row);
    if ((place + 1) * this.dims > this.#gradients.length) {
      const larger = new Float32Array(Math.max(1024 * this.dims, this.#gradients.length * 2));
      larger.set(this.#gradients);
      this.#gradients = larger;
    }
    return place;
  }

  /** Moves the touched rows by their summed gradients and forgets these. */
  apply(optimizer: TableOptimizer): void {
    this.state ??= initialTableState(optimizer.kind, this.rows, this.dims);
    if (optimizer.kind === 'adam') this.#applyAdam(optimizer, this.state);
    else if (optimizer.kind === 'adagrad') this.#applyAdagrad(optimizer, this.state);
    else this.#applyRowwiseAdagrad(optimizer, this.state);
    this.#gradients.fill(0, 0, this.#touched.count * this.dims);
    this.#touched.clear();
  }

  #applyAdagrad({ learningRate, decay }: TableOptimizer, sums: Float32Array): void {
    const { values, dims } = this;
    const gradients = this.#gradients;
    const { rows, count } = this.#touched;
    for (let place = 0; place < count; place++) {
      const row = rows[place]!;
      const rowRate = learningRate * (this.rowRates?.[row] ?? 1);
      const from = place * dims;
      const to = row * dims;
      for (let d = 0; d < dims; d++) {
        const value = values[to + d]!;
        const g = gradients[from + d]! + decay * value;
        const sum = sums[to + d]! + g * g;
        sums[to + d] = sum;
        values[to + d] = value - (rowRate * g) / Math.sqrt(sum);
      }
    }
  }

  #applyRowwiseAdagrad({ learningRate, decay }: TableOptimizer, sums: Float32Array): void {
    const { values, dims } = this;
    const gradients = this.#gradients;
    const { rows, count } = this.#touched;
    for (let place = 0; place < count; place++) {
      const row = rows[place]!;
      const from = place * dims;
      const to = row * dims;
      let squares = 0;
      for (let d = 0; d < dims; d++) {
        const g = gradients[from + d]! + decay * values[to + d]!;
        gradients[from + d] = g;
        squares += g * g;
      }
      sums[row]! += squares / dims;
      const rate = (learningRate * (this.rowRates?.[row] ?? 1)) / Math.sqrt(sums[row]!);
      for (let d = 0; d < dims; d++) values[to + d]! -= rate * gradients[from + d]!;
    }
  }

  #applyAdam({ learningRate, decay }: TableOptimizer, state: Float32Array): void {
    const { values, dims } = this;
    const gradients = this.#gradients;
    const keep = 1 - learningRate * decay;
    const width = stateWidth.adam(dims);
    adamCorrections ??= correctionsOfAdam();
    const corrections = adamCorrections;
    const { rows, count } = this.#touched;
    for (let place = 0; place < count; place++) {
      if (place % ahead === 0) {
        this.#warmth += warm(values, rows, place, count, dims) + warm(state, rows, place, count, width);
      }
      const from = place * dims;
      const to = rows[place]! * dims;
      const first = rows[place]! * width;
      const second = first + dims;
      // As `adamStep`: both bias corrections folded into the rate and the floor. In the end they are 1.
      const t = Math.min(state[second + dims]! + 1, lastCorrection);
      state[second + dims] = t;
      const rate = learningRate * (this.rowRates?.[rows[place]!] ?? 1) * corrections.rate[t]!;
      const floor = corrections.floor[t]!;
      for (let d = 0; d < dims; d++) {
        const g = gradients[from + d]!;
        const m = 0.9 * state[first + d]! + 0.1 * g;
        const v = 0.999 * state[second + d]! + 0.001 * g * g;
        state[first + d] = m;
        state[second + d] = v;
        values[to + d] = keep * values[to + d]! - (rate * m) / (Math.sqrt(v) + floor);
      }
    }
  }
}

/**
 * Distinct rows in the order that they came in: a hash table of a batch's size, whatever the size of the embedding
 * table.
 */
class RowPlaces {
  count = 0;
  /** Rows by place. */
  rows = new Int32Array(512);
  /** Places by hash, −1 where there is none; at most half full, a power of two long. */
  #table = new Int32Array(1024).fill(-1);

  /** The row's place: the next free one for a row that is new. */
  of(row: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    let at = (Math.imul(row, 0x9e3779b1) >>> 7) & mask;
    for (let place = table[at]!; place >= 0; place = table[at]!) {
      if (this.rows[place] === row) return place;
      at = (at + 1) & mask;
    }
    if (this.count === this.rows.length) {
      this.#grow();
      return this.of(row);
    }
    table[at] = this.count;
    this.rows[this.count] = row;
    return this.count++;
  }

  #grow(): void {
    const known = this.rows;
    this.rows = new Int32Array(2 * known.length);
    this.#table = new Int32Array(4 * known.length).fill(-1);
    this.count = 0;
    for (const row of known) this.of(row);
  }

  clear(): void {
    this.count = 0;
    this.#table.fill(-1);
  }
}
