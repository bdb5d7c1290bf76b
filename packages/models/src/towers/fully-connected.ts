import type { Graph, Tensor } from '../graph/graph.ts';
import type { GraphSettings } from './graph-settings.ts';

/** One side's inputs: its gathered, pooled and concatenated feature embeddings, and its augmented vector if any. */
export interface TowerInput {
  /** [n, width of all features]. */
  features: Tensor;
  /** [n, augmented dimensions]: a_u or a_v. */
  augmented?: Tensor | undefined;
}

/** Widths of fully connected layers, whether a linear map of the input is added to the last, and its ReLU. */
type Layers = Pick<GraphSettings, 'layers' | 'skip' | 'outputRelu'>;

/**
 * Fully connected layers with ReLU between, and after the last where the settings say so: x [n, in] → [n, last].
 *
 * @param side Prefix of the parameters' names: `user` or `item`.
 */
export function fullyConnected(
  g: Graph,
  side: 'user' | 'item',
  x: Tensor,
  { layers, skip, outputRelu }: Layers,
): Tensor {
  const last = layers.reduce((input, width, i) => {
    const w = g.param(`${side}/w${i}`, [input.shape[1]!, width], 'glorot');
    const b = g.param(`${side}/b${i}`, [width], 'zeros');
    return g.dense(input, w, b, i < layers.length - 1 || (outputRelu && !skip) ? 'relu' : 'none');
  }, x);
  if (!skip) return last;
  const sum = g.add(last, g.matmul(x, g.param(`${side}/skip`, [x.shape[1]!, layers.at(-1)!], 'glorot')));
  return outputRelu ? g.relu(sum) : sum;
}

/**
 * FC layers with ReLU and an L2-normalised output (paper eq. 1): x [n, in] → p [n, last].
 *
 * @param layers 256, 128, 32 in the paper.
 */
export function tower(
  g: Graph,
  side: 'user' | 'item',
  { features, augmented }: TowerInput,
  layers: Layers & { crossFit: boolean },
): Tensor {
  // Cross-fitted vectors enter through a gate that training opens from 0: they have length 1 while they still say
  // nothing.
  const seen = augmented && layers.crossFit ? g.mul(augmented, g.param(`${side}/gate`, [1], 'zeros')) : augmented;
  const x = seen ? g.concat([features, seen], 1) : features;
  return g.l2Normalize(fullyConnected(g, side, x, layers));
}
