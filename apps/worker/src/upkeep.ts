import path from 'node:path';
import { backUpIfDue } from '@duet/backup';
import { type Config, DuetError, type Logger } from '@duet/base';
import { clearAbandonedDrafts, clearImportRuns } from '@duet/datasets';
import { type Database, enqueue, failUnqueuedRuns } from '@duet/db';
import {
  applyStopRules,
  dropOldAnswerCounts,
  dropOldEvents,
  type Metric,
  purgeEvents,
  rollUpOpen,
} from '@duet/experiments';
import {
  alertOfRule,
  deliverAlerts,
  dueFolds,
  dueModels,
  failCutRefreshes,
  queueRefresh,
  settleRules,
  watchDueHealth,
} from '@duet/pipeline';
import { failAbandonedRuns } from '@duet/trainer';

interface UpkeepContext {
  db: Database;
  config: Pick<Config, 'dataDir' | 'backupDir' | 'backupHours' | 'backupKeep'>;
  metrics: readonly Metric[];
  logger: Logger;
}

/** What came of it; undefined where another worker did the same a moment ago. */
const unlessConflict = <T>(work: Promise<T>): Promise<T | undefined> =>
  work.catch((error) => {
    if (error instanceof DuetError && error.code === 'conflict') return undefined;
    throw error;
  });

/**
 * What the worker does each minute beside its jobs, from now until it is disposed: clears what killed processes have
 * left, counts events into the experiments' sums, deletes old ones, applies the rules that stop experiments, looks at
 * the health of datasets each hour, delivers alerts, queues the folds and refreshes that are due, and makes the backups
 * that are.
 */
export async function keepUp({ db, config, metrics, logger }: UpkeepContext): Promise<Disposable> {
  const { dataDir, backupDir, backupHours, backupKeep } = config;
  const stopping = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  /** Does the work now and each minute from then on, never twice at once. */
  const eachMinute = (what: string, work: () => Promise<void>) => {
    let under = false;
    const tick = async () => {
      if (under) return;
      under = true;
      await work().catch((err) => logger.error({ err }, `could not ${what}`));
      under = false;
    };
    timers.push(setInterval(tick, 60_000));
    return tick();
  };
  await eachMinute('look for abandoned work', async () => {
    const abandoned = await failAbandonedRuns(db);
    if (abandoned > 0) logger.warn({ abandoned }, 'training runs were marked as failed: nobody works on them');
    const lost = await failUnqueuedRuns(db);
    if (lost > 0) logger.warn({ lost }, 'training runs were marked as failed: no job will begin them');
    const cut = await failCutRefreshes(db);
    if (cut > 0) logger.warn({ cut }, 'refreshes were marked as failed: nobody works on them');
    const drafts = await clearAbandonedDrafts({ db, dataDir });
    if (drafts > 0) logger.warn({ drafts }, 'what killed imports have left was removed');
    const imports = await clearImportRuns({ db, dataDir });
    if (imports.lost + imports.removed > 0)
      logger.warn(imports, 'imports were marked as failed, and old uploads removed');
  });
  void eachMinute('roll up experiments', async () => {
    for (const { error, ...rolledUp } of await rollUpOpen(db)) {
      if (error) logger.error({ err: error, ...rolledUp }, 'an experiment could not be rolled up');
      else if (rolledUp.events > 0) logger.info(rolledUp, 'rolled up');
    }
    const days = await dropOldEvents(db);
    if (days.length > 0) logger.info({ days }, 'events were deleted: they are older than what is kept');
  });
  let purgedAt = -Infinity;
  void eachMinute('delete events of types that are kept for fewer days', async () => {
    if (performance.now() - purgedAt < 3_600_000) return;
    for (const purged of await purgeEvents(db))
      logger.info(purged, 'events were deleted: their type is kept no longer');
    purgedAt = performance.now();
  });
  void eachMinute('look at the running experiments', async () => {
    for (const { says, ...applied } of await applyStopRules(db, { metrics })) {
      logger.warn(applied, says);
      await alertOfRule(db, { says, ...applied });
    }
    await settleRules(db);
  });
  void eachMinute('look at the health of the datasets', async () => {
    await watchDueHealth(db);
    await dropOldAnswerCounts(db);
  });
  void eachMinute('deliver alerts', async () => {
    for (const { ok, ...delivery } of await deliverAlerts(db)) {
      if (ok) logger.info(delivery, 'an alert was delivered');
      else logger.warn(delivery, 'an alert could not be delivered');
    }
  });
  void eachMinute('look for refreshes that are due', async () => {
    for (const { registered, running } of await dueModels(db, new Date())) {
      if (running) {
        logger.warn({ model: registered.name }, 'its schedule is due while its last refresh still runs: passed over');
        continue;
      }
      const queued = await unlessConflict(queueRefresh(db, registered, { actor: 'schedule' }));
      if (queued !== undefined) logger.info({ model: registered.name }, 'its refresh is due: queued');
    }
  });
  void eachMinute('look for events that are to become data', async () => {
    for (const { id: datasetId, name } of await dueFolds(db, new Date())) {
      const queued = await unlessConflict(enqueue(db, { kind: 'fold', datasetId }));
      if (queued !== undefined) logger.info({ dataset: name }, 'its events are to become data: queued');
    }
  });
  if (backupDir !== undefined) {
    void eachMinute('back up', async () => {
      const schedule = { folder: path.resolve(backupDir), everyHours: backupHours, keep: backupKeep };
      const made = await backUpIfDue({ db, dataDir, signal: stopping.signal }, schedule);
      if (made !== undefined) logger.info(made, 'backed up');
      for (const folder of made?.missing ?? []) logger.warn({ folder }, 'the database names it, and it is not there');
    });
  }
  return {
    [Symbol.dispose]() {
      stopping.abort();
      for (const timer of timers) clearInterval(timer);
    },
  };
}
