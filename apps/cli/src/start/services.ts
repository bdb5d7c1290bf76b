import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Config, DuetError, formatSeconds, identify, peakMemoryMb } from '@duet/base';
import { endProcess, type ServiceStatus, workMs } from './running.ts';

/** One long-running child: how to start it, and how to know that it works. */
export interface ServiceSpec {
  name: string;
  cwd: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  /** Answers 200 once the service works; without one the service sends the message "ready". */
  healthUrl?: string;
}

/** How long a service may take to answer for the first time. */
const readyMs = 60_000;
/** A service that lived this long was well: its next death is its first. */
const wellMs = 60_000;
/** One that worked this long is started again at once: it is not its start that it dies of. */
const steadyMs = 3_000;
/** Waits before the first, the second … new attempt; the last is repeated for as long as it takes. */
const waitsMs = [0, 500, 1000, 2000, 4000, 8000, 16_000, 30_000];
/** Deaths in a row after which a service counts as degraded, until it has been well again. */
const degradedAfter = 3;

interface Held {
  spec: ServiceSpec;
  child: ChildProcess;
  startedAt: number;
  /** When it first worked. */
  readyAt?: number;
  status: ServiceStatus;
}

interface Options {
  say: (line: string) => void;
  /** Is told of every change of any service. */
  onChange: (services: Record<string, ServiceStatus>) => void;
}

/**
 * Starts services, starts one that dies again (at once, then after ever longer waits), and stops all. One that keeps
 * dying is `degraded` and is tried for ever: the others go on, whatever becomes of it.
 */
export class Supervisor implements AsyncDisposable {
  readonly #logs: string;
  readonly #patienceMs: number;
  readonly #held = new Map<string, Held>();
  readonly #say: (line: string) => void;
  readonly #onChange: Options['onChange'];
  readonly #stopping = new AbortController();

