import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type Config, DuetError, identify, isAlive } from '@duet/base';
import { clusterFolders, readPostgresNote } from '@duet/db';

/** What Duet keeps in its data folder. Nothing else in there is touched. */
const ours = [
  ...['datasets', 'models', 'indexes', 'keys', 'logs'],
  ...['postgres', 'postgres.previous', 'postgres.json', 'start.json', 'running.json'],
];

/** The embedded server's folders that are there, also one outside the data folder. */
async function clustersOf(dataDir: string): Promise<string[]> {
  // A note that cannot be read names nothing.
  const note = await readPostgresNote({ dataDir }).catch(() => undefined);
  const folders = new Set([...Object.values(clusterFolders(dataDir)), ...(note ? [note.folder] : [])]);
  return [...folders].filter((folder) => existsSync(folder));
}

/** The process of the server that runs on a folder; its file's first line is its number. */
function serverOn(folder: string): number | undefined {
  const file = path.join(folder, 'postmaster.pid');
  if (!existsSync(file)) return undefined;
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
  return isAlive(identify(pid)) ? pid : undefined;
}

/**
 * Deletes what Duet made in the data folder, and says what.
 *
 * @throws DuetError `bad-input` with a database that is not ours to delete, `conflict` while its server runs
 */
export async function startOver(config: Config, say: (line: string) => void): Promise<void> {
  if (config.databaseUrl !== undefined) {
    throw new DuetError('bad-input', '--fresh does not delete the database that DATABASE_URL names.', {
      fix: 'Empty that database yourself and delete the data folder, or unset DATABASE_URL.',
    });
  }
  const clusters = await clustersOf(config.dataDir);
  const owner = clusters.map(serverOn).find((pid) => pid !== undefined);
  if (owner !== undefined) {
    throw new DuetError('conflict', `The embedded PostgreSQL of ${config.dataDir} runs (process ${owner}).`, {
      fix: 'End the duet command that uses it first.',
    });
  }
  const there = ours.filter((name) => existsSync(path.join(config.dataDir, name)));
  const outside = clusters.filter((folder) => path.dirname(folder) !== config.dataDir);
  if (there.length + outside.length === 0) return;
  const alsoOutside = outside.length > 0 ? `, and ${outside.join(', ')}` : '';
  say(`Starting over: deleting ${there.join(', ')} in ${config.dataDir}${alsoOutside}.`);
  // The note goes last: what it names is found again where this is cut short.
  for (const folder of outside) rmSync(folder, { recursive: true, force: true });
  for (const name of there) rmSync(path.join(config.dataDir, name), { recursive: true, force: true });
}
