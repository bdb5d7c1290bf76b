/** The steps of a training and of its judgement, each by itself: for the benches, which time them and judge by them. */
export { Assembly } from './batches/assembly.ts';
export { LearningTable } from './batches/learning-table.ts';
export { allItems, collectPositives } from './batches/positives.ts';
export { loadTrainingData } from './data.ts';
export { listMetrics, userMetrics } from './evaluation/metrics.ts';
export { buildFeatures } from './features/build-features.ts';
export { trialSplit } from './tuning/trial.ts';