  constructor({ dataDir, drainMs }: Pick<Config, 'dataDir' | 'drainMs'>, { say, onChange }: Options) {
    this.#logs = path.join(dataDir, 'logs');
    this.#patienceMs = drainMs + workMs;
    this.#say = say;
    this.#onChange = onChange;
    mkdirSync(this.#logs, { recursive: true });
    process.once('exit', this.#endAtOnce);
  }

  logOf(name: string): string {
    return path.join(this.#logs, `${name}.log`);
  }

  /** Peak memory of each service so far, in MB. */
  memory(): Record<string, { peakMb: number | undefined }> {
    return Object.fromEntries(
      [...this.#held].map(([name, { child }]) => [name, { peakMb: peakMemoryMb(child.pid ?? 0) }]),
    );
  }

  /**
   * Starts a service and waits until it works. From here on it is kept alive, also where it does not come up now.
   *
   * @throws DuetError `unavailable` with the end of its log where it dies or does not answer in a minute
   */
  async start(spec: ServiceSpec, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const log = this.logOf(spec.name);
    if (existsSync(log)) renameSync(log, path.join(this.#logs, `${spec.name}.previous.log`));
    const held = this.#launch(spec, { state: 'starting', deaths: 0 });
    try {
      await this.#ready(held, signal);
    } finally {
      void this.#keep(held);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping.abort();
    const living = [...this.#held.values()].map(({ child }) => child.pid).filter((pid) => pid !== undefined);
    await Promise.all(living.map((pid) => endProcess(identify(pid), this.#patienceMs)));
    this.#held.clear();
    process.removeListener('exit', this.#endAtOnce);
  }

  /** However this process ends, its services do not outlive it. */
  readonly #endAtOnce = (): void => {
    for (const { child } of this.#held.values()) child.kill('SIGKILL');
  };

  #launch(spec: ServiceSpec, status: Omit<ServiceStatus, 'process'>): Held {
    const { name, cwd, args, env, healthUrl } = spec;
    const log = openSync(this.logOf(name), 'a', 0o600);
    const child = spawn(process.execPath, args, {
      cwd,
      env,
      stdio: ['ignore', log, log, ...(healthUrl === undefined ? (['ipc'] as const) : [])],
      // Ctrl-C reaches the supervisor alone, which then stops everything in order.
      detached: true,
    });
    closeSync(log);
    const held: Held = { spec, child, startedAt: Date.now(), status: { ...status, process: identify(child.pid ?? 0) } };
    this.#held.set(name, held);
    this.#changed(held, {});
    return held;
  }

  #changed(held: Held, change: Partial<ServiceStatus>): void {
    Object.assign(held.status, change);
    this.#onChange(Object.fromEntries([...this.#held].map(([name, { status }]) => [name, { ...status }])));
  }

  #lastWords(name: string): string {
    const log = this.logOf(name);
    const tail = readFileSync(log, 'utf8').trim().split('\n').slice(-10).join('\n');
    return `${log} ends with:\n${tail}`;
  }

  /** Waits until the service works, and notes it. */
  async #ready(held: Held, signal: AbortSignal): Promise<void> {
    const { child, startedAt } = held;
    const { name, healthUrl } = held.spec;
    let saidReady = false;
    child.on('message', (message) => {
      if (message === 'ready') saidReady = true;
    });
    const isReady = async () => {
      if (healthUrl === undefined) return saidReady;
      try {
        return (await fetch(healthUrl, { signal: AbortSignal.timeout(2000) })).ok;
      } catch {
        // Not listening yet: asked again below, until the time is up.
        return false;
      }
    };
    for (; !(await isReady()); await pause(50)) {
      signal.throwIfAborted();
      if (hasEnded(child)) {
        throw new DuetError('unavailable', `The ${name} service ended at once. ${this.#lastWords(name)}`);
      }
      if (Date.now() - startedAt > readyMs) {
        throw new DuetError(
          'unavailable',
          `The ${name} service has not answered for a minute. ${this.#lastWords(name)}`,
        );
      }
    }
    held.readyAt = Date.now();
    if (held.status.state === 'starting') this.#changed(held, { state: 'running' });
  }

  /** Starts the service again each time that it ends, until all is stopped. */
  async #keep(held: Held): Promise<void> {
    const { name } = held.spec;
    /** Deaths in a row that came soon after the start. */
    let early = 0;
    for (let { child, startedAt, status } = held; ; { child, startedAt, status } = this.#held.get(name)!) {
      const well = setTimeout(() => this.#recovered(this.#held.get(name)!), wellMs - (Date.now() - startedAt));
      well.unref();
      const how = await ended(child);
      clearTimeout(well);
      if (this.#stopping.signal.aborted) return;
      const deaths = status.deaths + 1;
      const { readyAt = Infinity } = this.#held.get(name)!;
      early = Date.now() - readyAt >= steadyMs ? 1 : early + 1;
      const waitMs = waitsMs[Math.min(early, waitsMs.length) - 1]!;
      const state = deaths >= degradedAfter ? 'degraded' : 'starting';
      this.#changed(this.#held.get(name)!, { state, deaths, says: how });
      if (deaths < degradedAfter) {
        this.#say(`The ${name} service ${how}; it is started again (${this.logOf(name)}).`);
      } else if (deaths === degradedAfter) {
        const longest = formatSeconds(waitsMs.at(-1)! / 1000);
        this.#say(
          `✘ The ${name} service ${how}, ${deaths} times in a row: it is degraded. It is started again, at last every ` +
            `${longest}, and everything else goes on. ${this.#lastWords(name)}`,
        );
      }
      await pause(waitMs, undefined, { signal: this.#stopping.signal }).catch(() => {});
      if (this.#stopping.signal.aborted) return;
      const again = this.#launch(held.spec, { state, deaths, says: how });
      // Its end is noticed by the next round.
      this.#ready(again, this.#stopping.signal).catch(() => {});
    }
  }

  /** A service that has lived for a while is well again, whatever it went through. */
  #recovered(held: Held): void {
    if (held.status.deaths === 0) return;
    if (held.status.state === 'degraded') this.#say(`✔ The ${held.spec.name} service has been well for a minute.`);
    this.#changed(held, { state: 'running', deaths: 0 });
  }
}

const hasEnded = (child: ChildProcess): boolean => child.exitCode !== null || child.signalCode !== null;

/** Waits for a child's end, and says how it came about. */
async function ended(child: ChildProcess): Promise<string> {
  if (!hasEnded(child)) {
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      // It could not be started at all.
      child.once('error', () => resolve());
    });
  }
  const { exitCode, signalCode } = child;
  return signalCode !== null ? `was ended by ${signalCode}` : `ended with code ${exitCode ?? 'unknown'}`;
}
