import { chmodSync, existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';

/** The folders of a data folder in which Duet keeps what is the shop's own. */
const folders = ['datasets', 'models', 'indexes', 'checkpoints', 'uploads', 'bulk', 'keys', 'logs'];

/** Either stands in a folder that is Duet's alone, and in none that holds it among others. */
const notes = ['installation.json', 'postgres.json'];

/**
 * Makes the data folder where it is missing, and lets its owner alone look into it: what this process makes from here
 * on too. A folder that was open to others is closed, with a sentence; one that may hold more than Duet's keeps its own
 * rights, and those of Duet in it are closed.
 *
 * Root's can be passed through, though not listed: the embedded PostgreSQL, which cannot run as root, lies in it.
 *
 * @param tell is told that it was open
 */
export function openDataFolder(dataDir: string, tell: (sentence: string) => void = console.error): void {
  process.umask(0o077);
  const mode = process.getuid?.() === 0 ? 0o711 : 0o700;
  const isMade = mkdirSync(dataDir, { recursive: true }) !== undefined;
  if (isMade) chmodSync(dataDir, mode);
  const isOurs = notes.some((name) => existsSync(path.join(dataDir, name)));
  const closed = [
    ...(isOurs && close(dataDir, mode) ? ['.'] : []),
    ...folders.filter((name) => close(path.join(dataDir, name), 0o700)),
  ];
  if (closed.length === 0) return;
  tell(`${dataDir} was open to other users of this machine (${closed.join(', ')}); it is its owner's alone now.`);
}

/** Takes from a folder what others may do with it. @returns whether they could do more than `mode` lets them */
function close(folder: string, mode: number): boolean {
  const rights = statSync(folder, { throwIfNoEntry: false })?.mode;
  if (rights === undefined || (rights & 0o777 & ~mode) === 0) return false;
  try {
    chmodSync(folder, mode);
    return true;
  } catch (error) {
    // A process that only reads, such as a container's with the folder mounted so: its owner closes it.
    if (!['EROFS', 'EPERM', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return false;
  }
}
