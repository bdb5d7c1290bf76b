import { normal, seededRng } from '@duet/random';
import { z } from 'zod';
import { Graph, type Tensor } from '../graph/graph.ts';
import { settingsWith, trainingSettings } from '../settings/tower.ts';
import { fullyConnected } from './fully-connected.ts';
import { type GraphSettings, itemsInBatch } from './graph-settings.ts';
import { retrievalLoss } from './losses.ts';
import { atLeastOneItem, publishedDefaults } from './published-baselines.ts';
import type { TowerModel } from './tower-model.ts';

/** 1 where `count` ≥ `least`, else 0, both whole numbers. */
function atLeast(g: Graph, count: Tensor, least: readonly number[]): Tensor {
  const beyond = g.sub(count, g.constant(Float32Array.from(least), [least.length]));
  return g.sub(g.relu(g.add(beyond, g.constant(1))), g.relu(beyond));
}

/** A capsule's length to [0, 1) (eq. 2): z ‖z‖ / (1 + ‖z‖²), for z [n, K, d]. */
function squash(g: Graph, z: Tensor): Tensor {
  const squares = g.sum(g.square(z), [2], true);
  // The root's gradient at zero is infinite, and the capsules of an empty history are zero.
  const length = g.sqrt(g.add(squares, g.constant(1e-12)));
  return g.mul(z, g.div(length, g.add(squares, g.constant(1))));
}

/** What the routing starts from, the same in every training and answer: b_ij ~ N(0, 1) [L, K] (§4.3). */
function routingLogits(length: number, interests: number): Float32Array {
  const rng = seededRng(2019);
  return Float32Array.from({ length: length * interests }, () => normal(rng));
}

/**
 * B2I dynamic routing (§4.3, algorithm 1): behaviours e_i through one shared map S, gathered into interest capsules.
 * The couplings are constants to the gradient, as in the public implementations.
 *
 * @param behaviours [n, L, d]
 * @param present [n, L], 1 for a behaviour and 0 beyond the history's end
 * @param closed [n, K], 0 for an interest that the user has, else −1e9
 * @returns capsules [n, K, d]
 */
function route(g: Graph, s: GraphSettings, behaviours: Tensor, present: Tensor, closed: Tensor): Tensor {
  const [n, length, d] = behaviours.shape as [number, number, number];
  const k = s.interests;
  const map = g.param('user/routing', [d, d], 'glorot');
  const mapped = g.reshape(g.matmul(g.reshape(behaviours, [n * length, d]), map), [n, length, d]);
  const frozen = g.stopGradient(mapped);
  const mask = g.reshape(present, [n, length, 1]);
  let logits = g.add(g.constant(routingLogits(length, k), [length, k]), g.reshape(closed, [n, 1, k]));
  for (let left = s.routings - 1; ; left--) {
    const couplings = g.mul(g.softmax(logits), mask);
    const capsules = squash(g, g.matmul(couplings, left > 0 ? frozen : mapped, { transposeA: true }));
    if (left === 0) return capsules;
    logits = g.add(logits, g.matmul(frozen, capsules, { transposeB: true }));
  }
}

/**
 * A user's interests [n, K, d]: capsules, each with the user's features through the H-layers (§4.4); and which of them
 * are there, K′ = max(1, min(K, log₂ of the history's length)) (eq. 8), as 1 and 0 [n, K].
 */
function interests(g: Graph, s: GraphSettings, n: number, gradient: boolean) {
  const k = s.interests;
  const d = s.layers.at(-1)!;
  const behaviours = g.input('history', [n, s.history, d], { gradient });
  const length = g.input('historyLength', [n, 1]);
  const present = atLeast(
    g,
    length,
    Array.from({ length: s.history }, (_, i) => i + 1),
  );
  const active = atLeast(
    g,
    length,
    Array.from({ length: k }, (_, j) => (j === 0 ? 0 : 2 ** (j + 1))),
  );
  const closed = g.scale(g.sub(active, g.constant(1)), 1e9);
  let x = route(g, s, behaviours, present, closed);
  if (s.userWidth > 0) {
    const features = g.reshape(g.input('user', [n, s.userWidth], { gradient }), [n, 1, s.userWidth]);
    x = g.concat([x, g.broadcast(features, [n, k, s.userWidth])], 2);
  }
  const out = fullyConnected(g, 'user', g.reshape(x, [n * k, d + s.userWidth]), s);
  const vectors = g.reshape(s.normalize ? g.l2Normalize(out) : out, [n, k, d]);
  return { vectors, active, closed };
}

