import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { type Config, DuetError } from '@duet/base';
import { identify, isAlive } from './process-identity.ts';

/** What Duet keeps in its data folder. Nothing else in there is touched. */
const ours = [
  ...['datasets', 'models', 'indexes', 'keys', 'logs'],
  ...['postgres', 'postgres.previous', 'postgres.json', 'start.json', 'running.json'],
];

/** The process of the embedded server that runs on the data folder; its file's first line is its number. */
function postgresOf(dataDir: string): number | undefined {
  const file = path.join(dataDir, 'postgres/postmaster.pid');
  if (!existsSync(file)) return undefined;
  const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
  return isAlive(identify(pid)) ? pid : undefined;
}

/**
 * Deletes what Duet made in the data folder, and says what.
 *
 * @throws DuetError `bad-input` with a database that is not ours to delete, `conflict` while its server runs
 */
export function startOver(config: Config, say: (line: string) => void): void {
  if (config.databaseUrl !== undefined) {
    throw new DuetError('bad-input', '--fresh does not delete the database that DATABASE_URL names.', {
      fix: 'Empty that database yourself and delete the data folder, or unset DATABASE_URL.',
    });
  }
  const owner = postgresOf(config.dataDir);
  if (owner !== undefined) {
    throw new DuetError('conflict', `The embedded PostgreSQL of ${config.dataDir} runs (process ${owner}).`, {
      fix: 'End the duet command that uses it first.',
    });
  }
  const there = ours.filter((name) => existsSync(path.join(config.dataDir, name)));
  if (there.length === 0) return;
  say(`Starting over: deleting ${there.join(', ')} in ${config.dataDir}.`);
  for (const name of there) rmSync(path.join(config.dataDir, name), { recursive: true, force: true });
}
