import type { Values } from './executor.ts';
import { fm } from './fm.ts';
import type { Graph } from './graph.ts';
import { mind } from './mind.ts';
import { onnxFile } from './onnx-file.ts';
import type { ArchitectureName, InputPlan, TowerSettings } from './tower-settings.ts';
import { towers } from './two-tower.ts';
import { youtubeDnn } from './youtube-dnn.ts';

/** Settings that decide what is gathered. */
export type InputSettings = Pick<TowerSettings, 'layers' | 'idDims'> & { featureDims: number };

/** A way to make both sides' vectors, trained by gradient. An item's score for a user is their largest inner product. */
export interface Architecture {
  inputs(s: InputSettings): InputPlan;
  /** Dimensions of a vector of either side. */
  vectorDims(s: TowerSettings): number;
  /** Vectors of a user; an item has one. */
  vectorsPerUser(s: TowerSettings): number;
  /** What a step computes: outputs `loss` [] and its parts. */
  trainingGraph(s: TowerSettings): Graph;
  /** One side alone, `n` at a time: output `vectors`, for items [n, vectorDims], for users [n, vectorsPerUser · vectorDims]. */
  towerGraph(s: TowerSettings, side: 'user' | 'item', n: number): Graph;
}

const architectures: Record<ArchitectureName, Architecture> = {
  towers,
  fm,
  'youtube-dnn': youtubeDnn,
  mind,
};

/** What an architecture gathers from the embedding tables. */
export const inputPlan = (architecture: ArchitectureName, s: InputSettings): InputPlan =>
  architectures[architecture].inputs(s);

/** Dimensions of a vector of either side. */
export const vectorDims = (s: TowerSettings): number => architectures[s.architecture].vectorDims(s);

/** Vectors of a user: 1, or as many as the model finds interests. */
export const vectorsPerUser = (s: TowerSettings): number => architectures[s.architecture].vectorsPerUser(s);

/** What a training step computes: outputs `loss` [] and each of its parts. */
export const trainingGraph = (s: TowerSettings): Graph => architectures[s.architecture].trainingGraph(s);

/** One side alone for `n` users or items at a time: output `vectors`, as `Architecture` gives its shape. */
export const towerGraph = (s: TowerSettings, side: 'user' | 'item', n: number): Graph =>
  architectures[s.architecture].towerGraph(s, side, n);

/**
 * One side as a plain ONNX file for any runtime. For towers: inputs `user` [batch, width] (pooled feature embeddings,
 * side by side) and `userAugmented` [batch, augmentedDims] where the model has it, output `vectors` [batch, d],
 * L2-normalised; likewise for `item`.
 */
export function towerFile(s: TowerSettings, side: 'user' | 'item', params: Values): Uint8Array {
  const graph = towerGraph(s, side, 1);
  return onnxFile(graph, graph.outputs, { params });
}
