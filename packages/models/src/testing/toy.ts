import { z } from 'zod';
import { Graph, type Tensor } from '../graph/graph.ts';
import { setting } from '../settings/setting.ts';
import { settingsWith, trainingSettings } from '../settings/tower.ts';
import { type GraphSettings, itemsInBatch } from '../towers/graph-settings.ts';
import { retrievalLoss } from '../towers/losses.ts';
import { atLeastOneItem, publishedDefaults } from '../towers/published-baselines.ts';
import type { TowerModel } from '../towers/tower-model.ts';

type ToySettings = GraphSettings & { sharpness: number };

function vectors(g: Graph, s: ToySettings, side: 'user' | 'item', n: number, gradient: boolean): Tensor {
  const width = side === 'user' ? s.userWidth : s.itemWidth;
  const unit = g.l2Normalize(g.input(side, [n, width], { gradient }));
  return side === 'user' ? g.scale(unit, s.sharpness) : unit;
}

/**
 * A user is the mean of their items. It is here to show what a new model takes: this file, and a line in the registry.
 */
export const toy: TowerModel = {
  kind: 'toy',
  title: 'Toy',
  summary: 'A user is the mean of their items.',
  family: 'tower',
  settings: {
    ...settingsWith('pooled-history'),
    history: { ...trainingSettings.history, ...atLeastOneItem },
    sharpness: setting({
      schema: z.number().gt(0).max(10),
      meaning: "Length of a user's vector.",
      paper: 1,
      best: 2,
      search: { choice: [1, 2, 4] },
    }),
  },
  defaults: { ...publishedDefaults, temperature: 0.12, history: 50, historyDecay: [0.98] },
  inputs: ({ idDims }) => ({
    dims: (_, name) => (name === 'item_id' || name === 'history' ? idDims : 0),
    itemSum: false,
    history: 'shared',
  }),
  vectorDims: (s) => s.idDims,
  vectorsPerUser: () => 1,
  trainingGraph(s: ToySettings) {
    const g = new Graph();
    const items = vectors(g, s, 'item', itemsInBatch(s), true);
    g.output('loss', retrievalLoss(g, s, vectors(g, s, 'user', s.batch, true), items));
    return g;
  },
  towerGraph(s: ToySettings, side, n) {
    const g = new Graph();
    g.output('vectors', vectors(g, s, side, n, false));
    return g;
  },
};
