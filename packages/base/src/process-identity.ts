import { readFileSync } from 'node:fs';

/** A process, told apart from a later one that got the same number. */
export interface ProcessIdentity {
  pid: number;
  /** When it began, in clock ticks since the machine did; empty where the system does not say. */
  began: string;
}

/** /proc/<pid>/stat from field 3 on (proc(5)): the name in field 2 may hold spaces and parentheses. */
function statOf(pid: number): { state: string; began: string } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0] ?? '', began: fields[19] ?? '' };
  } catch {
    // No such process, or a system without /proc: `isAlive` asks the kernel itself.
    return { state: '', began: '' };
  }
}

export const identify = (pid: number): ProcessIdentity => ({ pid, began: statOf(pid).began });

/**
 * Whether a process runs: this one, and not one that has its number now. One that has ended and waits for its parent
 * does not.
 */
export function isAlive({ pid, began }: ProcessIdentity): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Another user's process may not be signalled, but it is there.
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
  }
  const { state, began: is } = statOf(pid);
  return state !== 'Z' && began === is;
}

/** Ends a process that leads a group, and all that it started. */
export function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGTERM');
  } catch (error) {
    // It ended by itself a moment ago.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The most memory that a living process ever held, in MB; undefined where the system does not say (proc(5), VmHWM). */
export function peakMemoryMb(pid: number): number | undefined {
  try {
    const kb = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kb === undefined ? undefined : Math.round(Number(kb) / 1024);
  } catch {
    return undefined;
  }
}
