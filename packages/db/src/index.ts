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
export { type Connection, connect, type Database, openDatabase } from './database.ts';
export { fingerprintOf, type Person, recentErasures } from './erasures.ts';
export { databaseFault, isAway } from './faults.ts';
export * from './generated/client.ts';
export { holdLock } from './hold.ts';
export { beginInstallation, requireOneInstallation } from './installation.ts';
export { enqueue, failUnqueuedRuns, type JobHandlers, type JobQueue, type JobRequest, openJobQueue } from './jobs.ts';
export { migrate, requireMigrated } from './migrate.ts';
export { dropEventPartitions, ensureEventPartitions, isoDay } from './partitions.ts';
export { clusterFolders, contentsOf, readNote as readPostgresNote, repairCluster } from './postgres/cluster.ts';
export { type Postgres, startPostgres } from './postgres/postgres.ts';
export { runService, type Service } from './service.ts';
export { signingSecret, signingSecrets } from './signing-secrets.ts';
export { isStorable, unstorableReason } from './storable.ts';
