import type { Architecture } from './architecture.ts';
import { Graph, type Tensor } from './graph.ts';
import { retrievalLoss } from './losses.ts';
import { fullyConnected } from './tower.ts';
import { itemsInBatch, type TowerSettings } from './tower-settings.ts';

function users(g: Graph, s: TowerSettings, n: number, gradient: boolean): Tensor {
  const u = fullyConnected(g, 'user', g.input('user', [n, s.userWidth], { gradient }), s);
  return s.normalize ? g.l2Normalize(u) : u;
}

function items(g: Graph, s: TowerSettings, n: number, gradient: boolean): Tensor {
  const v = g.input('item', [n, s.itemWidth], { gradient });
  return s.normalize ? g.l2Normalize(v) : v;
}

/**
 * YouTubeDNN's candidate generation (Covington, Adams & Sargin, RecSys 2016, §3): the pooled history and what is known
 * of the user, but no user id, through fully connected layers into u; items are the softmax's own weights v_j, apart
 * from the embeddings that the history is pooled from, and have no other features.
 */
export const youtubeDnn: Architecture = {
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
