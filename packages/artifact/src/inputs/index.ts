export { type Bags, historyBags, selectBags, sequenceBags, singleBags } from './bags.ts';
export { type ContextFeature, contextPrefix, momentTerms, situationReader } from './context.ts';
export { ahead, EmbeddingTable, warm } from './embedding-table.ts';
export {
  asEntities,
  type Entities,
  entitiesOf,
  hideUntrained,
  noRow,
  stranger,
  withId,
  withoutId,
} from './entity.ts';
export { type Encoded, type Feature, type FeatureSpace, noFeatures } from './feature-space.ts';
export { type Gathered, gather, historyLengths } from './gather.ts';
export { distinctItems, type Histories, historyOf, userHistories } from './histories.ts';
export { itemItemTables, popularityTable } from './priors.ts';
export { shared, sharedFloats } from './shared-memory.ts';
export { bucketBounds, bucketOf, encodeTerms, maxTerms, sharedBags, type TermColumn, tokenize } from './terms.ts';
