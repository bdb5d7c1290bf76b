import { Graph, type Tensor } from '../graph/graph.ts';
import { settingsWith } from '../settings/tower.ts';
import { type GraphSettings, itemsInBatch } from './graph-settings.ts';
import { retrievalLoss } from './losses.ts';
import { publishedDefaults } from './published-baselines.ts';
import type { TowerModel } from './tower-model.ts';

/**
 * One side's sum of factors Σ v_f [n, k] and its own terms Σ w_f + Σ_{f<g} ⟨v_f, v_g⟩ [n, 1], the pairs as
 * ½(‖Σ v_f‖² − Σ ‖v_f‖²) (Rendle 2010, lemma 3.1). A field of several values is one pooled feature.
 */
function sideOf(g: Graph, s: GraphSettings, side: 'user' | 'item', n: number, gradient: boolean) {
  const k = s.idDims;
  const width = side === 'user' ? s.userWidth : s.itemWidth;
  const fields = width / (k + 1);
  const rows = g.reshape(g.input(side, [n, width], { gradient }), [n, fields, k + 1]);
  const factors = g.slice(rows, [0, 0, 0], [n, fields, k]);
  const linear = g.sum(g.slice(rows, [0, 0, k], [n, fields, 1]), [1]);
  const sum = g.sum(factors, [1]);
  const pairs = g.sub(g.sum(g.square(sum), [1], true), g.reshape(g.sum(g.square(factors), [1, 2]), [n, 1]));
  return { sum, terms: g.add(linear, g.scale(pairs, 0.5)) };
}

/**
 * [Σ v_f, 1] for users, [Σ v_f, terms] for items; their inner product is the machine but for the user's own terms,
 * which change no ranking and cancel in a softmax. The sigmoid needs them: one more column, met by a 1.
 */
function vectors(g: Graph, s: GraphSettings, side: 'user' | 'item', n: number, gradient: boolean): Tensor {
  const { sum, terms } = sideOf(g, s, side, n, gradient);
  const one = g.add(g.scale(terms, 0), g.constant(1));
  const columns = side === 'user' ? [sum, one] : [sum, terms];
  if (s.loss === 'sigmoid') columns.push(side === 'user' ? g.add(terms, g.param('user/bias', [1], 'zeros')) : one);
  return g.concat(columns, 1);
}

/**
 * Factorisation machine of order 2 (Rendle, ICDM 2010, eq. 1) over all features of the user, of their history and of
 * the item: ŷ = w₀ + Σ w_f + Σ_{f<g} ⟨v_f, v_g⟩. What lies across the two sides is ⟨Σ v_user, Σ v_item⟩, so the
 * machine is an inner product of one vector a side. A feature's embedding is its k = idDims factors, then its weight
 * w_f. Vectors are not normalised.
 */
export const fm: TowerModel = {
  kind: 'fm',
  title: 'FM',
  summary: 'A factorisation machine over the features of user, history and item.',
  family: 'tower',
  settings: settingsWith('user-ids', 'pooled-history', 'several-positives'),
  defaults: { ...publishedDefaults, temperature: 0.3, tableLearningRate: 0.01, history: 100, historyDecay: [0.98] },
  search: { temperature: { log: [0.05, 1] }, tableLearningRate: { log: [2e-3, 5e-2] }, weightDecay: false },
  inputs: ({ idDims }) => ({ dims: () => idDims + 1, itemSum: false, history: 'own' }),
  vectorDims: (s) => s.idDims + (s.loss === 'sigmoid' ? 2 : 1),
  vectorsPerUser: () => 1,
  trainingGraph(s) {
    const g = new Graph();
    const users = vectors(g, s, 'user', s.batch, true);
    const items = vectors(g, s, 'item', itemsInBatch(s), true);
    g.output('loss', retrievalLoss(g, s, users, items));
    return g;
  },
  towerGraph(s, side, n) {
    const g = new Graph();
    g.output('vectors', vectors(g, s, side, n, false));
    return g;
  },
};
