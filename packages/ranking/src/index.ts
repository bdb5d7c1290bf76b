export { describeCandidates, type ItemFacts, itemFacts } from './describe.ts';
export { type UserProfile, userProfile } from './profile.ts';
export { parseRanker, type Ranked, type RankerParameters, rank } from './rank.ts';
export { type RankerMetrics, trainRanker } from './train.ts';
