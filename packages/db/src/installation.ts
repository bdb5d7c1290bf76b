import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { DuetError } from '@duet/base';
import { z } from 'zod';
import type { Database } from './database.ts';
import { contentsOf } from './postgres/cluster.ts';

// A database and a data folder are two halves of one installation, and both keep its id. What one half does not know
// may be deleted from the other only where the ids agree: with another DATABASE_URL, everything in the folder is
// unknown.

const noteSchema = z.object({ installation: z.uuid() });
const noteOf = (dataDir: string): string => path.join(dataDir, 'installation.json');

async function readNote(dataDir: string): Promise<string | undefined> {
  const file = noteOf(dataDir);
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  try {
    return noteSchema.parse(JSON.parse(text)).installation;
  } catch (cause) {
    throw new DuetError('corrupt', 'It does not name the installation that this data folder is of.', {
      where: { file },
      fix: 'Restore it from a backup. If DATABASE_URL is surely right, delete it: it is written anew.',
      cause,
    });
  }
}

/** A data folder that cannot be written is another process's to mark: this one only reads it. */
async function writeNote(dataDir: string, installation: string): Promise<void> {
  const file = noteOf(dataDir);
  const unfinished = `${file}.${randomUUID()}.tmp`;
  try {
    await mkdir(dataDir, { recursive: true });
    await writeFile(unfinished, `${JSON.stringify({ installation })}\n`, { mode: 0o600 });
    await rename(unfinished, file);
  } catch (error) {
    if (!['EROFS', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

async function idOf({ pool }: Pick<Database, 'pool'>): Promise<string | undefined> {
  const { rows } = await pool.query<{ id: string }>('SELECT id FROM "Installation"');
  return rows[0]?.id;
}

/** Whether the database names any dataset or model of the data folder. */
async function knowsAny({ pool }: Pick<Database, 'pool'>, dataDir: string): Promise<boolean> {
  const named = async (kind: string) => {
    const names = await readdir(path.join(dataDir, kind)).catch(() => [] as string[]);
    // As an older Duet called what it was importing.
    return names.map((name) => name.replace(/\.importing$/, ''));
  };
  const { rows } = await pool.query<{ known: boolean }>(
    `SELECT EXISTS (SELECT FROM "Dataset" WHERE id::text = ANY($1)) OR EXISTS (SELECT FROM "Model" WHERE id::text = ANY($2)) AS known`,
    [await named('datasets'), await named('models')],
  );
  return rows[0]!.known;
}

/**
 * Makes sure that a database and a data folder are of one installation. Where either has no id yet, because it is new
 * or an older Duet made it, the two are joined if the folder is empty or the database names something in it.
 *
 * @throws DuetError `conflict` where they are not; `corrupt` where the folder's note cannot be read
 */
export async function requireOneInstallation(db: Pick<Database, 'pool'>, dataDir: string): Promise<void> {
  const [ofFolder, ofDatabase] = [await readNote(dataDir), await idOf(db)];
  if (ofFolder !== undefined && ofFolder === ofDatabase) return;
  const contents = await contentsOf(dataDir);
  const mayJoin = ofFolder === undefined || ofDatabase === undefined || contents === undefined;
  if (!mayJoin || (contents !== undefined && !(await knowsAny(db, dataDir)))) {
    throw new DuetError('conflict', `The database is not the one of ${dataDir}, which holds ${contents}.`, {
      fix: 'Set DATABASE_URL to the database that it was made with (unset it for the embedded one), or choose another data folder with --data-dir.',
    });
  }
  const id = ofDatabase ?? ofFolder ?? randomUUID();
  await db.pool.query('INSERT INTO "Installation" (id) VALUES ($1) ON CONFLICT DO NOTHING', [id]);
  // Of two processes that join them at once, the first decides.
  await writeNote(dataDir, (await idOf(db))!);
}

/**
 * Makes a database and a data folder that were restored an installation of their own, beside the one they are a copy
 * of.
 */
export async function beginInstallation(db: Pick<Database, 'pool'>, dataDir: string): Promise<void> {
  const id = randomUUID();
  await db.pool.query('DELETE FROM "Installation"');
  await db.pool.query('INSERT INTO "Installation" (id) VALUES ($1)', [id]);
  await writeNote(dataDir, id);
}
