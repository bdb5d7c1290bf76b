import { openExecutor } from '@duet/artifact';
import { connect, runService } from '@duet/db';
import { openServing } from '@duet/serving';
import { createServer } from './server.ts';

/** Requests under way when no further one is taken have this long. */
const lastMs = 10_000;

/** Limit of what no request waits for: a catalogue of millions of items takes most of a minute to read. */
const readMs = 300_000;
/**
 * Limit of a look at the keys: longer than a request waits for one, since a connection that is cut has to be made anew.
 */
const keyMs = 2_000;

await runService(
  'retrieval',
  async ({ config, logger, db, opened }) => {
    const keyDb = opened.use(await connect(db.url, { max: 2, timeoutMs: keyMs }));
    const executor = await openExecutor(config);
    const serving = opened.use(await openServing({ db, dataDir: config.dataDir, executor, logger }));
    const server = opened.use(await createServer({ config, logger, db, keyDb, serving }));

    const stopped = Promise.withResolvers<string>();
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, stopped.resolve);
    // A supervisor that is gone cannot stop this process, nor need it.
    process.on('disconnect', () => stopped.resolve('the supervisor left'));

    const url = await server.listen();
    logger.info({ url, executor: executor.reason, health: serving.health() }, 'ready');
    process.send?.({ ready: url });

    logger.info({ why: await stopped.promise }, 'stopping');
    setTimeout(() => {
      logger.error(`requests were still under way after ${lastMs} ms`);
      process.exit(1);
    }, config.drainMs + lastMs).unref();
  },
  { timeoutMs: readMs },
);
