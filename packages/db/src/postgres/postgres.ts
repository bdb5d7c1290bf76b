import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Config, DuetError, identify, isAlive, openDataFolder } from '@duet/base';
import pg from 'pg';
import { findBinaries, serverAccount } from './binaries.ts';
import { type Note, openCluster, readNote, requireNoData, urlOfCluster, withCluster, writeNote } from './cluster.ts';
import { answers, launch, type RunningServer, runningPid, versionOf } from './server.ts';

export interface Postgres extends AsyncDisposable {
  url: string;
  embedded: boolean;
  /** Of the server: "18.4". */
  version: string;
  /** The embedded server's log. */
  log?: string;
  /** Settles when the server that this process started has ended, stopped or by itself. */
  ended?: Promise<void>;
}

/** The embedded server when it runs already, which another process then owns. It ends with that process. */
async function findRunning(note: Note): Promise<Postgres | undefined> {
  if ((await runningPid(note.folder)) === undefined) return undefined;
  if (note.owner !== undefined && !isAlive(identify(note.owner))) return undefined;
  const version = await answers(note.url);
  return version === undefined
    ? undefined
    : { url: note.url, embedded: true, version, [Symbol.asyncDispose]: async () => {} };
}

/**
 * PostgreSQL for this process: the one at `config.databaseUrl`; else the embedded server of the data folder, which this
 * process joins where it runs, and else starts (made the first time) and stops on dispose.
 *
 * @throws DuetError `unavailable` when it does not answer or start, `conflict` when its port is taken, and as
 *   {@link openCluster}
 */
export async function startPostgres(config: Config): Promise<Postgres> {
  if (config.databaseUrl !== undefined) {
    const version = await reach(config.databaseUrl);
    return { url: config.databaseUrl, embedded: false, version, [Symbol.asyncDispose]: async () => {} };
  }
  openDataFolder(config.dataDir);
  return withCluster(config, async () => (await joinRunning(config)) ?? (await startOwn(config)));
}

/** The server that runs already. One that does not answer, or has lost its owner, is on its way down: waited for. */
async function joinRunning(config: Config): Promise<Postgres | undefined> {
  const note = await readNote(config);
  if (note === undefined) return undefined;
  for (const since = Date.now(); (await runningPid(note.folder)) !== undefined; await pause(50)) {
    const running = await findRunning(note);
    if (running) return running;
    if (Date.now() - since > 60_000) {
      throw new DuetError('unavailable', 'The embedded PostgreSQL runs but has not answered for a minute.', {
        where: { file: path.join(note.folder, 'server.log') },
      });
    }
  }
  return undefined;
}

async function startOwn(config: Config): Promise<Postgres> {
  const account = serverAccount();
  const binaries = await findBinaries(account);
  const note = await openCluster(config, account, binaries);
  const url = urlOfCluster(config, new URL(note.url).password);
  const server = await launchOnceFree(() => launch(binaries, account, note.folder, url.replace(/duet$/, 'postgres')));
  try {
    await ensureDatabase(config, url);
    await writeNote(config, { ...note, url, owner: process.pid });
    const version = await reach(url);
    const log = path.join(note.folder, 'server.log');
    return { url, embedded: true, version, log, ended: server.ended, [Symbol.asyncDispose]: server.stop };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/**
 * After a kill -9 of the server, a busy session of it can outlive it for a while, and a new server must wait for that.
 */
async function launchOnceFree(start: () => Promise<RunningServer>): Promise<RunningServer> {
  for (const since = Date.now(); ; await pause(200)) {
    try {
      return await start();
    } catch (error) {
      const busy = error instanceof DuetError && error.message.includes('shared memory block');
      if (!busy || Date.now() - since > 60_000) throw error;
    }
  }
}

async function ensureDatabase({ dataDir }: Config, url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  const client = new pg.Client({ connectionString: url.replace(/[^/]*$/, 'postgres') });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount !== 0) return;
    await requireNoData(dataDir, `its PostgreSQL has no database "${name}"`);
    await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

/** @throws DuetError `unavailable` saying why a server does not let this process in, without the password */
async function reach(url: string): Promise<string> {
  return versionOf(url).catch((cause: Error) => {
    const { hostname, port, pathname } = new URL(url);
    const reason = cause instanceof AggregateError ? cause.errors.map(String).join('; ') : cause.message;
    const what = `PostgreSQL at ${hostname}:${port || 5432}${pathname} does not answer: ${reason}.`;
    throw new DuetError('unavailable', what, {
      fix: 'Check DATABASE_URL, or unset it to use the embedded server.',
      cause,
    });
  });
}
