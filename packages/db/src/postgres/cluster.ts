import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Config, DuetError } from '@duet/base';
import { z } from 'zod';
import { locked } from '../lock.ts';
import {
  type Account,
  type Binaries,
  canEnter,
  findBinaries,
  openOutsideFolder,
  outsideFolder,
  serverAccount,
} from './binaries.ts';
import { alterPassword, initialise, runningPid, serverUser } from './server.ts';

// The embedded server's data (PostgreSQL calls them a cluster) and the note by which a data folder knows them. The rule
// of this file: what may hold somebody's data is never replaced, moved or deleted; where something is missing, Duet
// refuses and says how to mend it.

/** What `<dataDir>/postgres.json` keeps: how to reach the embedded server, where its data lies, whose process it is. */
const noteSchema = z.object({ url: z.url(), folder: z.string(), owner: z.int().positive().optional() });
export type Note = z.infer<typeof noteSchema>;

const noteOf = ({ dataDir }: Pick<Config, 'dataDir'>) => path.join(dataDir, 'postgres.json');

/** Serialises everything that starts, makes or mends the embedded server of a data folder. */
export const withCluster = <T>({ dataDir }: Config, work: () => Promise<T>): Promise<T> =>
  locked(path.join(dataDir, 'postgres.lock'), work);

const newPassword = (): string => randomBytes(18).toString('base64url');

export const urlOfCluster = (config: Config, password: string): string =>
  `postgresql://${serverUser}:${password}@127.0.0.1:${config.postgresPort}/duet`;

/**
 * Where the embedded server's data of a data folder may lie: in it, or outside where the server's user (root starts it
 * as `postgres`) could not enter it.
 */
export function clusterFolders(dataDir: string): { own: string; outside: string } {
  const id = createHash('sha256').update(dataDir).digest('hex').slice(0, 12);
  return { own: path.join(dataDir, 'postgres'), outside: path.join(outsideFolder, id) };
}

const isCluster = (folder: string): boolean => existsSync(path.join(folder, 'PG_VERSION'));

/** The clusters of a data folder that are there, whatever its note says. */
const clustersOf = (dataDir: string): string[] => Object.values(clusterFolders(dataDir)).filter(isCluster);

const mend = 'npx duet database repair gives the database a new password and writes the file anew.';

/**
 * The note of a data folder, or undefined where there is none.
 *
 * @throws DuetError `corrupt` for one that cannot be read
 */
export async function readNote(config: Pick<Config, 'dataDir'>): Promise<Note | undefined> {
  const file = noteOf(config);
  if (!existsSync(file)) return undefined;
  try {
    const note = noteSchema.parse(JSON.parse(await readFile(file, 'utf8')));
    // A data folder that was moved or copied brings its own data, whatever the note says of where they were.
    const { own } = clusterFolders(config.dataDir);
    return isCluster(own) ? { ...note, folder: own } : note;
  } catch (cause) {
    throw new DuetError('corrupt', 'It does not hold the url and folder of the embedded PostgreSQL.', {
      where: { file },
      fix: `Restore it, for it has the only copy of the database password; or: ${mend}`,
      cause,
    });
  }
}

export async function writeNote(config: Config, note: Note): Promise<void> {
  const file = noteOf(config);
  await writeFile(`${file}.tmp`, `${JSON.stringify(note, undefined, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.tmp`, file);
}

/**
 * What lies in the data folder that only its own database can explain: "2 datasets and 5 models"; undefined: nothing.
 */
export async function contentsOf(dataDir: string): Promise<string | undefined> {
  const counts = await Promise.all(
    ['datasets', 'models'].map(async (kind) => {
      const entries = await readdir(path.join(dataDir, kind), { withFileTypes: true }).catch(() => []);
      const count = entries.filter((entry) => entry.isDirectory()).length;
      return count === 0 ? [] : [`${count} ${count === 1 ? kind.slice(0, -1) : kind}`];
    }),
  );
  return counts.flat().join(' and ') || undefined;
}

/**
 * Refuses to begin anew in a data folder that holds data.
 *
 * @throws DuetError `conflict`
 */
