import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { busySeconds } from './bench.ts';

/**
 * A program that takes turns with others: it reads one JSON request a line and answers each with one JSON line, in
 * between it waits and uses no processor. In a process of its own, so that its memory is its own.
 */
export class Contender implements AsyncDisposable {
  #child: ChildProcess;
  #lines: AsyncIterator<string>;
  #errors = '';

  constructor(program: string, args: string[], env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child.on('error', (error) => {
      this.#errors += error.message;
    });
    this.#child.stdin!.on('error', () => {
      // It ended; `ask` says why.
    });
    this.#child.stderr!.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-4000);
    });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  /** @throws with what the program wrote to stderr, where it ended instead of answering */
  async ask<Answer>(request: { do: string } & Record<string, unknown>): Promise<Answer> {
    this.#child.stdin!.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.#child.spawnargs.join(' ')} ended without an answer. ${this.#errors.trim()}`);
    return JSON.parse(value) as Answer;
  }

  /** Asks, and tells how many cores other programs used meanwhile; undefined where the system does not say. */
  async turn<Answer>(request: Parameters<this['ask']>[0]): Promise<Answer & { others: number | undefined }> {
    const used = async () => [await busySeconds(), await this.#cpuSeconds()] as const;
    const started = performance.now();
    const [all, ownSeconds] = await used();
    const answer = await this.ask<Answer>(request);
    const seconds = (performance.now() - started) / 1000;
    const [allAfter, ownAfter] = await used();
    const known = all !== undefined && ownSeconds !== undefined && allAfter !== undefined && ownAfter !== undefined;
    return { ...answer, others: known ? Math.max(0, allAfter - all - (ownAfter - ownSeconds)) / seconds : undefined };
  }

  /** Examples a second at best: of the first calm turn of a few, else of the fastest. */
  async speed(seconds: number): Promise<number> {
    let best = 0;
    for (let tries = 0; tries < 3; tries++) {
      const answer = await this.turn<{ examples: number; seconds: number }>({ do: 'train', seconds });
      best = Math.max(best, answer.examples / answer.seconds);
      if (tries > 0 && isCalm(answer)) break;
    }
    return best;
  }

  /** Processor seconds it has used so far, all threads. */
  async #cpuSeconds(): Promise<number | undefined> {
    const stat = await readFile(`/proc/${this.#child.pid}/stat`, 'utf8').catch(() => undefined);
    const [user, system] = stat?.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14).map(Number) ?? [];
    return user === undefined || system === undefined ? undefined : (user + system) / 100;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.pid === undefined) return;
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.stdin!.end();
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 3000);
    await ended;
    clearTimeout(timer);
  }
}

/** Whether other programs left a turn alone. */
export const isCalm = ({ others = 0 }: { others: number | undefined }): boolean => others < 0.25;
