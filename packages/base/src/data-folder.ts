import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';

/** The folders of a data folder in which Duet keeps what is the shop's own. */
const folders = ['datasets', 'models', 'indexes', 'keys', 'logs'];

/**
 * Makes the data folder where it is missing, and lets its owner alone look into it: what this process makes from here
 * on too. A folder that was there keeps its own rights, for it may hold more than Duet's; those of Duet in it are closed.
 *
 * Root's can be passed through, though not listed: the embedded PostgreSQL, which cannot run as root, lies in it.
 */
export function openDataFolder(dataDir: string): void {
  process.umask(0o077);
  const made = mkdirSync(dataDir, { recursive: true });
  if (made !== undefined && process.getuid?.() === 0) chmodSync(dataDir, 0o711);
  for (const name of folders) {
    const folder = path.join(dataDir, name);
    if (existsSync(folder)) chmodSync(folder, 0o700);
  }
}
