import type { Values } from './graph/executor.ts';
import type { Graph } from './graph/graph.ts';
import { onnxFile } from './onnx/onnx-file.ts';
import { towerModel } from './registry.ts';
import type { TrainingSettings } from './settings/tower.ts';
import type { GraphSettings, InputPlan } from './towers/graph-settings.ts';
import type { InputSettings } from './towers/tower-model.ts';

/**
 * What shapes the graphs of a kind of model with these settings and features.
 *
 * @param categories that the alignment sees, in training
 */
export const graphSettings = (
  kind: string,
  settings: TrainingSettings,
  { userWidth, itemWidth }: Pick<GraphSettings, 'userWidth' | 'itemWidth'>,
  categories = 0,
): GraphSettings => ({ ...settings, kind, userWidth, itemWidth, categories });

/** What a model gathers from the embedding tables. */
export const inputPlan = (kind: string, s: InputSettings): InputPlan => towerModel(kind).inputs(s);

/** Dimensions of a vector of either side. */
export const vectorDims = (s: GraphSettings): number => towerModel(s.kind).vectorDims(s);

/** Vectors of a user: 1, or as many as the model finds interests. */
export const vectorsPerUser = (s: GraphSettings): number => towerModel(s.kind).vectorsPerUser(s);

/** What a training step computes: outputs `loss` [] and each of its parts. */
export const trainingGraph = (s: GraphSettings): Graph => towerModel(s.kind).trainingGraph(s);

/** One side alone for `n` users or items at a time: output `vectors`, as `TowerModel` gives its shape. */
export const towerGraph = (s: GraphSettings, side: 'user' | 'item', n: number): Graph =>
  towerModel(s.kind).towerGraph(s, side, n);

/**
 * One side as a plain ONNX file for any runtime. For towers: inputs `user` [batch, width] (pooled feature embeddings,
 * side by side) and `userAugmented` [batch, augmentedDims] where the model has it, output `vectors` [batch, d],
 * L2-normalised; likewise for `item`.
 */
export function towerFile(s: GraphSettings, side: 'user' | 'item', params: Values): Uint8Array {
  const graph = towerGraph(s, side, 1);
  return onnxFile(graph, graph.outputs, { params });
}
