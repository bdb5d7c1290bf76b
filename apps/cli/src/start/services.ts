import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Config, DuetError } from '@duet/base';
import { identify, peakMemoryMb } from './process-identity.ts';
import { endProcess, workMs } from './running.ts';

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
const backoffMs = [500, 1000, 2000, 4000, 8000];

interface Held {
  spec: ServiceSpec;
  child: ChildProcess;
  startedAt: number;
  deaths: number;
}

/**
 * Starts services, restarts one that dies (after half a second, then twice as long each time), and stops all. When one
 * dies faster than it can be restarted, `onHopeless` is told why.
 */
export class Supervisor implements AsyncDisposable {
  readonly #logs: string;
  readonly #patienceMs: number;
  readonly #held = new Map<string, Held>();
  readonly #say: (line: string) => void;
  readonly #onChange: (pids: Record<string, number>) => void;
  readonly #onHopeless: (error: DuetError) => void;
  #stopping = false;

  constructor(
    { dataDir, drainMs }: Pick<Config, 'dataDir' | 'drainMs'>,
    options: {
      say: (line: string) => void;
      onChange: (pids: Record<string, number>) => void;
      onHopeless: (error: DuetError) => void;
    },
  ) {
    this.#logs = path.join(dataDir, 'logs');
    this.#patienceMs = drainMs + workMs;
    this.#say = options.say;
    this.#onChange = options.onChange;
    this.#onHopeless = options.onHopeless;
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
   * Starts a service and waits until it works.
   *
   * @throws DuetError `unavailable` with the end of its log where it dies or does not answer in a minute
   */
  async start(spec: ServiceSpec, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const log = this.logOf(spec.name);
    if (existsSync(log)) renameSync(log, path.join(this.#logs, `${spec.name}.previous.log`));
    const held: Held = { spec, child: this.#launch(spec), startedAt: Date.now(), deaths: 0 };
    this.#held.set(spec.name, held);
    this.#changed();
    await this.#ready(held, signal);
    this.#watch(held);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopping = true;
    const living = [...this.#held.values()].map(({ child }) => child.pid).filter((pid) => pid !== undefined);
    await Promise.all(living.map((pid) => endProcess(identify(pid), this.#patienceMs)));
    this.#held.clear();
    process.removeListener('exit', this.#endAtOnce);
  }

  /** However this process ends, its services do not outlive it. */
  readonly #endAtOnce = (): void => {
    for (const { child } of this.#held.values()) child.kill('SIGKILL');
  };

  #launch({ name, cwd, args, env, healthUrl }: ServiceSpec): ChildProcess {
    const log = openSync(this.logOf(name), 'a');
    const child = spawn(process.execPath, args, {
      cwd,
      env,
      stdio: ['ignore', log, log, ...(healthUrl === undefined ? (['ipc'] as const) : [])],
      // Ctrl-C reaches the supervisor alone, which then stops everything in order.
      detached: true,
    });
    closeSync(log);
    return child;
  }

  #changed(): void {
    this.#onChange(Object.fromEntries([...this.#held].map(([name, { child }]) => [name, child.pid ?? 0])));
  }

  #lastWords(name: string): string {
    const log = this.logOf(name);
    const tail = readFileSync(log, 'utf8').trim().split('\n').slice(-10).join('\n');
    return `${log} ends with:\n${tail}`;
  }

  async #ready({ spec, child }: Held, signal: AbortSignal): Promise<void> {
    const { name, healthUrl } = spec;
    let said = false;
    child.on('message', (message) => {
      if (message === 'ready') said = true;
    });
    const isReady = async () => {
      if (healthUrl === undefined) return said;
      try {
        return (await fetch(healthUrl, { signal: AbortSignal.timeout(2000) })).ok;
      } catch {
        // Not listening yet: asked again below, until the time is up.
        return false;
      }
    };
    for (const since = Date.now(); !(await isReady()); await pause(100)) {
      signal.throwIfAborted();
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new DuetError('unavailable', `The ${name} service ended at once. ${this.#lastWords(name)}`);
      }
      if (Date.now() - since > readyMs) {
        throw new DuetError(
          'unavailable',
          `The ${name} service has not answered for a minute. ${this.#lastWords(name)}`,
        );
      }
    }
  }

  #watch(held: Held): void {
    const { name } = held.spec;
    const onExit = async (code: number | null, by: NodeJS.Signals | null) => {
      if (this.#stopping) return;
      held.deaths = Date.now() - held.startedAt > wellMs ? 1 : held.deaths + 1;
      const wait = backoffMs[held.deaths - 1];
      const how = code === null ? `was ended by ${by}` : `ended with code ${code}`;
      if (wait === undefined) {
        const words = `The ${name} service ${how}, ${held.deaths} times in a row. ${this.#lastWords(name)}`;
        this.#onHopeless(new DuetError('unavailable', words));
        return;
      }
      this.#say(`The ${name} service ${how}; it is started again (${this.logOf(name)}).`);
      await pause(wait);
      if (this.#stopping) return;
      held.child = this.#launch(held.spec);
      held.startedAt = Date.now();
      this.#changed();
      this.#watch(held);
    };
    held.child.once('exit', onExit);
  }
}
