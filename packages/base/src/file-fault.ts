import { DuetError } from './error.ts';

/** What the system says of a file or its disk, by its code: what it means, and how to mend it. */
const faults: Record<string, readonly [says: string, fix: string]> = {
  ENOSPC: ['The disk is full.', 'Make room on it and try again.'],
  EDQUOT: ['The disk quota is used up.', 'Raise it, or make room, and try again.'],
  EROFS: [
    'The file system is read-only.',
    'Choose another folder with --data-dir or DUET_DATA_DIR, or mount it for writing.',
  ],
  EACCES: [
    'This user may not do that here.',
    'Run Duet as the user who owns it, or choose another folder with --data-dir.',
  ],
  EPERM: [
    'This user may not do that here.',
    'Run Duet as the user who owns it, or choose another folder with --data-dir.',
  ],
  EMFILE: ['This process has too many files open.', 'Raise its limit: ulimit -n.'],
  ENFILE: ['This machine has too many files open.', 'Raise its limit: sysctl fs.file-max.'],
  EIO: ['The disk cannot be read or written.', 'Look at the system log (dmesg): the disk may be failing.'],
};

/** An `unavailable` DuetError where a file, its disk or its rights are why something failed; undefined otherwise. */
export function fileFault(error: unknown): DuetError | undefined {
  if (!(error instanceof Error) || error instanceof DuetError) return undefined;
  const { code = '', path, cause } = error as NodeJS.ErrnoException;
  const fault = faults[code];
  // What may not listen has the same codes, and no path.
  const isSocket = path === undefined && (code === 'EACCES' || code === 'EPERM');
  if (fault === undefined || isSocket) return fileFault(cause);
  const [says, fix] = fault;
  return new DuetError('unavailable', says, {
    ...(path !== undefined && { where: { file: path } }),
    fix,
    cause: error,
  });
}
