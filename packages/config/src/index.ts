export { DuetError, type ErrorCode, type ErrorPlace } from './error.ts';
export { type Progress, type ProgressUpdate, silent } from './progress.ts';
