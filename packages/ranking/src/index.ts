export {
  type DescribedCandidates,
  Describer,
  type ItemFacts,
  itemFacts,
  type Purchases,
  type RetrievedRows,
  withCatalogue,
} from './describe.ts';
export { diversify } from './diversify.ts';
export { fitLogistic, sigmoid } from './logistic.ts';
export { type UserProfile, userProfile } from './profile.ts';
export { parseRanker, type Ranked, Ranker, type RankerParameters } from './rank.ts';
export { type Reason, reasonFor } from './reason.ts';
export { RowPlaces } from './row-places.ts';
export { factorOf, type RankingRule, type RulesInForce, rulesInForce, withPins } from './rules.ts';
export { trainRanker } from './train.ts';
