import { chmodSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';

/** The folders of a data folder in which Duet keeps what is the shop's own. */
const folders = ['datasets', 'models', 'indexes', 'keys', 'logs'];

/**
 * Makes the data folder where it is missing, and lets its owner alone look into it: what this process makes from here
 * on too. A folder that was there keeps its own rights, for it may hold more than Duet's; those of Duet in it are
 * closed.
 *
 * Root's can be passed through, though not listed: the embedded PostgreSQL, which cannot run as root, lies in it.
 */
export function openDataFolder(dataDir: string): void {
  process.umask(0o077);
  const made = mkdirSync(dataDir, { recursive: true });
  if (made !== undefined && process.getuid?.() === 0) chmodSync(dataDir, 0o711);
  for (const name of folders) close(path.join(dataDir, name));
}

function close(folder: string): void {
  const mode = statSync(folder, { throwIfNoEntry: false })?.mode;
  if (mode === undefined || (mode & 0o077) === 0) return;
  try {
    chmodSync(folder, 0o700);
  } catch (error) {
    // A process that only reads, such as a container's with the folder mounted so: its owner closes it.
    if (!['EROFS', 'EPERM', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
