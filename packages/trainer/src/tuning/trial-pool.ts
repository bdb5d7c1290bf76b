import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { Config } from '@duet/base';
import type { Evaluation } from '../evaluation/evaluation.ts';
import type { TrialRequest } from './trial.ts';

/** What a child process needs to open before its first trial. */
export interface Bench {
  /** Of the database. */
  url: string;
  dataDir: string;
  datasetId: string;
  snapshotId: string;
  /** The split whose training part the trials are made in. */
  split: string;
  machine: Pick<Config, 'executor' | 'threads' | 'device'>;
}

export interface TrialOrder {
  bench: Bench;
  trial: TrialRequest;
}

/** What a trial came to: its evaluation, or the sentence that says why it has none. */
export type TrialAnswer = { evaluation: Evaluation } | { error: string };

/**
 * Does trials in child processes, each of which loads the data once: a trial that ends its process (out of memory, a
 * fault in a native library) costs nothing but itself.
 */
export class TrialPool implements AsyncDisposable {
  #bench: Bench;
  /** Every child that lives, and how it ends. */
  #children = new Map<ChildProcess, Promise<TrialAnswer>>();
  #idle: ChildProcess[] = [];

  constructor(bench: Bench) {
    this.#bench = bench;
  }

  /** @throws the signal's reason where it is aborted, which ends the trial's process at once */
  async run(trial: TrialRequest, signal?: AbortSignal): Promise<TrialAnswer> {
    signal?.throwIfAborted();
    const child = this.#idle.pop() ?? this.#start();
    const stop = () => child.kill('SIGKILL');
    signal?.addEventListener('abort', stop, { once: true });
    const listening = new AbortController();
    try {
      const answered = once(child, 'message', { signal: listening.signal }).then(([answer]) => answer as TrialAnswer);
      // It loses the race where the child ends first.
      answered.catch(() => {});
      // Where it does not get there the child has ended, which its exit tells.
      child.send({ bench: this.#bench, trial } satisfies TrialOrder, () => {});
      const answer = await Promise.race([answered, this.#children.get(child)!]);
      signal?.throwIfAborted();
      if (this.#children.has(child)) this.#idle.push(child);
      return answer;
    } finally {
      listening.abort();
      signal?.removeEventListener('abort', stop);
    }
  }

  #start(): ChildProcess {
    const child = fork(new URL('./trial-process.ts', import.meta.url), {
      // In a process group of its own: Ctrl-C reaches the tuner alone, which then stops everything in order.
      detached: true,
      // stdout is the tuner's answer.
      stdio: ['ignore', process.stderr, process.stderr, 'ipc'],
    });
    const ended = once(child, 'exit').then(([code, name]): TrialAnswer => {
      this.#children.delete(child);
      this.#idle = this.#idle.filter((other) => other !== child);
      return { error: `Its process ended with ${code ?? name}.` };
    });
    this.#children.set(child, ended);
    return child;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children.keys()) child.kill('SIGKILL');
    await Promise.all(this.#children.values());
  }
}
