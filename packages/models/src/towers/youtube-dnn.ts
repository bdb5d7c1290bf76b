import { Graph, type Tensor } from '../graph/graph.ts';
import { settingsWith, trainingSettings } from '../settings/tower.ts';
import { fullyConnected } from './fully-connected.ts';
import { type GraphSettings, itemsInBatch } from './graph-settings.ts';
import { retrievalLoss } from './losses.ts';
import { atLeastOneItem, publishedDefaults } from './published-baselines.ts';
import type { TowerModel } from './tower-model.ts';

function users(g: Graph, s: GraphSettings, n: number, gradient: boolean): Tensor {
  const u = fullyConnected(g, 'user', g.input('user', [n, s.userWidth], { gradient }), s);
  return s.normalize ? g.l2Normalize(u) : u;
}

function items(g: Graph, s: GraphSettings, n: number, gradient: boolean): Tensor {
  const v = g.input('item', [n, s.itemWidth], { gradient });
  return s.normalize ? g.l2Normalize(v) : v;
}

/**
 * YouTubeDNN's candidate generation (Covington, Adams & Sargin, RecSys 2016, §3): the pooled history and what is known
 * of the user, but no user id, through fully connected layers into u; items are the softmax's own weights v_j, apart
 * from the embeddings that the history is pooled from, and have no other features.
 */
export const youtubeDnn: TowerModel = {
  kind: 'youtube-dnn',
  title: 'YouTubeDNN',
  summary: 'The pooled history through fully connected layers, against one embedding an item.',
  family: 'tower',
  settings: {
    ...settingsWith('layers', 'normalize', 'pooled-history', 'several-positives'),
    history: { ...trainingSettings.history, ...atLeastOneItem },
  },
  defaults: { ...publishedDefaults, temperature: 0.12, tableLearningRate: 0.005, history: 100, historyDecay: [0.98] },
  search: { temperature: { log: [0.03, 1] }, userIdDropout: false, itemIdDropout: false },
  inputs: ({ layers, idDims, featureDims }) => ({
    dims: (side, name) => {
      if (side === 'item') return name === 'item_id' ? layers.at(-1)! : 0;
      if (name === 'user_id') return 0;
      return name === 'history' ? idDims : featureDims;
    },
    itemSum: false,
    history: 'own',
  }),
  vectorDims: (s) => s.layers.at(-1)!,
  vectorsPerUser: () => 1,
  trainingGraph(s) {
    const g = new Graph();
    const u = users(g, s, s.batch, true);
    g.output('loss', retrievalLoss(g, s, u, items(g, s, itemsInBatch(s), true)));
    return g;
  },
  towerGraph(s, side, n) {
    const g = new Graph();
    g.output('vectors', side === 'user' ? users(g, s, n, false) : items(g, s, n, false));
    return g;
  },
};
