export { type BackupResult, backUp } from './backup.ts';
export { checkBackup, type RestoreResult, restore } from './restore.ts';
export { backUpIfDue } from './schedule.ts';
