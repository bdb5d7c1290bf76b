import type { Graph, Tensor } from '../graph/graph.ts';
import { type GraphSettings, itemsInBatch } from './graph-settings.ts';

/**
 * The loss that the settings name, over the items of a batch: B positives, then the negatives, or in any order where
 * it is multi-positive. The softmax declares its inputs `logQ` and `itemKey` [N], multi-positive `logQ` [N], `positive`
 * and `own` [B, N].
 *
 * @param users [B, d]
 * @param items [N, d]
 * @returns loss []
 */
export function retrievalLoss(g: Graph, s: GraphSettings, users: Tensor, items: Tensor): Tensor {
  const n = items.shape[0]!;
  // 1/τ = e^c / temperature: c starts at zero, so τ starts at `temperature` and stays positive.
  const learnt = s.learnTemperature ? g.exp(g.param('inverseTemperature', [1], 'zeros')) : undefined;
  const queries = g.scale(learnt ? g.mul(users, learnt) : users, 1 / s.temperature);
  if (s.loss === 'sigmoid') return sigmoidLoss(g, queries, items);
  if (s.loss === 'softmax') return softmaxLoss(g, queries, items, g.input('logQ', [n]), g.input('itemKey', [n]));
  return multiPositiveLoss(g, queries, items, {
    logQ: g.input('logQ', [n]),
    positive: positiveShares(g, s),
    own: g.input('own', [s.batch, n]),
  });
}

/**
 * Each pair's share of a multi-positive batch [B, N], all of them 1 together; 0 where item j is no positive of row i.
 */
export const positiveShares = (g: Graph, s: GraphSettings): Tensor => g.input('positive', [s.batch, itemsInBatch(s)]);

/**
 * Cross entropy of one positive and S negatives per user (paper eq. 4), averaged over the B × (1 + S) pairs.
 *
 * @param queries p_u / τ [B, d]
 * @param items p_v [B + B·S, d]: the positives first, then S negatives for the first user, for the second, …
 * @returns loss []
 */
export function sigmoidLoss(g: Graph, queries: Tensor, items: Tensor): Tensor {
  const [batch, dims] = queries.shape as [number, number];
  const negatives = items.shape[0]! / batch - 1;
  const positive = g.slice(items, [0, 0], [batch, dims]);
  const negative = g.reshape(g.slice(items, [batch, 0], [batch * negatives, dims]), [batch, negatives, dims]);
  const positiveLogits = g.sum(g.mul(queries, positive), [1]);
  const negativeLogits = g.sum(g.mul(g.reshape(queries, [batch, 1, dims]), negative), [2]);
  const total = g.add(g.sum(g.softplus(g.neg(positiveLogits))), g.sum(g.softplus(negativeLogits)));
  return g.scale(total, 1 / (batch * (1 + negatives)));
}

/**
 * Sampled softmax over the batch's own positives and shared negatives, with logQ correction (Yi et al., RecSys 2019;
 * Bengio & Senécal 2008): logit_ij = ⟨p_u_i, p_v_j⟩ / τ − log Q(j). A column that holds row i's positive again is
 * left out of row i.
 *
 * @param queries p_u / τ [B, d]
 * @param items p_v [N, d], the first B rows being the users' positives
 * @param logQ [N], log of each column's expected count in a batch
 * @param itemKey [N], equal for equal items
 * @returns loss []
 */
export function softmaxLoss(g: Graph, queries: Tensor, items: Tensor, logQ: Tensor, itemKey: Tensor): Tensor {
  const [batch, dims] = queries.shape as [number, number];
  const cosine = g.sum(g.mul(queries, g.slice(items, [0, 0], [batch, dims])), [1]);
  const positive = g.sub(cosine, g.slice(logQ, [0], [batch]));
  return g.mean(g.sampledSoftmax(queries, items, g.neg(logQ), g.slice(itemKey, [0], [batch]), itemKey, positive));
}

/**
 * Softmax for rows of several positives: each of them against all items that are not the user's own, as if it were the
 * row's only one. −Σ_ij w_ij log(e^l_ij / (e^l_ij + Σ_k e^(l_ik − log Q(k)))), l = ⟨p_u_i, p_v_j⟩ / τ, k over the items
 * that user i never had. With each item's chance to be in the batch as Q the sum is that over the catalogue, in
 * expectation (Horvitz & Thompson 1952); where the whole catalogue is in the batch, log Q = 0.
 *
 * @param queries p_u / τ [B, d]
 * @param items p_v [N, d], distinct
 * @param batch.logQ [N]
 * @param batch.positive w [B, N]
 * @param batch.own [B, N], 1 where item j is one that user i has had, positives included
 * @returns loss []
 */
