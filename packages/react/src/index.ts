export { DuetProvider, type DuetProviderProps, useDuet } from './duet-provider.tsx';
export type { ListInput, ListName, ListOf } from './lists.ts';
export { NotInterested, type NotInterestedProps } from './not-interested.tsx';
export { Recommendations, type RecommendationsProps } from './recommendations.tsx';
export type { Touch } from './shown.ts';
export { ShownList, type ShownListProps, useShownItem } from './shown-list.tsx';
export { type UseRecommendations, useRecommendations } from './use-recommendations.ts';