function items(g: Graph, s: GraphSettings, n: number, gradient: boolean): Tensor {
  const v = g.input('item', [n, s.layers.at(-1)!], { gradient });
  return s.normalize ? g.l2Normalize(v) : v;
}

/**
 * Label-aware attention (§4.5): a user is the mix of interests that fits the label, softmax(p ⟨v_k, e⟩). The paper
 * raises the product to the power p, which is not defined for negative ones; both go from an even mix to the best
 * interest alone as p grows.
 *
 * @param labels the users' positives [n, d]
 * @returns [n, d]
 */
function towardsLabel(g: Graph, s: GraphSettings, { vectors, closed }: ReturnType<typeof interests>, labels: Tensor) {
  const [n, k, d] = vectors.shape as [number, number, number];
  const products = g.sum(g.mul(vectors, g.reshape(labels, [n, 1, d])), [2]);
  const attention = g.softmax(g.add(g.scale(products, s.labelPower), closed));
  return g.sum(g.mul(vectors, g.reshape(attention, [n, k, 1])), [1]);
}

/**
 * MIND (Li et al., CIKM 2019, arXiv 1904.08030): several interests of a user by dynamic routing over their history,
 * each a vector of its own. An item's embedding is the sum of its features' (§4.2: their mean), the same as label, as
 * candidate and in a history. In an answer, an interest that the user does not have repeats the first.
 */
export const mind: TowerModel = {
  kind: 'mind',
  title: 'MIND',
  summary: 'Several interests of a user by dynamic routing, each a vector of its own.',
  family: 'tower',
  settings: {
    ...settingsWith('user-ids', 'layers', 'normalize', 'interests'),
    history: { ...trainingSettings.history, ...atLeastOneItem },
    loss: {
      ...trainingSettings.loss,
      schema: z.enum(['sigmoid', 'softmax']),
      meaning: 'Cross entropy, or in-batch softmax with logQ correction.',
    },
  },
  defaults: { ...publishedDefaults, temperature: 0.12, tableLearningRate: 0.005, history: 30 },
  search: {
    temperature: { log: [0.03, 1] },
    layers: { choice: [[32], [64], [128]] },
    history: { choice: [10, 20, 40] },
    skip: false,
    weightDecay: false,
    userIdDropout: false,
    itemIdDropout: false,
  },
  inputs: ({ layers, idDims, featureDims }) => ({
    dims: (side, name) => (side === 'item' ? layers.at(-1)! : name === 'user_id' ? idDims : featureDims),
    itemSum: true,
    history: 'sequence',
  }),
  vectorDims: (s) => s.layers.at(-1)!,
  vectorsPerUser: (s) => s.interests,
  trainingGraph(s) {
    const g = new Graph();
    const found = interests(g, s, s.batch, true);
    const candidates = items(g, s, itemsInBatch(s), true);
    const labels = g.slice(candidates, [0, 0], [s.batch, s.layers.at(-1)!]);
    g.output('loss', retrievalLoss(g, s, towardsLabel(g, s, found, labels), candidates));
    return g;
  },
  towerGraph(s, side, n) {
    const g = new Graph();
    if (side === 'item') {
      g.output('vectors', items(g, s, n, false));
      return g;
    }
    const { vectors, active } = interests(g, s, n, false);
    const [, k, d] = vectors.shape as [number, number, number];
    const first = g.slice(vectors, [0, 0, 0], [n, 1, d]);
    const there = g.reshape(active, [n, k, 1]);
    const filled = g.add(g.mul(g.sub(vectors, first), there), first);
    g.output('vectors', g.reshape(filled, [n, k * d]));
    return g;
  },
};
