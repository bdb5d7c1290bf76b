export {
  type ApiKeyKind,
  type ApiScope,
  apiScope,
  apiScopes,
  createApiKey,
  isApiKey,
  type ListedApiKey,
  listApiKeys,
  type NewApiKey,
  noteKeyUse,
  publishableOrigins,
  publishableScopes,
  revokeApiKey,
  type VerifiedApiKey,
  verifyApiKey,
  workingApiKeys,
} from './api-keys.ts';
export { type Author, auditTrail, differenceOf, writeAudit } from './audit.ts';
export { type Connection, connect, type Database, isAway, openDatabase } from './database.ts';
export * from './generated/client.ts';
export { enqueue, type JobHandlers, type JobQueue, type JobRequest, openJobQueue } from './jobs.ts';
export { migrate } from './migrate.ts';
export { dropEventPartitions, ensureEventPartitions } from './partitions.ts';
export { type Postgres, startPostgres } from './postgres.ts';
export { signingSecret, signingSecrets } from './signing-secrets.ts';
