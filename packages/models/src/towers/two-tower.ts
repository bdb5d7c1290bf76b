import { Graph, type Tensor } from '../graph/graph.ts';
import { withoutAugmentedVectors } from '../settings/augmented-vectors.ts';
import { settingsWith } from '../settings/tower.ts';
import { type TowerInput, tower } from './fully-connected.ts';
import { type GraphSettings, itemsInBatch } from './graph-settings.ts';
import { categoryAlignmentLoss, mimicLoss, positiveShares, retrievalLoss, weightedMimicLoss } from './losses.ts';
import type { TowerModel } from './tower-model.ts';

function sideInput(g: Graph, s: GraphSettings, side: 'user' | 'item', n: number, train: boolean): TowerInput {
  const width = side === 'user' ? s.userWidth : s.itemWidth;
  const augmented = [n, s.augmentedDims];
  return {
    features: g.input(side, [n, width], { gradient: train }),
    augmented:
      s.augmentedDims > 0 ? g.input(`${side}Augmented`, augmented, { gradient: train && !s.crossFit }) : undefined,
  };
}

/**
 * The training graph of two-tower (augmentedDims 0, all λ 0) and DAT: loss = CE + λ1·mimic_u + λ2·mimic_v + λ3·CAL
 * (paper eq. 5). Outputs `loss` and each part. Inputs: `user` [B, userWidth], `item` [N, itemWidth],
 * `userAugmented`, `itemAugmented`; with cross-fitting the halves that learn, `userMimic` [B, d] and `itemMimic` [B, d]
 * (for multi-positive [N, d]); those of the loss (`retrievalLoss`); for the alignment the four of `Membership`.
 */
function trainingGraph(s: GraphSettings): Graph {
  const g = new Graph();
  const n = itemsInBatch(s);
  const user = sideInput(g, s, 'user', s.batch, true);
  const item = sideInput(g, s, 'item', n, true);
  const users = tower(g, 'user', user, s);
  const items = tower(g, 'item', item, s);

  const crossEntropy = retrievalLoss(g, s, users, items);
  g.output('crossEntropy', crossEntropy);
  let loss = crossEntropy;
  const include = (name: string, part: Tensor, weight: number) => {
    g.output(name, part);
    loss = g.add(loss, g.scale(part, weight));
  };

  const dims = s.layers.at(-1)!;
  const multi = s.loss === 'multi-positive';
  const pairs = s.loss === 'sigmoid' ? n : s.batch;
  const first = (x: Tensor, count: number) => g.slice(x, [0, 0], [count, dims]);
  const learning = (side: 'user' | 'item', seen: Tensor) => {
    const paired = multi && side === 'item' ? n : s.batch;
    return s.crossFit ? g.input(`${side}Mimic`, [paired, dims], { gradient: true }) : first(seen, paired);
  };
  if (user.augmented && s.mimicUser > 0) {
    const a = learning('user', user.augmented);
    const part = multi
      ? weightedMimicLoss(g, a, items, positiveShares(g, s))
      : mimicLoss(g, a, first(items, s.batch), pairs);
    include('mimicUser', part, s.mimicUser);
  }
  if (item.augmented && s.mimicItem > 0) {
    const a = learning('item', item.augmented);
    const part = multi ? weightedMimicLoss(g, a, users, positiveShares(g, s), true) : mimicLoss(g, a, users, pairs);
    include('mimicItem', part, s.mimicItem);
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
function towerGraph(s: GraphSettings, side: 'user' | 'item', n: number): Graph {
  const g = new Graph();
  g.output('vectors', tower(g, side, sideInput(g, s, side, n, false), s));
  return g;
}

export const twoTower: TowerModel = {
  kind: 'two-tower',
  title: 'Two-tower',
  summary: 'A user tower and an item tower that meet in one inner product.',
  family: 'tower',
  settings: settingsWith(
    'user-ids',
    'layers',
    'output-relu',
    'identity-start',
    'pooled-history',
    'several-positives',
    'augmented-vectors',
  ),
  defaults: withoutAugmentedVectors,
  check({ layers, augmentedDims, mimicUser, mimicItem }) {
    const dims = layers.at(-1)!;
    if (augmentedDims === 0 || augmentedDims === dims || mimicUser + mimicItem === 0) return undefined;
    return {
      field: 'augmentedDims',
      problem: `augmentedDims is ${augmentedDims} and the towers end in ${dims}.`,
      fix: 'An augmented vector mimics a tower output, so make the last of "layers" the same number.',
    };
  },
  inputs: ({ idDims, featureDims }) => ({
    dims: (_, name) => (['user_id', 'item_id', 'title', 'history'].includes(name) ? idDims : featureDims),
    itemSum: false,
    history: 'shared',
  }),
  vectorDims: (s) => s.layers.at(-1)!,
  vectorsPerUser: () => 1,
  trainingGraph,
  towerGraph,
};
