export { urlOf } from './address.ts';
export { type Config, loadConfig, repositoryRoot, secretSettings, settings } from './config.ts';
export { DuetError, type ErrorCode, type ErrorPlace } from './error.ts';
export { createLogger, type Logger } from './log.ts';
export { type Progress, type ProgressUpdate, silent } from './progress.ts';
export { readOrMakeSecret, readSecret, writeSecret } from './secrets.ts';
export { inSlices } from './slices.ts';
export { formatSeconds, reportProgress, terminalProgress } from './terminal.ts';
