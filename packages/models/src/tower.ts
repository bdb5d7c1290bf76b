import type { Graph, Tensor } from './graph.ts';

/** One side's inputs: its gathered, pooled and concatenated feature embeddings, and its augmented vector if any. */
export interface TowerInput {
  /** [n, width of all features]. */
  features: Tensor;
  /** [n, augmented dimensions]: a_u or a_v. */
  augmented?: Tensor | undefined;
}

/**
 * FC layers with ReLU between and an L2-normalised output (paper §3.2, eqs. 3–5): x [n, in] → p [n, last].
 *
 * @param side Prefix of the parameters' names: `user` or `item`.
 * @param layers Widths of the fully connected layers: 256, 128, 32 in the paper.
 */
export function tower(
  g: Graph,
  side: 'user' | 'item',
  input: TowerInput,
  { layers, skip }: { layers: readonly number[]; skip: boolean },
): Tensor {
  const all = input.augmented ? g.concat([input.features, input.augmented], 1) : input.features;
  let x = all;
  layers.forEach((width, i) => {
    const w = g.param(`${side}/w${i}`, [x.shape[1]!, width], 'glorot');
    const b = g.param(`${side}/b${i}`, [width], 'zeros');
    x = g.dense(x, w, b, i < layers.length - 1 ? 'relu' : 'none');
  });
  if (skip) {
    const w = g.param(`${side}/skip`, [all.shape[1]!, layers.at(-1)!], 'glorot');
    x = g.add(x, g.matmul(all, w));
  }
  return g.l2Normalize(x);
}
