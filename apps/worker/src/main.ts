import { openExecutor } from '@duet/artifact';
import { createLogger, loadConfig } from '@duet/base';
import { clearAbandonedDrafts, importResources } from '@duet/datasets';
import { openDatabase, openJobQueue } from '@duet/db';
import { applyStopRules, dropOldEvents, readMetrics, rollUpOpen } from '@duet/experiments';
import { failAbandonedRuns } from '@duet/trainer';
import { jobHandlers } from './handlers.ts';

const config = loadConfig();
const logger = createLogger(config, 'worker');

await using opened = new AsyncDisposableStack();
const db = opened.use(await openDatabase(config));
const executor = await openExecutor(config);
logger.info({ executor: executor.name }, executor.reason);

/** Does the work now and each minute from then on, never twice at once. */
const eachMinute = (what: string, work: () => Promise<void>) => {
  let under = false;
  const tick = async () => {
    if (under) return;
    under = true;
    await work().catch((err) => logger.error({ err }, `could not ${what}`));
    under = false;
  };
  const timer = setInterval(tick, 60_000);
  opened.defer(() => clearInterval(timer));
  return tick();
};
await eachMinute('look for abandoned runs', async () => {
  const drafts = await clearAbandonedDrafts({ db, dataDir: config.dataDir });
  if (drafts > 0) logger.warn({ drafts }, 'what killed imports have left was removed');
  const abandoned = await failAbandonedRuns(db);
  if (abandoned > 0) logger.warn({ abandoned }, 'training runs were marked as failed: nobody works on them');
});
void eachMinute('roll up experiments', async () => {
  for (const { error, ...rolledUp } of await rollUpOpen(db)) {
    if (error) logger.error({ err: error, ...rolledUp }, 'an experiment could not be rolled up');
    else if (rolledUp.events > 0) logger.info(rolledUp, 'rolled up');
  }
  const days = await dropOldEvents(db);
  if (days.length > 0) logger.info({ days }, 'events were deleted: they are older than what is kept');
});

const metrics = await readMetrics(config.metricsFile);
void eachMinute('look at the running experiments', async () => {
  for (const { says, ...applied } of await applyStopRules(db, { metrics })) logger.warn(applied, says);
});

const queue = opened.use(await openJobQueue(db, { onError: (err) => logger.error({ err }, 'the job queue') }));
const { dataDir, checkpointMinutes } = config;
await queue.work(jobHandlers({ db, dataDir, imports: importResources(config), checkpointMinutes, executor, logger }));
logger.info('waiting for jobs');
process.send?.('ready');

const reason = await new Promise<string>((stop) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
  // The supervisor that started this process is gone.
  if (process.send) process.once('disconnect', () => stop('disconnect'));
});
logger.info({ reason }, 'stopping: running jobs are handed back to the queue');
await opened.disposeAsync();
process.exit();
