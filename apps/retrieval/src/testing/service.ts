import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { loadConfig } from '@duet/base';
import { connect, createApiKey, type Database, migrate, startPostgres } from '@duet/db';
import { freePort } from '@duet/db/testing';

export interface Service extends AsyncDisposable {
  url: string;
  /** A key with every scope. */
  apiKey: string;
  db: Database;
  /** kill -9 of the service, and a new one at the same address. */
  killService(): Promise<void>;
  /** kill -9 of PostgreSQL, its sessions too, and a new server over the same files. */
  killPostgres(): Promise<void>;
}

/**
 * The retrieval service in a process of its own, over a PostgreSQL of its own that writes to the disk as in earnest.
 */
export async function openService(): Promise<Service> {
  await using opened = new AsyncDisposableStack();
  const dataDir = await mkdtemp(path.join(tmpdir(), 'duet-service-'));
  opened.defer(() => rm(dataDir, { recursive: true, force: true }));
  const port = await freePort();
  const env = {
    DUET_DATA_DIR: dataDir,
    DUET_POSTGRES_PORT: String(await freePort()),
    DUET_RETRIEVAL_PORT: String(port),
    DUET_LOG_LEVEL: 'silent',
  };
  const config = loadConfig(env);
  let postgres = await startPostgres(config);
  opened.defer(() => postgres[Symbol.asyncDispose]());
  const db = opened.use(await connect(postgres.url));
  await migrate(db);
  const { key } = await createApiKey(db, { name: 'test', scopes: ['admin'] });

  const main = path.join(import.meta.dirname, '../main.ts');
  const start = async (): Promise<ChildProcess> => {
    const inherited = { ...process.env, NODE_TEST_CONTEXT: undefined, DATABASE_URL: postgres.url };
    const child = fork(main, { env: { ...inherited, ...env }, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`The service ended with ${code} before it was ready.`);
    });
    await Promise.race([once(child, 'message'), ended]);
    ended.catch(() => {});
    return child;
  };
  const kill = async (child: ChildProcess) => {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  let child = await start();
  opened.defer(() => kill(child));

  const resources = opened.move();
  return {
    url: `http://127.0.0.1:${port}`,
    apiKey: key,
    db,
    async killService() {
      await kill(child);
      child = await start();
    },
    async killPostgres() {
      const { folder } = JSON.parse(await readFile(path.join(dataDir, 'postgres.json'), 'utf8'));
      process.kill(Number.parseInt(await readFile(path.join(folder, 'postmaster.pid'), 'utf8'), 10), 'SIGKILL');
      await postgres.ended;
      postgres = await startPostgres(config);
    },
    [Symbol.asyncDispose]: () => resources[Symbol.asyncDispose](),
  };
}
