import { openExecutor } from '@duet/artifact';
import { importResources } from '@duet/datasets';
import { openJobQueue, runService } from '@duet/db';
import { readMetrics } from '@duet/experiments';
import { jobHandlers } from './handlers.ts';
import { serveMetrics } from './metrics.ts';
import { keepUp } from './upkeep.ts';

await runService('worker', async ({ config, logger, db, opened }) => {
  const { dataDir, checkpointMinutes } = config;
  const executor = await openExecutor(config);
  logger.info({ executor: executor.name }, executor.reason);
  const metrics = await readMetrics(config.metricsFile);
  const queue = opened.use(await openJobQueue(db, { onError: (err) => logger.error({ err }, 'the job queue') }));
  opened.use(await keepUp({ db, config, metrics, logger }));
  if (config.workerMetricsPort !== undefined) {
    opened.use(await serveMetrics({ db, logger }, { host: config.host, port: config.workerMetricsPort }));
  }
  await queue.work(jobHandlers({ db, dataDir, imports: importResources(config), checkpointMinutes, executor, logger }));
  logger.info('waiting for jobs');
  process.send?.('ready');

  const reason = await new Promise<string>((stop) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, stop);
    // The supervisor that started this process is gone.
    if (process.send) process.once('disconnect', () => stop('disconnect'));
  });
  logger.info({ reason }, 'stopping: running jobs are handed back to the queue');
});
