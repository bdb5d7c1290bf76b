import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Config, DuetError, identify, isAlive, type ProcessIdentity } from '@duet/base';

/** How a supervised service is. */
export interface ServiceStatus {
  /** `degraded`: it keeps dying, and is started again and again. */
  state: 'starting' | 'running' | 'degraded';
  /** Of its newest process, which may have ended. */
  process: ProcessIdentity;
  /** Deaths in a row, without a minute of life between. */
  deaths: number;
  /** How the last one came about. */
  says?: string;
}

/** What `<dataDir>/running.json` keeps while `duet start` runs. */
export interface Running {
  supervisor: ProcessIdentity;
  services: Record<string, ServiceStatus>;
}

const fileOf = (dataDir: string) => path.join(dataDir, 'running.json');

/** The Duet that this data folder's file names, whether or not it still lives. */
function readRunning(dataDir: string): Running | undefined {
  try {
    return JSON.parse(readFileSync(fileOf(dataDir), 'utf8'));
  } catch (error) {
    const torn = error instanceof SyntaxError;
    // A file that a full disk or a power cut has torn names nothing that could still run.
    if (torn || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The Duet that runs on this data folder now. */
export function findRunning(dataDir: string): Running | undefined {
  const running = readRunning(dataDir);
  return running !== undefined && isAlive(running.supervisor) ? running : undefined;
}

export function noteRunning(dataDir: string, services: Record<string, ServiceStatus> = {}): void {
  const running: Running = { supervisor: identify(process.pid), services };
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(`${fileOf(dataDir)}.tmp`, JSON.stringify(running));
  renameSync(`${fileOf(dataDir)}.tmp`, fileOf(dataDir));
}

export const forgetRunning = (dataDir: string): void => rmSync(fileOf(dataDir), { force: true });

/** @throws DuetError `conflict` while another `duet start` runs on the data folder */
export function requireAlone(dataDir: string): void {
  const running = findRunning(dataDir);
  if (running === undefined) return;
  throw new DuetError('conflict', `Duet runs on ${dataDir} already (process ${running.supervisor.pid}).`, {
    fix: 'npx duet stop ends it; --data-dir and the port options make room for a second one.',
  });
}

/** Ends a process and waits for it; by force when it has not ended in time. */
export async function endProcess(target: ProcessIdentity, patienceMs: number): Promise<void> {
  if (!isAlive(target)) return;
  process.kill(target.pid, 'SIGTERM');
  for (const since = Date.now(); isAlive(target); await pause(50)) {
    if (Date.now() - since <= patienceMs) continue;
    process.kill(target.pid, 'SIGKILL');
    return;
  }
}

/** Time that a service has to end what it is working on, once it has drained. */
export const workMs = 10_000;

/** Ends the services whose supervisor was killed before it could. Returns their names. */
export async function endOrphans({ dataDir, drainMs }: Pick<Config, 'dataDir' | 'drainMs'>): Promise<string[]> {
  const running = readRunning(dataDir);
  if (running === undefined || isAlive(running.supervisor)) return [];
  const orphans = Object.entries(running.services).filter(([, service]) => isAlive(service.process));
  await Promise.all(orphans.map(([, service]) => endProcess(service.process, drainMs + workMs)));
  forgetRunning(dataDir);
  return orphans.map(([name]) => name);
}

/** What runs on a data folder, in one word: `degraded` where a service keeps dying. */
export const stateOf = (running: Running | undefined): 'stopped' | 'running' | 'degraded' =>
  running === undefined
    ? 'stopped'
    : Object.values(running.services).some(({ state }) => state === 'degraded')
      ? 'degraded'
      : 'running';
