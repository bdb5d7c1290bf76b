import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { Readable, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { type Config, DuetError, openDataFolder } from '@duet/base';
import { beginInstallation, contentsOf, type Database, databaseFault, migrate, openDatabase } from '@duet/db';
import { readArchive } from './archive.ts';
import { type Manifest, manifestName, manifestSchema } from './backup.ts';
import { fillTables } from './tables.ts';

export interface RestoreResult {
  /** When the backup was made. */
  createdAt: string;
  entries: number;
}

/**
 * Reads a backup through and compares every checksum, without touching anything.
 *
 * @throws DuetError `corrupt`, `not-found`
 */
export async function checkBackup(file: string, signal?: AbortSignal): Promise<RestoreResult> {
  let manifest: Manifest | undefined;
  const entries = await readArchive(
    file,
    async (name, stream) => {
      if (name === manifestName) manifest = await readManifest(file, stream);
      else await pipeline(stream, new Writable({ write: (_chunk, _encoding, done) => done() }));
    },
    signal,
  );
  return { createdAt: requireManifest(file, manifest).createdAt, entries };
}

async function readManifest(file: string, stream: Readable): Promise<Manifest> {
  const written = await text(stream);
  try {
    return manifestSchema.parse(JSON.parse(written));
  } catch (cause) {
    throw new DuetError('corrupt', 'It is no backup that this Duet reads.', {
      where: { file },
      fix: 'If a newer Duet made it, restore it with that one.',
      cause,
    });
  }
}

function requireManifest(file: string, manifest: Manifest | undefined): Manifest {
  if (manifest !== undefined) return manifest;
  throw new DuetError('corrupt', 'It is no backup of Duet.', { where: { file } });
}

/**
 * Restores a backup into an empty data folder, and into the embedded database, which is made, or an empty one at
 * DATABASE_URL. Everything is unpacked and checked before anything is put in its place; then the database is migrated
 * to what this Duet needs.
 *
 * @throws DuetError `conflict` where the data folder or the database holds data; `corrupt`, `not-found` of the file
 */
export async function restore(
  { config, signal }: { config: Config; signal?: AbortSignal },
  file: string,
): Promise<RestoreResult> {
  const { dataDir } = config;
  const contents = await contentsOf(dataDir);
  if (contents !== undefined || existsSync(path.join(dataDir, 'keys'))) {
    throw new DuetError('conflict', `${dataDir} holds ${contents ?? 'keys'} already.`, {
      fix: 'Restore into an empty folder: --data-dir or DUET_DATA_DIR names another.',
    });
  }
  openDataFolder(dataDir);
  const unpacked = path.join(dataDir, 'restore.unfinished');
  await rm(unpacked, { recursive: true, force: true });
  try {
    let manifest: Manifest | undefined;
    const entries = await readArchive(
      file,
      async (name, stream) => {
        if (name === manifestName) {
          manifest = await readManifest(file, stream);
          return;
        }
        const target = path.join(unpacked, name);
        await mkdir(path.dirname(target), { recursive: true });
        await pipeline(stream, createWriteStream(target, { flush: true }));
      },
      signal,
    );
    const { createdAt, database } = requireManifest(file, manifest);
    await using db = await openDatabase(config);
    await requireEmpty(db);
    await migrate(db, { only: database.migrations });
    await fill(db, database, path.join(unpacked, 'database'));
    await putInPlace(path.join(unpacked, 'data'), dataDir);
    await migrate(db);
    await beginInstallation(db, dataDir);
    return { createdAt, entries };
  } catch (error) {
    throw databaseFault(error) ?? error;
  } finally {
    await rm(unpacked, { recursive: true, force: true });
  }
}

async function requireEmpty({ pool, url }: Database): Promise<void> {
  const { rows } = await pool.query<{ tables: string }>(
    `SELECT count(*) AS tables FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')`,
  );
  if (Number(rows[0]!.tables) === 0) return;
  throw new DuetError('conflict', `The database${new URL(url).pathname} has tables already.`, {
    fix: 'Restore into an empty one.',
  });
}

async function fill({ pool }: Database, manifest: Manifest['database'], folder: string): Promise<void> {
  const parts = new Map<string, string[]>();
  for (const name of await readdir(folder).catch(() => [])) {
    const entries = await readdir(path.join(folder, name));
    parts.set(
      name,
      entries.sort().map((entry) => path.join(folder, name, entry)),
    );
  }
  const read = (table: string): Readable | undefined => {
    const files = parts.get(table);
    return files && Readable.from(concatenated(files), { objectMode: false });
  };
  const client = await pool.connect();
  let failed = true;
  try {
    await client.query('BEGIN');
    await fillTables(client, manifest, read);
    await client.query('COMMIT');
    failed = false;
  } finally {
    // A connection that failed inside the transaction is closed, which undoes it.
    client.release(failed);
  }
}

async function* concatenated(files: readonly string[]): AsyncGenerator<Buffer> {
  for (const file of files) yield* createReadStream(file) as AsyncIterable<Buffer>;
}

/** Moves what was unpacked into the data folder, on the same disk. */
async function putInPlace(from: string, dataDir: string): Promise<void> {
  for (const name of await readdir(from).catch(() => [])) {
    const target = path.join(dataDir, name);
    // An empty folder of the name may have been there.
    await rm(target, { recursive: true, force: true });
    await rename(path.join(from, name), target);
  }
}
