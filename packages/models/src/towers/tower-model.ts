import type { Graph } from '../graph/graph.ts';
import type { Described } from '../settings/described.ts';
import type { Search } from '../settings/setting.ts';
import type { TrainingSettings } from '../settings/tower.ts';
import type { GraphSettings, InputPlan } from './graph-settings.ts';

/** Settings that each fit their range, and not each other. */
export interface Conflict {
  field: string;
  problem: string;
  fix: string;
}

/** Settings that decide what is gathered. */
export type InputSettings = Pick<TrainingSettings, 'layers' | 'idDims' | 'featureDims'>;

/**
 * A model that makes a vector of a user and one of an item, trained by gradient. An item's score for a user is the
 * largest inner product of their vectors.
 */
export interface TowerModel extends Described {
  family: 'tower';
  /** Ranges of a tuning in the place of the settings' own. */
  search?: Readonly<Record<string, Search>>;
  /** Why these settings do not go together. */
  check?(s: TrainingSettings): Conflict | undefined;
  inputs(s: InputSettings): InputPlan;
  /** Dimensions of a vector of either side. */
  vectorDims(s: GraphSettings): number;
  /** Vectors of a user; an item has one. */
  vectorsPerUser(s: GraphSettings): number;
  /** What a step computes: outputs `loss` [] and its parts. */
  trainingGraph(s: GraphSettings): Graph;
  /**
   * One side alone, `n` at a time: output `vectors`, for items [n, vectorDims], for users [n, vectorsPerUser ·
   * vectorDims].
   */
  towerGraph(s: GraphSettings, side: 'user' | 'item', n: number): Graph;
}
