import { link, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { DuetError, identify, isAlive, type ProcessIdentity } from '@duet/base';

/** A process's place in the queue for a lock: the file `<lock>.<number>`, which names the process. */
interface Ticket {
  number: number;
  file: string;
}

async function ticketsOf(lock: string): Promise<Ticket[]> {
  const begins = `${path.basename(lock)}.`;
  const names = (await readdir(path.dirname(lock))).filter((name) => name.startsWith(begins));
  return names
    .map((name) => ({ number: Number(name.slice(begins.length)), file: path.join(path.dirname(lock), name) }))
    .filter(({ number }) => Number.isInteger(number));
}

/** Whose ticket it is; undefined for one that is gone by now. */
async function holderOf(file: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const [pid, began = ''] = text.split(' ');
  return { pid: Number(pid), began };
}

/** Takes the ticket after all others. It appears with its content, or not at all. */
async function takeTicket(lock: string): Promise<Ticket> {
  const folder = await mkdtemp(`${lock}-`);
  const written = path.join(folder, 'ticket');
  try {
    const { pid, began } = identify(process.pid);
    await writeFile(written, `${pid} ${began}`, { mode: 0o600 });
    for (;;) {
      const number = Math.max(0, ...(await ticketsOf(lock)).map((ticket) => ticket.number)) + 1;
      const ticket = { number, file: `${lock}.${number}` };
      try {
        await link(written, ticket.file);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue;
        throw error;
      }
      // A number that became free since it was read off the others may be below one that holds the lock: taken again.
      if ((await ticketsOf(lock)).every((other) => other.number <= number)) return ticket;
      await rm(ticket.file, { force: true });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Runs `work` while this process alone holds `lock`. Whoever waits has a ticket, and the lowest of a living process
 * holds the lock. A dead process's ticket is deleted by one that waits behind it: numbers rise as long as any ticket is
 * there, so the file that is deleted cannot be another's by then.
 *
 * @param lock path that tickets are named by, in a folder that is there
 * @throws DuetError `unavailable` when other processes hold it for longer than `patienceMs` (two minutes)
 */
export async function locked<T>(
  lock: string,
  work: () => Promise<T>,
  { patienceMs = 120_000 }: { patienceMs?: number } = {},
): Promise<T> {
  const ticket = await takeTicket(lock);
  try {
    for (const since = Date.now(); ; await pause(50)) {
      const before = (await ticketsOf(lock)).filter(({ number }) => number < ticket.number);
      let living: { pid: number; file: string } | undefined;
      for (const { file } of before) {
        const holder = await holderOf(file);
        if (holder === undefined) continue;
        if (isAlive(holder)) living = { pid: holder.pid, file };
        else await rm(file, { force: true });
      }
      if (living === undefined) break;
      if (Date.now() - since > patienceMs) {
        const minutes = patienceMs / 60_000;
        throw new DuetError('unavailable', `Process ${living.pid} has held this lock for ${minutes} minutes.`, {
          where: { file: living.file },
          fix: 'Stop that process, or delete the file if it is no Duet process.',
        });
      }
    }
    return await work();
  } finally {
    await rm(ticket.file, { force: true });
  }
}
