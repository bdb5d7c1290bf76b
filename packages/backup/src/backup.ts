import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { DuetError, type Progress, silent } from '@duet/base';
import { type Database, holdLock } from '@duet/db';
import { z } from 'zod';
import { type Entry, writeArchive } from './archive.ts';
import { entriesOf, filesOf, namedFolders } from './data-folder.ts';
import { databaseManifest, describeDatabase, rowsOf } from './tables.ts';

export const manifestName = 'manifest.json';

/** The first entry of a backup. */
export const manifestSchema = z.object({
  format: z.literal('duet-backup-1'),
  createdAt: z.iso.datetime(),
  database: databaseManifest,
  /** Files of the data folder. */
  files: z.number().int(),
});
export type Manifest = z.infer<typeof manifestSchema>;

interface BackupContext {
  db: Database;
  dataDir: string;
  progress?: Progress;
  signal?: AbortSignal | undefined;
}

export interface BackupResult {
  file: string;
  entries: number;
  /** Before compression. */
  bytes: number;
  /** Folders that the database names and that were not in the data folder to begin with. */
  missing: string[];
}

/** Times that a backup is begun anew because what it was to hold was deleted under it. */
const attempts = 3;

/**
 * Backs up the database, the data folder and its keys into one file, while everything runs: rows as one snapshot sees
 * them, and the folders that they name.
 *
 * @throws DuetError `conflict` where the file is there, or another backup is being made
 */
export async function backUp(context: BackupContext, file: string): Promise<BackupResult> {
  const target = path.resolve(file);
  if (existsSync(target)) {
    throw new DuetError('conflict', 'There is such a file already.', {
      where: { file: target },
      fix: 'Choose another.',
    });
  }
  await mkdir(path.dirname(target), { recursive: true, mode: 0o700 });
  await using alone = await holdLock(context.db, 'duet backup');
  if (alone === undefined) throw new DuetError('conflict', 'Another backup of this database is being made.');
  for (let attempt = 1; ; attempt++) {
    try {
      return await attemptBackup(context, target);
    } catch (error) {
      if (!(error instanceof Vanished) || attempt === attempts) throw error;
    }
  }
}

/** A folder that the snapshot names was deleted before it was copied: another snapshot will not name it. */
class Vanished extends DuetError {
  constructor(folder: string) {
    super('conflict', `${folder} was deleted while it was being backed up.`, { fix: 'Try again.' });
  }
}

async function attemptBackup({ db, dataDir, progress = silent, signal }: BackupContext, target: string) {
  const client = await db.pool.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const database = await describeDatabase(client);
    const named = await namedFolders(client);
    const missing = named.filter((folder) => !existsSync(path.join(dataDir, folder)));
    const files = await filesOf(dataDir, new Set(named), new Set([target, `${target}.unfinished`]));
    const createdAt = new Date().toISOString();
    const manifest: Manifest = { format: 'duet-backup-1', createdAt, database, files: files.length };
    let done = 0;
    const total = files.length + database.tables.length;
    async function* entries(): AsyncGenerator<Entry> {
      yield { name: manifestName, content: Buffer.from(JSON.stringify(manifest)) };
      const seen = new Set<string>();
      for await (const entry of rowsOf(client, database)) {
        const table = entry.name.split('/')[1]!;
        if (!seen.has(table)) progress({ step: 'back up', done: seen.size, total, unit: 'files' });
        seen.add(table);
        yield entry;
      }
      done = database.tables.length;
      for await (const entry of entriesOf(dataDir, files)) {
        progress({ step: 'back up', done: Math.min(done++, total - 1), total, unit: 'files' });
        yield entry;
      }
      const vanished = named.find((folder) => !missing.includes(folder) && !existsSync(path.join(dataDir, folder)));
      if (vanished !== undefined) throw new Vanished(vanished);
    }
    const written = await writeArchive(target, entries(), signal);
    progress({ step: 'back up', done: total, total, unit: 'files' });
    return { file: target, ...written, missing };
  } finally {
    // Its snapshot goes with it.
    client.release(true);
  }
}
