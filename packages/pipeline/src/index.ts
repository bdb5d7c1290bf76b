export * from './control.ts';
export { type RefreshResult, refreshModel } from './refresh/refresh.ts';
