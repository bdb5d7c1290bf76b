export { type Candidate, type ChosenIndex, chooseIndex } from './choose.ts';
export { annEngines, engineInUse } from './engines.ts';
export { buildIndex, readIndex } from './open.ts';
export { searchBest } from './search-best.ts';
export { areSearchable, type Neighbours, type SearchOptions, type VectorIndex } from './vector-index.ts';
