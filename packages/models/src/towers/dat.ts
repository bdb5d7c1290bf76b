import type { TowerModel } from './tower-model.ts';
import { twoTower } from './two-tower.ts';

/** The Dual Augmented Two-tower model (Yu et al., DLP-KDD 2021): two towers with all of the paper's parts. */
export const dat: TowerModel = {
  ...twoTower,
  kind: 'dat',
  title: 'DAT',
  summary: 'Two-tower with augmented vectors that mimic the other tower, and category alignment.',
  defaults: {},
};