export async function requireNoData(dataDir: string, missing: string): Promise<void> {
  const contents = await contentsOf(dataDir);
  if (contents === undefined) return;
  throw new DuetError('conflict', `${dataDir} holds ${contents}, but ${missing}.`, {
    fix: 'Set DATABASE_URL if it was made with a database of yours, or restore the database from a backup (npx duet restore). To lose these data and begin anew: npm start -- --fresh.',
  });
}

/**
 * The note of the cluster that this data folder has, which is made where the folder is new.
 *
 * @throws DuetError `conflict` where there is a cluster and no note, data and no cluster, or a cluster of another major
 *   version; `corrupt` where the note cannot be read, or names a cluster that is not there
 */
export async function openCluster(config: Config, account: Account | undefined, binaries: Binaries): Promise<Note> {
  const note = await readNote(config);
  if (note === undefined) return makeCluster(config, account, binaries);
  if (!isCluster(note.folder)) {
    throw new DuetError('corrupt', 'The data of the embedded PostgreSQL, which postgres.json names, are not there.', {
      where: { file: note.folder },
      fix: `Put them back there or into ${clusterFolders(config.dataDir).own}, or restore a backup (npx duet restore). To begin anew: npm start -- --fresh.`,
    });
  }
  await requireMajor(note.folder, binaries);
  return note;
}

async function requireMajor(folder: string, binaries: Binaries): Promise<void> {
  const made = (await readFile(path.join(folder, 'PG_VERSION'), 'utf8')).trim();
  if (made === binaries.major) return;
  throw new DuetError(
    'conflict',
    `The database was made by PostgreSQL ${made}, and this Duet brings PostgreSQL ${binaries.major}.`,
    {
      where: { file: folder },
      fix: 'Back it up with the Duet that made it (npx duet backup) and restore that here, or begin anew with npm start -- --fresh.',
    },
  );
}

async function makeCluster(config: Config, account: Account | undefined, binaries: Binaries): Promise<Note> {
  const { dataDir } = config;
  const [found] = clustersOf(dataDir);
  if (found !== undefined) {
    throw new DuetError(
      'conflict',
      `Here lies a database of Duet, but ${noteOf(config)}, by which it is opened, is gone.`,
      {
        where: { file: found },
        fix: `Restore that file from a backup; or: ${mend}`,
      },
    );
  }
  await requireNoData(dataDir, 'there is no database in it');
  const { own, outside } = clusterFolders(dataDir);
  const inside = canEnter(dataDir, account);
  if (!inside) await openOutsideFolder();
  const password = newPassword();
  const made = { url: urlOfCluster(config, password), folder: inside ? own : outside };
  await initialise(binaries, account, made.folder, password);
  await writeNote(config, made);
  return made;
}

/**
 * Gives the embedded database of a data folder a new password and writes its note anew: for a `postgres.json` that was
 * lost or torn. The data stay as they are. It is what PostgreSQL's single-user mode is for: whoever may write the
 * server's files may set its password.
 *
 * @returns the cluster's folder
 * @throws DuetError `not-found` where there is no cluster, `conflict` where its server runs, where there are two, or
 *   where it is of another major version
 */
export async function repairCluster(config: Config): Promise<string> {
  return withCluster(config, async () => {
    const noted = await readNote(config).catch(() => undefined);
    const found = [...new Set([...(noted ? [noted.folder] : []), ...clustersOf(config.dataDir)])].filter(isCluster);
    const [folder, second] = found;
    if (folder === undefined) {
      throw new DuetError('not-found', `There is no embedded database of ${config.dataDir}.`, {
        fix: 'Restore a backup: npx duet restore.',
      });
    }
    if (second !== undefined) {
      throw new DuetError('conflict', `There are two databases of this data folder: ${found.join(' and ')}.`, {
        fix: 'Move the one that is not wanted elsewhere.',
      });
    }
    const pid = await runningPid(folder);
    if (pid !== undefined) {
      throw new DuetError('conflict', `The embedded PostgreSQL runs (process ${pid}).`, {
        fix: 'Stop Duet first: npx duet stop.',
      });
    }
    const account = serverAccount();
    const binaries = await findBinaries(account);
    await requireMajor(folder, binaries);
    const password = newPassword();
    await alterPassword(binaries, account, folder, password);
    await writeNote(config, { url: urlOfCluster(config, password), folder });
    return folder;
  });
}
