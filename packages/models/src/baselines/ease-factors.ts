import { setImmediate } from 'node:timers/promises';
import { type Rng, seededRng } from '@duet/random';
import type { Executor } from '../graph/executor.ts';
import { Graph } from '../graph/graph.ts';
import type { EaseModel } from './ease.ts';

/** Item-to-item weights of low rank, B ≈ H·Wᵀ: both [items, rank], row-major. */
export interface EaseFactors {
  rank: number;
  /** H, of an item that the user had. */
  history: Float32Array;
  /** W, of an item that is scored; its columns are orthonormal. */
  item: Float32Array;
}

/**
 * EASE in few dimensions, so that its scores are inner products: the weights of this rank whose scores for these users
 * come nearest to EASE's. They are B·W·Wᵀ, whose diagonal is no longer zero, with the first right singular vectors of
 * XB for W (Eckart & Young 1936; reduced-rank regression, Izenman 1975), found by orthogonal iteration (Golub & Van
 * Loan, Matrix Computations, 4th ed., §8.2.4).
 *
 * @param lists Each user's distinct items.
 * @param rank at most the items
 */
export async function easeFactors(
  executor: Executor,
  { items, size, blocks }: EaseModel,
  lists: readonly Int32Array[],
  rank: number,
  rng: Rng,
  {
    iterations = 8,
    onIteration = () => {},
  }: { iterations?: number; onIteration?: (done: number, total: number) => void } = {},
): Promise<EaseFactors> {
  const count = blocks.length;
  const openProduct = (transposeA: boolean) => {
    const g = new Graph();
    const [sum, left, right] = [
      g.input('sum', [size, rank]),
      g.input('left', [size, size]),
      g.input('right', [size, rank]),
    ];
    g.output('sum', g.add(sum, g.matmul(left, right, { transposeA })));
    return executor.open(g, seededRng(0));
  };
  await using plain = await openProduct(false);
  await using transposed = await openProduct(true);
  const part = (x: Float32Array, block: number) => x.subarray(block * size * rank, (block + 1) * size * rank);
  /** B·x, or Bᵀ·x. */
  const product = async (x: Float32Array, turned: boolean): Promise<Float32Array> => {
    const out = new Float32Array(count * size * rank);
    for (let i = 0; i < count; i++) {
      for (let k = 0; k < count; k++) {
        const feeds = { sum: part(out, i), left: turned ? blocks[k]![i]! : blocks[i]![k]!, right: part(x, k) };
        part(out, i).set((await (turned ? transposed : plain).run(feeds)).sum!);
      }
    }
    return out;
  };

  let item: Float32Array = new Float32Array(count * size * rank);
  for (let at = 0; at < items * rank; at++) item[at] = rng() - 0.5;
  for (let done = 0; done < iterations; done++) {
    item = await product(gramProduct(lists, await product(item, false), rank), true);
    await orthonormalise(item, items, rank);
    onIteration(done + 1, iterations);
  }
  const history = await product(item, false);
  return { rank, history: history.slice(0, items * rank), item: item.slice(0, items * rank) };
}

/** XᵀX·y for y [items, rank]: every user's items get the sum of what these items have. */
function gramProduct(lists: readonly Int32Array[], y: Float32Array, rank: number): Float32Array {
  const out = new Float32Array(y.length);
  const sum = new Float32Array(rank);
  for (const list of lists) {
    sum.fill(0);
    for (const item of list) for (let d = 0, at = item * rank; d < rank; d++, at++) sum[d]! += y[at]!;
    for (const item of list) for (let d = 0, at = item * rank; d < rank; d++, at++) out[at]! += sum[d]!;
  }
  return out;
}

/**
 * Makes the columns of x [items, rank] orthonormal, in place: Gram and Schmidt's way, twice over, which is enough
 * (Giraud et al. 2005). A column of which the ones before it leave less than a millionth becomes zero, and stays it:
 * there are no more directions that any score needs.
 */
async function orthonormalise(x: Float32Array, items: number, rank: number): Promise<void> {
  const columns = Array.from({ length: rank }, (_, d) =>
    Float64Array.from({ length: items }, (_, i) => x[i * rank + d]!),
  );
  for (const [d, column] of columns.entries()) {
    const length = Math.sqrt(dot(column, column));
    for (let pass = 0; pass < 2; pass++) {
      for (let other = 0; other < d; other++) {
        const along = dot(column, columns[other]!);
        for (let i = 0; i < items; i++) column[i]! -= along * columns[other]![i]!;
      }
    }
    const left = Math.sqrt(dot(column, column));
    const scale = left > 1e-6 * length ? 1 / left : 0;
    if (d % 16 === 0) await setImmediate();
    for (let i = 0; i < items; i++) {
      column[i]! *= scale;
      x[i * rank + d] = column[i]!;
    }
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
