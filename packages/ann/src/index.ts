export { type Candidate, type ChosenIndex, chooseIndex } from './choose.ts';
export { annEngines, engineInUse } from './engines.ts';
export { buildIndex, readIndex } from './open.ts';
export { searchBest } from './search-best.ts';
export type { Neighbours, SearchOptions, VectorIndex } from './vector-index.ts';
