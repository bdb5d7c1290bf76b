import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Shop } from './shop.ts';

export type ServiceName = 'retrieval' | 'worker' | 'admin' | 'storefront';

export const pidOfService = ({ dataDir }: Shop, name: ServiceName): number =>
  JSON.parse(readFileSync(path.join(dataDir, 'running.json'), 'utf8')).services[name].process.pid;
const folderOfPostgres = ({ dataDir }: Shop): string =>
  JSON.parse(readFileSync(path.join(dataDir, 'postgres.json'), 'utf8')).folder;
export const pidOfPostgres = (shop: Shop): number =>
  Number.parseInt(readFileSync(path.join(folderOfPostgres(shop), 'postmaster.pid'), 'utf8'), 10);

/** A process and its children, one generation: PostgreSQL and its sessions. */
export const familyOf = (pid: number): number[] => [
  pid,
  ...readdirSync('/proc')
    .map(Number)
    .filter((other) => {
      try {
        const stat = readFileSync(`/proc/${other}/stat`, 'utf8');
        return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid;
      } catch {
        // No process, or one that has ended since.
        return false;
      }
    }),
];

/**
 * Kills a service, as a machine without memory does, and waits for a new process in its place. Returns when the kill
 * was.
 */
export async function killService(shop: Shop, name: ServiceName): Promise<number> {
  const old = pidOfService(shop, name);
  const from = performance.now();
  process.kill(old, 'SIGKILL');
  for (;;) {
    const { services } = JSON.parse(readFileSync(path.join(shop.dataDir, 'running.json'), 'utf8'));
    const { state, process: is } = services[name];
    if (is.pid !== old && state !== 'starting') return from;
    await pause(20);
  }
}

/** Kills PostgreSQL and its sessions. */
export function killPostgres(shop: Shop): void {
  try {
    for (const pid of familyOf(pidOfPostgres(shop))) process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It is between two lives.
    if (!['ESRCH', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}
