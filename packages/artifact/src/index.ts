export { type Artifact, modelFolder, readArtifact, type TrainedBy, writeArtifact } from './artifact.ts';
export { Encoder, type UserEncoder } from './encoder.ts';
export { type ChosenExecutor, openExecutor } from './executor.ts';
export { exportTowers } from './export-towers.ts';
export { factorEncoder, weighed } from './factor-encoder.ts';
export type { ItemDescription, ItemTower } from './item-tower.ts';
export { type EncodeRequest, type LoadedModel, openModel } from './open-model.ts';
export { loadSafetensors, type NamedTensor, saveSafetensors, type TensorData } from './safetensors.ts';
