import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Config, DuetError } from '@duet/base';
import pg from 'pg';
import { z } from 'zod';
import { canEnter, findBinaries, outsideFolder, serverAccount } from './binaries.ts';
import { locked } from './lock.ts';
import { answers, initialise, isAlive, launch, type RunningServer, runningPid, serverUser } from './server.ts';

/** What `<dataDir>/postgres.json` keeps: how to reach the embedded server, where its data lies, whose process it is. */
const noteSchema = z.object({ url: z.url(), folder: z.string(), owner: z.int().positive().optional() });
type Note = z.infer<typeof noteSchema>;

export interface Postgres extends AsyncDisposable {
  url: string;
  embedded: boolean;
  /** Of the server: "18.4". */
  version: string;
  /** Settles when the server that this process started has ended, stopped or by itself. */
  ended?: Promise<void>;
}

const ownFolder = (config: Config) => path.join(config.dataDir, 'postgres');
const noteOf = (config: Config) => path.join(config.dataDir, 'postgres.json');

async function readNote(config: Config): Promise<Note | undefined> {
  const file = noteOf(config);
  if (!existsSync(file)) return undefined;
  try {
    const note = noteSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    // A data folder that was moved or copied brings its own data, whatever the note says of where they were.
    const own = ownFolder(config);
    return existsSync(path.join(own, 'PG_VERSION')) ? { ...note, folder: own } : note;
  } catch (cause) {
    throw new DuetError('corrupt', 'It does not hold the url and folder of the embedded PostgreSQL.', {
      where: { file },
      fix: 'Restore it: it has the only copy of the database password.',
      cause,
    });
  }
}

async function writeNote(config: Config, note: Note): Promise<void> {
  const file = noteOf(config);
  await writeFile(`${file}.tmp`, `${JSON.stringify(note, undefined, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.tmp`, file);
}

/** The embedded server when it runs already, which another process then owns. It ends with that process. */
async function findRunning(note: Note): Promise<Postgres | undefined> {
  if ((await runningPid(note.folder)) === undefined) return undefined;
  if (note.owner !== undefined && !isAlive(note.owner)) return undefined;
  const version = await answers(note.url);
  return version === undefined
    ? undefined
    : { url: note.url, embedded: true, version, [Symbol.asyncDispose]: async () => {} };
}

/**
 * PostgreSQL for this process: the one at `config.databaseUrl`; else the embedded server of the data folder, which this
 * process joins where it runs, and else starts (made the first time) and stops on dispose.
 *
 * @throws DuetError `unavailable` when it does not answer or start, `conflict` when its port is taken or its data were
 *   made by another major version
 */
export async function startPostgres(config: Config): Promise<Postgres> {
  if (config.databaseUrl !== undefined) {
    const version = await answers(config.databaseUrl);
    if (version === undefined) throw await unreachable(config.databaseUrl);
    return { url: config.databaseUrl, embedded: false, version, [Symbol.asyncDispose]: async () => {} };
  }
  await mkdir(config.dataDir, { recursive: true });
  return locked(path.join(config.dataDir, 'postgres.lock'), async () => {
    let note = await readNote(config);
    if (note) {
      // One that does not answer, or has lost its owner, is on its way down: wait for its end.
      for (const since = Date.now(); (await runningPid(note.folder)) !== undefined; await pause(50)) {
        const running = await findRunning(note);
        if (running) return running;
        if (Date.now() - since > 60_000) {
          throw new DuetError('unavailable', 'The embedded PostgreSQL runs but has not answered for a minute.', {
            where: { file: path.join(note.folder, 'server.log') },
          });
        }
      }
    }
    const account = serverAccount();
    const binaries = await findBinaries(account);
    const password = note ? new URL(note.url).password : randomBytes(18).toString('base64url');
    const url = `postgresql://${serverUser}:${password}@127.0.0.1:${config.postgresPort}/duet`;
    if (note && existsSync(note.folder)) {
      const made = (await readFile(path.join(note.folder, 'PG_VERSION'), 'utf8').catch(() => '?')).trim();
      if (made !== binaries.major) {
        throw new DuetError(
          'conflict',
          `The database was made by PostgreSQL ${made}, and this Duet brings PostgreSQL ${binaries.major}.`,
          {
            where: { file: note.folder },
            fix: 'Dump it with the old version (pg_dump) and load it into the new, or begin anew with npm start -- --fresh.',
          },
        );
      }
    } else {
      const folder = await emptyFolder(config, account);
      await initialise(binaries, account, folder, password);
      note = { url, folder };
      await writeNote(config, note);
    }
    const { folder } = note;
    const server = await launchOnceFree(() => launch(binaries, account, folder, url.replace(/duet$/, 'postgres')));
    try {
      await ensureDatabase(url);
      await writeNote(config, { ...note, url, owner: process.pid });
      const version = await answers(url);
      if (version === undefined) throw await unreachable(url);
      return { url, embedded: true, version, ended: server.ended, [Symbol.asyncDispose]: server.stop };
    } catch (error) {
      await server.stop();
      throw error;
    }
  });
}

/** After a kill -9 of the server, a busy session of it can outlive it for a while, and a new server must wait for that. */
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

/** Where new data go: under the data folder if the server's user can get there. Data without a note are kept aside. */
async function emptyFolder(config: Config, account: ReturnType<typeof serverAccount>): Promise<string> {
  let folder = ownFolder(config);
  if (!canEnter(config.dataDir, account)) {
    const id = createHash('sha256').update(config.dataDir).digest('hex').slice(0, 12);
    folder = path.join(outsideFolder, id);
    await mkdir(outsideFolder, { recursive: true });
    await chmod(outsideFolder, 0o755);
  }
  if (existsSync(folder)) {
    await rm(`${folder}.previous`, { recursive: true, force: true });
    await rename(folder, `${folder}.previous`);
  }
  return folder;
}

async function ensureDatabase(url: string): Promise<void> {
  const name = new URL(url).pathname.slice(1);
  const client = new pg.Client({ connectionString: url.replace(/[^/]*$/, 'postgres') });
  await client.connect();
  try {
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}

/** Why a server does not let this process in, without the password. */
async function unreachable(url: string): Promise<DuetError> {
  const { hostname, port, pathname } = new URL(url);
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  client.on('error', () => {});
  const cause = await client.connect().then(
    () => undefined,
    (error: Error) => error,
  );
  await client.end().catch(() => {});
  const reason = cause instanceof AggregateError ? cause.errors.map(String).join('; ') : cause?.message;
  return new DuetError(
    'unavailable',
    `PostgreSQL at ${hostname}:${port || 5432}${pathname} does not answer: ${reason}.`,
    {
      fix: 'Check DATABASE_URL, or unset it to use the embedded server.',
      cause,
    },
  );
}
