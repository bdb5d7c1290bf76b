import { flushCompileCache } from 'node:module';
import { type Config, createLogger, DuetError, fileFault, type Logger, loadConfig, openDataFolder } from '@duet/base';
import { type ConnectOptions, type Database, openDatabase } from './database.ts';
import { databaseFault } from './faults.ts';
import { requireOneInstallation } from './installation.ts';
import { requireMigrated } from './migrate.ts';

/** What every service works with, closed in reverse order once its work is done. */
export interface Service {
  config: Config;
  logger: Logger;
  db: Database;
  opened: AsyncDisposableStack;
}

/** What was compiled at the start is kept once a service has worked for so long: one that is killed keeps nothing. */
const compiledMs = 2_000;

/**
 * The life of a service's process: its settings, its database (which must be migrated, and its data folder's own), its
 * work, its end. What it fails with is one sentence on stderr where a setting, a file or the database is why, and the
 * whole error otherwise.
 */
export async function runService(
  name: string,
  work: (service: Service) => Promise<void>,
  options?: ConnectOptions,
): Promise<never> {
  try {
    const config = loadConfig();
    openDataFolder(config.dataDir);
    await using opened = new AsyncDisposableStack();
    const db = opened.use(await openDatabase(config, options));
    await requireMigrated(db);
    await requireOneInstallation(db, config.dataDir);
    setTimeout(flushCompileCache, compiledMs).unref();
    await work({ config, logger: createLogger(config, name), db, opened });
  } catch (error) {
    const known = error instanceof DuetError ? error : (databaseFault(error) ?? fileFault(error));
    console.error(known?.message ?? error);
    process.exit(1);
  }
  // A native library may hold a thread: the work is done, so the process ends.
  process.exit(0);
}
