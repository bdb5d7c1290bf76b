import { createLogger, loadConfig } from '@duet/config';
import { openDatabase, openJobQueue } from '@duet/db';
import { failAbandonedRuns, openExecutor } from '@duet/trainer';
import { jobHandlers } from './handlers.ts';

const config = loadConfig();
const logger = createLogger(config, 'worker');

await using opened = new AsyncDisposableStack();
const db = opened.use(await openDatabase(config));
const executor = await openExecutor(config);
logger.info({ executor: executor.name }, executor.reason);

const sweep = async () => {
  const abandoned = await failAbandonedRuns(db);
  if (abandoned > 0) logger.warn({ abandoned }, 'training runs were marked as failed: nobody works on them');
};
await sweep();
const sweeping = setInterval(
  () => sweep().catch((err) => logger.error({ err }, 'could not look for abandoned runs')),
  60_000,
);
opened.defer(() => clearInterval(sweeping));

const queue = opened.use(await openJobQueue(db, { onError: (err) => logger.error({ err }, 'the job queue') }));
const { dataDir, checkpointMinutes } = config;
await queue.work(jobHandlers({ db, dataDir, checkpointMinutes, executor, logger }));
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