export function multiPositiveLoss(
  g: Graph,
  queries: Tensor,
  items: Tensor,
  batch: { logQ: Tensor; positive: Tensor; own: Tensor },
): Tensor {
  const logits = g.matmul(queries, items, { transposeB: true });
  // Far below any logit, yet near enough for float32 to tell apart what is left where a user has had every item.
  const others = g.logSumExp(g.sub(g.sub(logits, batch.logQ), g.scale(batch.own, 1e4)));
  return g.sum(g.mul(batch.positive, g.softplus(g.sub(others, logits))));
}

/**
 * Adaptive-Mimic Mechanism (paper eq. 2): Σ ‖a − stop-gradient(p)‖² over the positives, divided by the number of
 * pairs in the batch. Negatives contribute zero (y = 0), so only positives are passed.
 *
 * @param augmented a_u (or a_v) of the positives [B, d]
 * @param target p_v (or p_u) of the same pairs [B, d]; frozen
 * @param pairs B × (1 + S), or B where negatives are shared
 * @returns loss []
 */
export function mimicLoss(g: Graph, augmented: Tensor, target: Tensor, pairs: number): Tensor {
  return g.scale(g.sum(g.square(g.sub(augmented, g.stopGradient(target)))), 1 / pairs);
}

/**
 * The same over pairs that a matrix weighs: Σ_ij w_ij ‖a_i − stop-gradient(p_j)‖², for p of length 1, as
 * Σ_i w_i (‖a_i‖² + 1) − 2 Σ_i ⟨a_i, Σ_j w_ij p_j⟩ with w_i = Σ_j w_ij.
 *
 * @param augmented a_u (or a_v) [n, d]
 * @param target p_v (or p_u) [m, d], of unit length; frozen
 * @param weight w [n, m], or with `transposed` [m, n]
 * @returns loss []
 */
export function weightedMimicLoss(
  g: Graph,
  augmented: Tensor,
  target: Tensor,
  weight: Tensor,
  transposed = false,
): Tensor {
  const weightedTarget = g.matmul(weight, g.stopGradient(target), { transposeA: transposed });
  const weights = g.reshape(g.sum(weight, [transposed ? 0 : 1]), [augmented.shape[0]!, 1]);
  const lengths = g.add(g.sum(g.square(augmented), [1], true), g.constant(1));
  return g.sub(g.sum(g.mul(weights, lengths)), g.scale(g.sum(g.mul(augmented, weightedTarget)), 2));
}

/** Which of the batch's items belong to which category, row 0 being the category with the most data (S^major). */
export interface Membership {
  /** [N, K], 1 where item j is in category k. */
  membership: Tensor;
  /** [K, 1], 1 / n_k; 0 for an absent category. */
  inverseCount: Tensor;
  /** [K, 1], 1 / (n_k − 1); 0 for categories with fewer than two items. */
  inverseFreedom: Tensor;
  /** [K], 1 for the categories that are aligned: not the first, at least two items here and in the first. */
  aligned: Tensor;
}

/**
 * Category Alignment Loss (paper eq. 3, whose norms are squared): Σ_k ‖C(S^major) − C(S^k)‖_F with the unbiased covariance
 * C(S) = Σ (x − μ)(x − μ)ᵀ / (n − 1) over the item vectors x of a category.
 *
 * @param items p_v [N, d]
 * @param squared sum squared norms instead of norms
 * @returns loss []
 */
export function categoryAlignmentLoss(g: Graph, items: Tensor, categories: Membership, squared: boolean): Tensor {
  const [n, d] = items.shape as [number, number];
  const k = categories.membership.shape[1]!;
  const { membership } = categories;
  const mean = g.mul(g.matmul(membership, items, { transposeA: true }), categories.inverseCount);
  const centred = g.sub(items, g.matmul(membership, mean));
  // [N, K·d], each row once in its category's block: one product gives all categories' scatter matrices.
  const blocks = g.mul(g.reshape(centred, [n, 1, d]), g.reshape(membership, [n, k, 1]));
  const scatter = g.matmul(centred, g.reshape(blocks, [n, k * d]), { transposeA: true });
  const covariance = g.mul(g.reshape(scatter, [d, k, d]), g.reshape(categories.inverseFreedom, [1, k, 1]));
  const difference = g.sub(g.slice(covariance, [0, 0, 0], [d, 1, d]), covariance);
  const squares = g.sum(g.square(difference), [0, 2]);
  // The root's gradient at zero is infinite: 1e-12 under it keeps equal covariances (row 0 itself) finite.
  const norms = squared ? squares : g.sqrt(g.add(squares, g.constant(1e-12)));
  return g.sum(g.mul(norms, categories.aligned));
}
