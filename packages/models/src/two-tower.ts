import type { Values } from './executor.ts';
import { Graph, type Tensor } from './graph.ts';
import { categoryAlignmentLoss, mimicLoss, sigmoidLoss, softmaxLoss } from './losses.ts';
import { onnxFile } from './onnx-file.ts';
import { type TowerInput, tower } from './tower.ts';

/** What a tower model is made of: everything that shapes its graphs. */
export interface TowerSettings {
  /** Widths of the fully connected layers; the last is the dimension of p_u and p_v. */
  layers: readonly number[];
  /** Width of the concatenated feature embeddings of each side. */
  userWidth: number;
  itemWidth: number;
  /** Dimensions of a_u and a_v; 0 leaves them out (two-tower). To mimic p they must equal the last layer's width. */
  augmentedDims: number;
  /** `sigmoid`: the paper's cross entropy with own negatives; `softmax`: in-batch and shared negatives, logQ-corrected. */
  loss: 'sigmoid' | 'softmax';
  /** Users in a batch: B. */
  batch: number;
  /** sigmoid: negatives per user. softmax: negatives shared by the batch. */
  negatives: number;
  /** Divides the inner product before the loss. */
  temperature: number;
  /** λ1: weight of ‖a_u − p_v‖². */
  mimicUser: number;
  /** λ2: weight of ‖a_v − p_u‖². */
  mimicItem: number;
  /** λ3: weight of the Category Alignment Loss. */
  alignment: number;
  alignmentSquared: boolean;
  /** Categories that the alignment sees, largest first; the rest are left out. 0 where the data has none. */
  categories: number;
}

/** Items in a training batch: B positives, then the negatives. */
export const itemsInBatch = (s: TowerSettings): number =>
  s.batch + (s.loss === 'sigmoid' ? s.batch * s.negatives : s.negatives);

function sideInput(g: Graph, side: 'user' | 'item', n: number, width: number, augmented: number, train: boolean) {
  const gradient = train;
  return {
    features: g.input(side, [n, width], { gradient }),
    augmented: augmented > 0 ? g.input(`${side}Augmented`, [n, augmented], { gradient }) : undefined,
  } satisfies TowerInput;
}

/**
 * The training graph of two-tower (augmentedDims 0, all λ 0) and DAT: loss = CE + λ1·mimic_u + λ2·mimic_v + λ3·CAL
 * (paper eq. 12). Outputs `loss` and each part. Inputs: `user` [B, userWidth], `item` [N, itemWidth],
 * `userAugmented`, `itemAugmented`; for softmax `logQ` and `itemKey` [N]; for the alignment the four of `Membership`.
 */
export function trainingGraph(s: TowerSettings): Graph {
  const g = new Graph();
  const n = itemsInBatch(s);
  const user = sideInput(g, 'user', s.batch, s.userWidth, s.augmentedDims, true);
  const item = sideInput(g, 'item', n, s.itemWidth, s.augmentedDims, true);
  const users = tower(g, 'user', user, s.layers);
  const items = tower(g, 'item', item, s.layers);

  const crossEntropy =
    s.loss === 'sigmoid'
      ? sigmoidLoss(g, users, items, s.temperature)
      : softmaxLoss(g, users, items, g.input('logQ', [n]), g.input('itemKey', [n]), s.temperature);
  g.output('crossEntropy', crossEntropy);
  let loss = crossEntropy;
  const include = (name: string, part: Tensor, weight: number) => {
    g.output(name, part);
    loss = g.add(loss, g.scale(part, weight));
  };

  const pairs = s.loss === 'sigmoid' ? n : s.batch;
  const dims = s.layers.at(-1)!;
  if (user.augmented && s.mimicUser > 0) {
    include('mimicUser', mimicLoss(g, user.augmented, g.slice(items, [0, 0], [s.batch, dims]), pairs), s.mimicUser);
  }
  if (item.augmented && s.mimicItem > 0) {
    const positives = g.slice(item.augmented, [0, 0], [s.batch, s.augmentedDims]);
    include('mimicItem', mimicLoss(g, positives, users, pairs), s.mimicItem);
  }
  if (s.alignment > 0 && s.categories > 1) {
    const k = s.categories;
    const membership = {
      membership: g.input('membership', [n, k]),
      inverseCount: g.input('inverseCount', [k, 1]),
      inverseFreedom: g.input('inverseFreedom', [k, 1]),
      aligned: g.input('aligned', [k]),
    };
    include('alignment', categoryAlignmentLoss(g, items, membership, s.alignmentSquared), s.alignment);
  }
  g.output('loss', loss);
  return g;
}

/** One tower alone for `n` users or items at a time: inputs `user` (and `userAugmented`), output `vectors` [n, d]. */
export function towerGraph(s: TowerSettings, side: 'user' | 'item', n: number): Graph {
  const g = new Graph();
  const input = sideInput(g, side, n, side === 'user' ? s.userWidth : s.itemWidth, s.augmentedDims, false);
  g.output('vectors', tower(g, side, input, s.layers));
  return g;
}

/**
 * One tower as a plain ONNX file for any runtime: inputs `user` [batch, width] (pooled feature embeddings, side by side)
 * and `userAugmented` [batch, augmentedDims] where the model has it, output `vectors` [batch, d], L2-normalised; likewise
 * for `item`.
 */
export function towerFile(s: TowerSettings, side: 'user' | 'item', params: Values): Uint8Array {
  const graph = towerGraph(s, side, 1);
  return onnxFile(graph, graph.outputs, { params });
}
