export type { ListData } from './activity.ts';
export { boughtTogether, pairsOf } from './bought-together.ts';
export { popularIn, trendingIn, type Window } from './popular.ts';
