import { open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Connection } from '@duet/db';
import type { Entry } from './archive.ts';

/** What of a data folder is not backed up: the database's own files, what belongs to running processes, and logs. */
const leftOut = new Set([
  'postgres',
  'postgres.previous',
  'postgres.json',
  'running.json',
  'installation.json',
  'logs',
]);
/** Work that is under way, or was when its process was killed. */
const unfinished = /\.(importing|building|unfinished|tmp|lock([.-].*)?)$/;

/** Folders that rows name, which must be whole in a backup: what `<kind>/<id>` each row of a kind has. */
export async function namedFolders(client: Connection): Promise<string[]> {
  const { rows } = await client.query<{ folder: string }>(
    `SELECT 'datasets/' || id AS folder FROM "Dataset" WHERE "status" = 'done'
     UNION ALL SELECT 'indexes/' || id FROM "Index" UNION ALL SELECT DISTINCT 'models/' || "modelId" FROM "Index"`,
  );
  return rows.map(({ folder }) => folder);
}

/** Kinds of folders of which those alone are backed up that a row names: another is still being made. */
const namedKinds = /^(datasets|indexes)\//;

/**
 * The files of a data folder that are backed up, relative to it, with `/` between folders.
 *
 * @param named folders as {@link namedFolders} gives them
 * @param except files that are left out
 */
export async function filesOf(
  dataDir: string,
  named: ReadonlySet<string>,
  except: ReadonlySet<string>,
): Promise<string[]> {
  const found: string[] = [];
  const walk = async (folder: string): Promise<void> => {
    const names = await readdir(path.join(dataDir, folder)).catch(gone<string[]>([]));
    for (const name of names.sort()) {
      const inside = folder === '' ? name : `${folder}/${name}`;
      const file = path.join(dataDir, inside);
      if (unfinished.test(name) || (folder === '' && leftOut.has(name)) || except.has(file)) continue;
      // Followed where it is a link: a folder may lie on another disk.
      const is = await stat(file).catch(gone(undefined));
      if (is?.isDirectory()) {
        const ofKind = namedKinds.test(inside) && inside.split('/').length === 2;
        if (!ofKind || named.has(inside)) await walk(inside);
      } else if (is?.isFile()) found.push(inside);
    }
  };
  await walk('');
  return found;
}

/** For what was deleted between two looks at it. */
const gone =
  <T>(instead: T) =>
  (error: NodeJS.ErrnoException): T => {
    if (error.code === 'ENOENT') return instead;
    throw error;
  };

/** These files as entries `data/<file>`; one that has been deleted since is left out. */
export async function* entriesOf(dataDir: string, files: readonly string[]): AsyncGenerator<Entry> {
  for (const name of files) {
    const handle = await open(path.join(dataDir, name)).catch(gone(undefined));
    if (handle === undefined) continue;
    // Files of Duet are replaced as a whole, so what is open stays as it is.
    const { size } = await handle.stat();
    if (size === 0) {
      await handle.close();
      yield { name: `data/${name}`, content: Buffer.alloc(0) };
    } else {
      yield { name: `data/${name}`, content: { stream: handle.createReadStream({ end: size - 1 }), size } };
    }
  }
}
