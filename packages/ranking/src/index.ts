export { describeCandidates, type ItemFacts, itemFacts, withCatalogue } from './describe.ts';
export { fitLogistic } from './logistic.ts';
export { userProfile } from './profile.ts';
export { parseRanker, type RankerParameters, rank } from './rank.ts';
export { trainRanker } from './train.ts';
