import { normal, type Rng } from '@duet/random';
import type { Bags } from './bags.ts';

/** Rows whose cache lines are asked for together, before the first of them is needed. */
export const ahead = 16;
/** Floats of a cache line. */
const line = 16;

/**
 * Reads a number of each cache line of up to {@link ahead} rows, from `from` on: rows lie anywhere in memory, and these
 * reads wait for it side by side where the work on one row after the other would wait for each.
 *
 * @returns their sum, which nobody needs, so that the reads are not optimised away
 */
export function warm(
  values: Float32Array | Float16Array,
  rows: Int32Array,
  from: number,
  end: number,
  width: number,
): number {
  let sum = 0;
  for (let at = from; at < Math.min(from + ahead, end); at++) {
    const start = rows[at]! * width;
    for (let d = 0; d < width; d += line) sum += values[start + d]!;
  }
  return sum;
}

/**
 * An embedding table outside the graph: the rows of a batch are pooled from it, so that a step's cost does not depend
 * on their number.
 */
export class EmbeddingTable {
  readonly rows: number;
  readonly dims: number;
  /** [rows, dims] */
  readonly values: Float32Array | Float16Array;
  #warmth = 0;

  constructor(rows: number, dims: number, values?: Float32Array | Float16Array) {
    this.rows = rows;
    this.dims = dims;
    this.values = values ?? new Float32Array(rows * dims);
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
        if (at % ahead === 0) this.#warmth += warm(values, bags.row, at, bags.row.length, dims);
        const from = bags.row[at]! * dims;
        const w = bags.weight[at]!;
        for (let d = 0; d < dims; d++) out[to + d]! += w * values[from + d]!;
      }
    }
  }
}
