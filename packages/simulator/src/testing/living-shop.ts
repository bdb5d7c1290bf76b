import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { repositoryRoot } from '@duet/base';
import { createDuetClient, type DuetClient } from '@duet/client';
import { createApiKey } from '@duet/db';
import { freePort } from '@duet/db/testing';
import { changeRegisteredModel, queueRefresh } from '@duet/pipeline/control';
import { createTinyShop, type TinyShop } from '@duet/ranking/testing';
import { buildModelIndex } from '@duet/serving';

/** A refresh as its row tells it, each time that it is written. */
interface RefreshNotice {
  id: string;
  stage: string;
  status: 'queued' | 'running' | 'done' | 'failed';
}

/** A small shop whose retrieval service and worker are processes of their own, over one database and data folder. */
export interface LivingShop extends AsyncDisposable, Pick<TinyShop, 'db' | 'dataDir' | 'datasetId'> {
  client: DuetClient;
  /** Ids of the registered models, by name. */
  models: Record<'dat' | 'two-tower', string>;
  /** The shop's server, which writes. */
  erp: Pick<DuetClient, 'items'>;
  /**
   * Has the worker refresh a model. @param heard is told of each change of the refresh's row, as it is committed
   *
   * @returns the refresh's id, once it is over
   */
  refresh(registeredModelId: string, heard: (notice: RefreshNotice) => Promise<void>): Promise<string>;
  /** kill -9 of the worker, and a new one, which takes over the job of the old one. */
  killWorker(): Promise<void>;
}

/** Has PostgreSQL tell of refreshes as they are written down, so that nobody has to look again and again. */
const tellRefreshes = `
  CREATE FUNCTION tell_refresh() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    PERFORM pg_notify('refreshes', json_build_object('id', NEW.id, 'stage', NEW.stage, 'status', NEW.status)::text);
    RETURN NEW;
  END $$;
  CREATE TRIGGER tell_refresh AFTER UPDATE ON "RefreshRun" FOR EACH ROW EXECUTE FUNCTION tell_refresh()`;

/**
 * Fifty items are almost half of this catalogue, so that a hit among them says little; and lists of a small shop change
 * much from night to night.
 */
const gate = { metric: 'MRR', margin: 0.3, overlap: 0.02, shadow: 20 } as const;

/** Opens the shop, with both services; its registered models are promoted by their gate alone. */
export async function openLivingShop(): Promise<LivingShop> {
  await using opened = new AsyncDisposableStack();
  const shop = opened.use(await createTinyShop());
  const { db, dataDir, datasetId } = shop;
  for (const modelId of [shop.twoTower, shop.dat]) await buildModelIndex(shop, { modelId });
  const registered = await db.prisma.registeredModel.findMany({ where: { datasetId } });
  for (const { id } of registered) await changeRegisteredModel(db, id, { gate, fullEvery: 1000 }, { actor: 'test' });
  await db.pool.query(tellRefreshes);
  const key = async (name: string, scopes: ('retrieve' | 'events' | 'orders' | 'write')[]) =>
    (await createApiKey(db, { name, datasetId, scopes, rateLimit: 10_000, rateBurst: 10_000 }, { actor: 'test' })).key;
  const [apiKey, writeKey] = [await key('shop', ['retrieve', 'events', 'orders']), await key('erp', ['write'])];

  const port = await freePort();
  const env = {
    ...process.env,
    DATABASE_URL: db.url,
    DUET_DATA_DIR: dataDir,
    DUET_RETRIEVAL_PORT: String(port),
    DUET_LOG_LEVEL: 'error',
    DUET_WORKER_METRICS_PORT: '',
    NODE_TEST_CONTEXT: undefined,
  };
  const start = async (app: string): Promise<ChildProcess> => {
    const main = path.join(repositoryRoot(), `apps/${app}/src/main.ts`);
    const child = fork(main, { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`${app} ended with ${code} before it was ready.`);
    });
    await Promise.race([once(child, 'message'), ended]);
    ended.catch(() => {});
    return child;
  };
  const end = async (child: ChildProcess, signal: NodeJS.Signals) => {
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  };
  const retrieval = await start('retrieval');
  opened.defer(() => end(retrieval, 'SIGTERM'));
  let worker = await start('worker');
  opened.defer(() => end(worker, 'SIGTERM'));

  const url = `http://127.0.0.1:${port}`;
  const erp = createDuetClient({ url, apiKey: writeKey });
  const client = createDuetClient({ url, apiKey, events: { batchSize: 500, flushAfterMs: 50 } });
  opened.defer(() => Promise.all([client.close(), erp.close()]).then(() => undefined));
  const owned = opened.move();
  return {
    ...{ db, dataDir, datasetId, client, erp },
    models: Object.fromEntries(registered.map(({ name, id }) => [name, id])) as LivingShop['models'],
    async refresh(id, heard) {
      const listener = await db.pool.connect();
      try {
        await listener.query('LISTEN refreshes');
        const { promise: over, resolve, reject } = Promise.withResolvers<string>();
        listener.on('notification', ({ payload }) => {
          const notice = JSON.parse(payload!) as RefreshNotice;
          heard(notice).then(() => {
            if (notice.status === 'done' || notice.status === 'failed') resolve(notice.id);
          }, reject);
        });
        await queueRefresh(db, { id, datasetId }, { actor: 'schedule' });
        return await over;
      } finally {
        listener.release(true);
      }
    },
    async killWorker() {
      await end(worker, 'SIGKILL');
      worker = await start('worker');
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
