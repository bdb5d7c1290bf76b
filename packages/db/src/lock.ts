import { readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { DuetError } from '@duet/base';

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/**
 * Runs `work` while this process alone holds `file`. A lock whose process is dead counts for nothing.
 *
 * @throws DuetError `unavailable` when another process holds it for longer than `patienceMs` (two minutes)
 */
export async function locked<T>(
  file: string,
  work: () => Promise<T>,
  { patienceMs = 120_000 }: { patienceMs?: number } = {},
): Promise<T> {
  for (const since = Date.now(); ; ) {
    try {
      await writeFile(file, `${process.pid}`, { flag: 'wx', mode: 0o600 });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const holder = Number.parseInt(await readFile(file, 'utf8').catch(() => ''), 10);
    if (holder > 0 && !alive(holder)) await rm(file, { force: true });
    else if (Date.now() - since > patienceMs) {
      throw new DuetError('unavailable', `Process ${holder} has held this lock for ${patienceMs / 60_000} minutes.`, {
        where: { file },
        fix: 'Stop that process, or delete the file if it is no Duet process.',
      });
    } else await pause(50);
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}
