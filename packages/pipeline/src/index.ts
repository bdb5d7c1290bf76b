export * from './control.ts';
export { dueFolds, foldAndTell } from './fold/due.ts';
export { type Folded, foldEvents, isFoldable } from './fold/fold.ts';
export { type RefreshResult, refreshModel } from './refresh/refresh.ts';
