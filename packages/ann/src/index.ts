export { annEngines } from './engines.ts';
export { chooseFactory } from './factory.ts';
export { type Measurement, measureIndex } from './measure.ts';
export { buildIndex, readIndex } from './open.ts';
export { searchBest } from './search-best.ts';
export type { VectorIndex } from './vector-index.ts';
